using System.Buffers.Binary;
using System.Diagnostics;
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

    /// <summary>The first superblock and its neighbourhood are lost, and the passphrase is the right one.</summary>
    [Theory]
    [InlineData(1024, 512)]
    [InlineData(1024, 4096)]
    [InlineData(4096, 512)]
    public void ACopyOfTheSuperblockShowsThatTheKeyIsRight(int blockSize, int sectorSize)
    {
        PlainCipher cipher = new("aes", "xts-plain64", 512, "sha512") { SectorSize = sectorSize };
        string directory = Directory.CreateTempSubdirectory("unlockd-superblock-").FullName;
        try
        {
            string container = Path.Combine(directory, "container");
            using (FileStream made = File.Create(container))
                made.SetLength(200L << 20);
            using (Process mkfs = Process.Start("/usr/sbin/mkfs.ext4", ["-q", "-b", $"{blockSize}", container]))
                mkfs.WaitForExit();
            using VolumeKey key = MakeKey(1);
            using (FileStream file = File.Open(container, FileMode.Open))
            {
                long copy = blockSize == 1024 ? 8192L << 10 : 32768L << 12;
                Encrypt(file, key, sectorSize, copy);
                file.Position = 0;
                file.Write(new byte[4096]);
            }

            Assert.Equal("ext4", SectorCipher.FindFilesystem(new ContainerFile(container), cipher, key)?.Type);
            using VolumeKey other = MakeKey(2);
            Assert.Null(SectorCipher.FindFilesystem(new ContainerFile(container), cipher, other));
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    [Fact]
    public void AKeyOfTheCiphersLengthIsTaken()
    {
        using VolumeKey key = VolumeKey.TryFill(static _ => 32)!;
        byte[] sector = new byte[512];
        s_cipher.Decrypt(key, sector);
        Assert.Contains(sector, static value => value != 0);
    }

    /// <summary>The two halves differ, as XTS wants it.</summary>
    private static VolumeKey MakeKey(int first)
    {
        VolumeKey key = VolumeKey.TryFill(static _ => 64)!;
        for (int i = 0; i < key.Length; i++)
            key.Writable[i] = (byte)(first + i);
        return key;
    }

    private static void Encrypt(FileStream file, VolumeKey key, int sectorSize, long at)
    {
        byte[] bytes = new byte[4096], iv = new byte[16];
        file.Position = at;
        file.ReadExactly(bytes);
        for (int start = 0; start < bytes.Length; start += sectorSize)
        {
            BinaryPrimitives.WriteInt64LittleEndian(iv, (at + start) / 512);
            CipherContext.Transform("AES-256-XTS", encrypt: true, key.Bytes, iv, bytes.AsSpan(start, sectorSize));
        }

        file.Position = at;
        file.Write(bytes);
    }
}
