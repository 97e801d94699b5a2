using System.Diagnostics;
using System.Security.Cryptography;
using UnlockDaemon.Identification;
using UnlockDaemon.Linux.Storage;
using Xunit;

namespace UnlockDaemon.PrivilegedTests;

/// <summary>What a container looks like without a passphrase.</summary>
public sealed class ContainerInspectionTests : IDisposable
{
    private const string Format = "printf secret | "
        + "cryptsetup luksFormat -q --pbkdf pbkdf2 --pbkdf-force-iterations 1000";

    private readonly string _path = Path.GetTempFileName();

    [Theory]
    [InlineData("truncate -s 1000 FILE", ContainerKind.TooSmall, "1000 bytes are too few")]
    [InlineData("truncate -s 2M FILE", ContainerKind.Empty, "nothing but zeros")]
    [InlineData("truncate -s 2M FILE && mke2fs -q -F -t ext4 FILE", ContainerKind.Filesystem,
        "(ext4): it is not encrypted")]
    [InlineData("truncate -s 300M FILE && mkfs.xfs -q -f FILE", ContainerKind.Filesystem, "(xfs): it is not encrypted")]
    [InlineData("truncate -s 2M FILE && mkswap -q FILE", ContainerKind.Other, "swap in the clear")]
    [InlineData("yes text | head -c 2M >FILE", ContainerKind.Other, "not random")]
    [InlineData("head -c 2M /dev/urandom >FILE", ContainerKind.Random, "without a header")]
    [InlineData("truncate -s 20M FILE && head -c 64K /dev/urandom | dd of=FILE conv=notrunc status=none",
        ContainerKind.Random, "without a header")]
    [InlineData("truncate -s 20M FILE && " + Format + " --type luks1 FILE -", ContainerKind.Luks,
        "LUKS1, cipher aes-xts-plain64, key of 512 bits, 1 of 8 key slots in use, sectors of 512 bytes")]
    [InlineData("truncate -s 20M FILE && " + Format
        + " --type luks2 --sector-size 4096 -c aes-cbc-plain64 -s 256 FILE -", ContainerKind.Luks,
        "LUKS2, cipher aes-cbc-plain64, key of 256 bits, 1 of 32 key slots in use, sectors of 4096 bytes")]
    public void SaysWhatItIs(string command, object kind, string words)
    {
        Run(command);
        byte[] before = SHA256.HashData(File.ReadAllBytes(_path));
        ContainerInspection inspection = ContainerInspection.Look(new ContainerFile(_path));
        Assert.Equal(kind, inspection.Kind);
        Assert.Contains(words, inspection.Description, StringComparison.Ordinal);
        Assert.Equal(before, SHA256.HashData(File.ReadAllBytes(_path)));
    }

    [Theory]
    [InlineData(7)]
    [InlineData(200)]
    [InlineData(450)]
    [InlineData(4100)]
    [InlineData(5000)]
    public void DamagedHeaderIsToldAndLeftAsItIs(int at)
    {
        Run("truncate -s 20M FILE && " + Format + " --type luks2 FILE -");
        byte[] damaged = File.ReadAllBytes(_path);
        damaged[at] ^= 0x10;
        File.WriteAllBytes(_path, damaged);
        Assert.Equal(ContainerKind.DamagedLuks, ContainerInspection.Look(new ContainerFile(_path)).Kind);
        Assert.Equal(damaged, File.ReadAllBytes(_path));
    }

    public void Dispose() => File.Delete(_path);

    private void Run(string command)
    {
        using Process process = Process.Start("/bin/bash",
            ["-c", command.Replace("FILE", _path, StringComparison.Ordinal)]);
        process.WaitForExit();
        if (process.ExitCode == 127)
            Assert.Skip("a program for it is not installed");
        Assert.Equal(0, process.ExitCode);
    }
}
