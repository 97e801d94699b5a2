namespace UnlockDaemon.Linux.Storage;

/// <summary>How a container without a header is encrypted: all that a header would say.</summary>
/// <param name="Algorithm">The cipher: "aes".</param>
/// <param name="Mode">Chaining mode and IV generator: "cbc-plain64".</param>
/// <param name="KeyBits">Length of a key in bits.</param>
/// <param name="Hash">Hash that makes the key from the passphrase: "sha512"; "plain" for none.</param>
public sealed record PlainCipher(string Algorithm, string Mode, int KeyBits, string Hash)
{
    /// <summary>Hash of none: the passphrase itself, filled up with zeros, is the key.</summary>
    public const string NoHash = "plain";

    /// <summary>Mode of loop-AES with 64 keys. Source: dm-crypt.c, crypt_iv_lmk.</summary>
    public const string MultiKeyMode = "cbc-lmk";

    /// <summary>What <c>losetup -e AES256</c> of loop-AES writes with a passphrase.</summary>
    public static PlainCipher LoopAes256 { get; } = ForLoopAes(256);

    /// <summary>What cryptsetup before 2.7 takes for plain when nothing is said.</summary>
    public static PlainCipher Default { get; } = new("aes", "cbc-essiv:sha256", 256, "ripemd160");

    /// <summary>Whether keys are made as loop-AES makes them, where that differs from cryptsetup.</summary>
    public bool IsLoopAes { get; init; }

    /// <summary>What loop-AES puts behind the passphrase before it hashes it (-S).</summary>
    public string Seed { get; init; } = "";

    /// <summary>Thousands of rounds that loop-AES puts a hashed passphrase through (-C).</summary>
    public int Iterations { get; init; }

    /// <summary>Where the data begin, in sectors of 512 bytes.</summary>
    public long Offset { get; init; }

    /// <summary>The number that the first sector of the data has for the IV, in sectors of 512 bytes.</summary>
    public long Skip { get; init; }

    /// <summary>How many bytes are encrypted as one: 512 to 4096.</summary>
    public int SectorSize { get; init; } = 512;

    /// <summary>The cipher as dm-crypt writes it: "aes-cbc-plain64".</summary>
    public string Specification => $"{Algorithm}-{Mode}";

    /// <summary>What loop-AES takes for a key length.</summary>
    /// <param name="keyBits">128, 192 or 256.</param>
    /// <param name="hash">The hash, if it is not the usual one of that length.</param>
    /// <returns>The cipher.</returns>
    public static PlainCipher ForLoopAes(int keyBits, string? hash = null) =>
        new("aes", "cbc-plain64", keyBits, hash ?? UsualHash(keyBits)) { IsLoopAes = true };

    /// <summary>The hash that loop-AES takes for a key length when none is named.</summary>
    /// <param name="keyBits">128, 192 or 256.</param>
    /// <returns>Its name.</returns>
    public static string UsualHash(int keyBits) => keyBits switch { 128 => "sha256", 192 => "sha384", _ => "sha512" };

    /// <summary>The cipher as it is with a key: many keys make it <see cref="MultiKeyMode"/>.</summary>
    /// <param name="key">The key.</param>
    /// <returns>The cipher that dm-crypt is to be given.</returns>
    public PlainCipher For(VolumeKey key)
    {
        ArgumentNullException.ThrowIfNull(key);
        return key.Length > KeyBits / 8 ? this with { Mode = MultiKeyMode } : this;
    }
}
