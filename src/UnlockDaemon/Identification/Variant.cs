using System.Text;
using UnlockDaemon.Linux;
using UnlockDaemon.Linux.Storage;

namespace UnlockDaemon.Identification;

/// <summary>A way to read a container without a header.</summary>
/// <param name="Cipher">How it is encrypted.</param>
/// <param name="Encoding">What the passphrase has to be converted to; null for UTF-8.</param>
/// <param name="KeyFile">The key file, or null.</param>
/// <param name="Filesystem">The file system found.</param>
internal sealed record Variant(PlainCipher Cipher, PassphraseEncoding? Encoding, string? KeyFile, string Filesystem)
{
    private const string UsualMountPoint = "/var/secure";

    /// <summary>The same in words.</summary>
    public string Description
    {
        get
        {
            string hash = $"hash {Cipher.Hash}";
            string kind = Cipher.IsLoopAes
                ? $"loop-AES, AES{Cipher.KeyBits}, {hash}"
                    + (Cipher.Mode == PlainCipher.MultiKeyMode ? ", many keys" : "")
                : $"plain dm-crypt, {Cipher.Specification}, key of {Cipher.KeyBits} bits, {hash}";
            return kind
                + (Cipher.Seed.Length > 0 ? $", seed \"{Cipher.Seed}\"" : "")
                + (Cipher.Iterations > 0 ? $", {Cipher.Iterations} thousand iterations" : "")
                + (Cipher.Offset > 0 ? $", data from sector {Cipher.Offset}" : "")
                + (Encoding is { } encoding ? $", passphrase in {encoding.Name}" : "")
                + $"; {Filesystem} inside";
        }
    }

    /// <summary>The configuration for it.</summary>
    /// <param name="container">Absolute path of the container.</param>
    /// <returns>The section "volume", as YAML.</returns>
    public string ToYaml(string container)
    {
        StringBuilder yaml = new($"volume:\n  container: {Quote(container)}\n");
        yaml.Append($"  mount_point: {UsualMountPoint}\n");
        void Add(string key, string value) => yaml.Append($"  {key}: {value}\n");
        if (Cipher.IsLoopAes)
            AddLoopAes(Add);
        else
            AddPlain(Add);
        if (Cipher.Offset > 0)
            Add("offset", $"{Cipher.Offset}");
        if (Cipher.Skip != (Cipher.IsLoopAes ? Cipher.Offset : 0))
            Add("skip", $"{Cipher.Skip}");
        if (Encoding is not null)
            Add("passphrase_encoding", Encoding.Name);
        Add("filesystem", Filesystem);
        return yaml.ToString();
    }

    private void AddLoopAes(Action<string, string> add)
    {
        add("format", "loop-aes");
        add("cipher", $"AES{Cipher.KeyBits}");
        if (Cipher.Hash != PlainCipher.UsualHash(Cipher.KeyBits))
            add("hash", Cipher.Hash == "ripemd160" ? "rmd160" : Cipher.Hash);
        if (Cipher.Seed.Length > 0)
            add("seed", Quote(Cipher.Seed));
        if (Cipher.Iterations > 0)
            add("iterations", $"{Cipher.Iterations}");
        if (KeyFile is not null)
            add("key_file", Quote(KeyFile));
    }

    private void AddPlain(Action<string, string> add)
    {
        add("format", "plain");
        add("cipher", Cipher.Specification);
        add("key_size", $"{Cipher.KeyBits}");
        add("hash", Cipher.Hash);
        if (Cipher.SectorSize != 512)
            add("sector_size", $"{Cipher.SectorSize}");
    }

    private static string Quote(string text) =>
        text.StartsWith('/')
            && text.All(static letter => char.IsAsciiLetterOrDigit(letter) || letter is '/' or '.' or '_' or '-')
            ? text
            : $"'{text.Replace("'", "''", StringComparison.Ordinal)}'";
}
