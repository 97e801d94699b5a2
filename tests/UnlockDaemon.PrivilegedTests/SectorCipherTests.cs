using UnlockDaemon.Linux;
using UnlockDaemon.Linux.Storage;
using Xunit;

namespace UnlockDaemon.PrivilegedTests;

/// <summary>Keys and sectors of every kind of loop-AES, against aespipe.</summary>
public sealed class SectorCipherTests(LoopAesFixture fixture) : IClassFixture<LoopAesFixture>
{
    private static readonly string?[] s_hashes = [null, "sha256", "sha384", "sha512", "rmd160"];

    public static TheoryData<int, string?, string, int, int> SingleKeys
    {
        get
        {
            TheoryData<int, string?, string, int, int> rows = [];
            foreach (int bits in (int[])[128, 192, 256])
            {
                foreach (string? hash in s_hashes)
                {
                    rows.Add(bits, hash, "", 0, 0);
                    rows.Add(bits, hash, "some seed", 3, 0);
                }

                rows.Add(bits, null, "", 0, 8192);
                rows.Add(bits, null, "", 100, 0);
            }

            return rows;
        }
    }

    public static TheoryData<int, int, string?, int> ManyKeys
    {
        get
        {
            TheoryData<int, int, string?, int> rows = [];
            foreach (int lines in (int[])[1, 64, 65])
            {
                foreach (int bits in (int[])[128, 192, 256])
                {
                    foreach (string? hash in s_hashes)
                        rows.Add(lines, bits, hash, 0);
                    rows.Add(lines, bits, null, 8192);
                }
            }

            return rows;
        }
    }

    [Theory]
    [MemberData(nameof(SingleKeys))]
    public void SingleKeyReadsWhatAespipeWrote(int bits, string? hash, string seed, int iterations, int offset)
    {
        string container = fixture.MakeContainer(
            $"-e AES{bits}{(hash is null ? "" : $" -H {hash}")}{(seed.Length == 0 ? "" : $" -S '{seed}'")} "
                + $"-C {iterations} -O {offset / 512}",
            offset: offset);
        PlainCipher cipher = Cipher(bits, hash, offset) with { Seed = seed, Iterations = iterations };
        using Passphrase passphrase = Read("passphrase");
        using VolumeKey key = VolumeKey.Derive(passphrase, cipher);
        AssertReads(container, cipher, key);
    }

    [Theory]
    [MemberData(nameof(ManyKeys))]
    public void KeyFileReadsWhatAespipeWrote(int lines, int bits, string? hash, int offset)
    {
        string container = fixture.MakeContainer(
            $"-e AES{bits}{(hash is null ? "" : $" -H {hash}")} -O {offset / 512}", $"keys{lines}", offset);
        PlainCipher cipher = Cipher(bits, hash, offset);
        using Passphrase passphrase = Read("passphrase");
        using KeyLines? keys = new GpgKeyFile(fixture.File($"keys{lines}.gpg")).TryDecrypt(passphrase);
        Assert.Equal(lines, keys!.Count);
        using VolumeKey key = VolumeKey.Derive(keys, cipher);
        Assert.Equal(lines * bits / 8, key.Length);
        AssertReads(container, cipher, key);
    }

    private static PlainCipher Cipher(int bits, string? hash, int offset) =>
        PlainCipher.ForLoopAes(bits, hash == "rmd160" ? "ripemd160" : hash) with
        {
            Offset = offset / 512,
            Skip = offset / 512,
        };

    private Passphrase Read(string file)
    {
        Passphrase passphrase = new();
        foreach (byte value in File.ReadAllBytes(fixture.File(file)))
            passphrase.TryAppend(value);
        return passphrase;
    }

    private void AssertReads(string container, PlainCipher cipher, VolumeKey key)
    {
        byte[] sectors = File.ReadAllBytes(container)[(int)(cipher.Offset * 512)..];
        SectorCipher.For(cipher.For(key))!.Decrypt(key, sectors);
        Assert.Equal(File.ReadAllBytes(fixture.Plain), sectors);
        Assert.Equal("ext2", SectorCipher.FindFilesystem(new ContainerFile(container), cipher, key)!.Type);
        // The same key with another place or another IV is none.
        Assert.Null(
            SectorCipher.FindFilesystem(new ContainerFile(container), cipher with { Skip = cipher.Skip + 16 }, key));
        Assert.Null(
            SectorCipher.FindFilesystem(new ContainerFile(container), cipher with { Offset = cipher.Offset + 2 }, key));
    }
}
