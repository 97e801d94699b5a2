using System.Diagnostics;
using UnlockDaemon.Linux;
using UnlockDaemon.Linux.Storage;
using Xunit;

namespace UnlockDaemon.PrivilegedTests;

/// <summary>Key slots of a container that cryptsetup has made.</summary>
public sealed class LuksHeaderTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("unlockd-luks-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Theory]
    [InlineData("luks1")]
    [InlineData("luks2")]
    public void ASlotCostsTheTimeThatWasAskedFor(string type)
    {
        string container = Path.Combine(_directory, "container");
        using (Process format = Process.Start("/bin/bash", ["-c", $"truncate -s 20M {container} && printf secret | "
            + $"cryptsetup luksFormat -q --pbkdf pbkdf2 --pbkdf-force-iterations 1000 --type {type} {container} -"]))
        {
            format.WaitForExit();
            Assert.Equal(0, format.ExitCode);
        }

        using Passphrase passphrase = new();
        foreach (byte value in "secret"u8)
            passphrase.TryAppend(value);
        using LuksHeader header = LuksHeader.Read(container);
        Assert.NotNull(header.TryOpen(passphrase, out VolumeKey? key));
        using (key)
        {
            int quick = header.AddSlot(key!, passphrase, new KeyDerivation(8192, 50));
            int slow = header.AddSlot(key!, passphrase, new KeyDerivation(8192, 2000));
            uint Cost(int slot) => header.Slots.Single(found => found.Number == slot).Iterations;
            Assert.True(Cost(quick) * 4 < Cost(slow), $"{Cost(quick)} and {Cost(slow)} iterations");
        }
    }
}
