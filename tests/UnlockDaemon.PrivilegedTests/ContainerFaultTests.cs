using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using UnlockDaemon.Linux;
using UnlockDaemon.Linux.Storage;
using Xunit;

namespace UnlockDaemon.PrivilegedTests;

/// <summary>
/// What is said of a file that cannot be the container, before anything is attached; the file is left as it is.
/// </summary>
public sealed class ContainerFaultTests : IDisposable
{
    private const long Size = 24 << 20;
    private const long DataOffset = 16 << 20;
    private const int HeaderSize = 16384;
    private readonly string _directory = Directory.CreateTempSubdirectory("unlockd-fault-").FullName;
    private readonly ContainerFile _container;

    public ContainerFaultTests()
    {
        _container = new ContainerFile(Path.Combine(_directory, "container"));
        using FileStream file = File.Create(_container.Path);
        file.SetLength(Size);
        WriteHeaders(file, $"\"{DataOffset}\"");
    }

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void GoodContainerHasNoFault()
    {
        Assert.Null(_container.FindFault(luks: true));
        Assert.Equal(DataOffset, LuksSummary.TryRead(_container)?.DataOffset);
    }

    [Theory]
    [InlineData("null")]
    [InlineData("17")]
    [InlineData("\"one\"")]
    [InlineData("\"99999999999999999999\"")]
    public void AnOffsetThatIsNoneIsADamagedHeader(string offset)
    {
        using (FileStream file = File.OpenWrite(_container.Path))
            WriteHeaders(file, offset);
        Assert.Null(LuksSummary.TryRead(_container));
    }

    [Fact]
    public void ReencryptionThatWasNotEndedIsTold()
    {
        using (FileStream file = File.OpenWrite(_container.Path))
            WriteHeaders(file, $"\"{DataOffset}\"", """{ "requirements": { "mandatory": [ "online-reencrypt-v2" ] } }""");
        Judge(luks: true, "'cryptsetup reencrypt --resume-only ");
    }

    [Theory]
    [InlineData(0, "too small")]
    [InlineData(1, "too small")]
    [InlineData(511, "too small")]
    [InlineData(4096, "too small")]
    [InlineData(16383, "too small")]
    [InlineData(32768, "too small")]
    [InlineData((1 << 20) - 1, "too small")]
    [InlineData(1 << 20, "ends before its data begin")]
    [InlineData(DataOffset - 1, "ends before its data begin")]
    [InlineData(DataOffset, "ends before its data begin")]
    [InlineData(DataOffset + 512, null)]
    public void TruncatedContainerIsTold(long length, string? expected)
    {
        using (FileStream file = File.OpenWrite(_container.Path))
            file.SetLength(length);
        Judge(luks: true, expected);
    }

    [Theory]
    [InlineData(0, null)]
    [InlineData(16384, null)]
    [InlineData(4096, null)]
    [InlineData(8, null)]
    public void OneDamagedCopyOfTheHeaderIsNoFault(long offset, string? expected)
    {
        Flip(offset);
        Judge(luks: true, expected);
    }

    [Fact]
    public void BothCopiesWithoutMagicAreTold()
    {
        Flip(0);
        Flip(16384);
        Judge(luks: true, "has no LUKS header");
    }

    [Theory]
    [InlineData(4096, 20480)]
    [InlineData(8, 16392)]
    public void BothCopiesUnreadableAreLeftToTheLibrary(long first, long second)
    {
        Flip(first);
        Flip(second);
        Judge(luks: true, null);
        LinuxException refused = Assert.Throws<LinuxException>(() =>
        {
            using Passphrase passphrase = new();
            CryptDevice.TryActivateLuks(_container.Path, "unlockd-never", passphrase);
        });
        Assert.StartsWith("cannot read a LUKS header from ", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void HeaderWhereNoneIsConfiguredIsTold() =>
        Judge(luks: false, "write 'format: luks' into the configuration");

    [Fact]
    public void OtherFilesAreTold()
    {
        File.WriteAllBytes(_container.Path, new byte[Size]);
        Judge(luks: true, "has no LUKS header");
        File.WriteAllBytes(_container.Path, RandomNumberGenerator.GetBytes((int)Size));
        Judge(luks: true, "has no LUKS header");
        Assert.Null(_container.FindFault(luks: false));
    }

    private static void WriteHeaders(FileStream file, string dataOffset, string configuration = "{}")
    {
        WriteHeader(file, 0, "LUKS"u8, dataOffset, configuration);
        WriteHeader(file, HeaderSize, "SKUL"u8, dataOffset, configuration);
    }

    /// <summary>
    /// As much of a copy of the header as is looked at; its checksum is wrong, so that libcryptsetup refuses it.
    /// </summary>
    private static void WriteHeader(
        FileStream file, int offset, ReadOnlySpan<byte> magic, string dataOffset, string configuration)
    {
        byte[] header = new byte[HeaderSize];
        magic.CopyTo(header);
        new byte[] { 0xBA, 0xBE, 0, 2 }.CopyTo(header, magic.Length);
        BinaryPrimitives.WriteUInt64BigEndian(header.AsSpan(8), HeaderSize);
        Encoding.ASCII.GetBytes($$"""
            { "keyslots": {}, "segments": { "0":
                { "offset": {{dataOffset}}, "encryption": "aes-xts-plain64", "sector_size": 512 } },
                "config": {{configuration}} }
            """).CopyTo(header, 4096);
        file.Position = offset;
        file.Write(header);
    }

    private void Flip(long offset)
    {
        using FileStream file = File.Open(_container.Path, FileMode.Open, FileAccess.ReadWrite);
        file.Position = offset;
        int value = file.ReadByte();
        file.Position = offset;
        file.WriteByte((byte)(value ^ 0x10));
    }

    private void Judge(bool luks, string? expected)
    {
        byte[] before = SHA256.HashData(File.ReadAllBytes(_container.Path));
        string? fault = _container.FindFault(luks);
        Assert.Equal(before, SHA256.HashData(File.ReadAllBytes(_container.Path)));
        if (expected is null)
            Assert.Null(fault);
        else
            Assert.Contains(expected, fault, StringComparison.Ordinal);
    }
}
