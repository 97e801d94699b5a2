namespace UnlockDaemon.Linux.Storage;

/// <summary>How a container without a header is encrypted: all that a header would say.</summary>
/// <param name="Algorithm">The cipher: "aes".</param>
/// <param name="Mode">Chaining mode and IV generator: "cbc-plain64".</param>
/// <param name="KeyBits">Key length in bits.</param>
/// <param name="Hash">Hash that makes the key from the passphrase: "sha512".</param>
public sealed record PlainCipher(string Algorithm, string Mode, int KeyBits, string Hash)
{
    /// <summary>What <c>losetup -e AES256</c> of loop-AES writes with a passphrase.</summary>
    public static PlainCipher LoopAes256 { get; } = new("aes", "cbc-plain64", 256, "sha512");
}
