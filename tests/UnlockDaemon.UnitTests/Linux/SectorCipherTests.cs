using Tmds.Linux;
using UnlockDaemon.Linux;
using UnlockDaemon.Linux.Storage;
using Xunit;

namespace UnlockDaemon.UnitTests.Linux;

/// <summary>libcrypto takes as many bytes of a key as the cipher has, and asks nobody how many there are.</summary>
public sealed class SectorCipherTests
{
    private static readonly SectorCipher s_cipher = SectorCipher.For(new("aes", "cbc-plain", 256, "sha256"))!;

    [Fact]
    public void AKeyThatIsTooShortIsRefused()
    {
        using VolumeKey key = VolumeKey.TryFill(static _ => 31)!;
        LinuxException failure = Assert.Throws<LinuxException>(() => s_cipher.Decrypt(key, new byte[512]));
        Assert.Equal(LibC.EINVAL, failure.Errno);
    }

    [Fact]
    public void AKeyOfTheCiphersLengthIsTaken()
    {
        using VolumeKey key = VolumeKey.TryFill(static _ => 32)!;
        byte[] sector = new byte[512];
        s_cipher.Decrypt(key, sector);
        Assert.Contains(sector, static value => value != 0);
    }
}
