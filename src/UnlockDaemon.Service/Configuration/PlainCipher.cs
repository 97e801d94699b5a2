namespace UnlockDaemon.Service.Configuration;

/// <summary>What a container without a header cannot tell itself. Source: cryptsetup-open(8), PLAIN.</summary>
/// <param name="Cipher">The kernel's cipher specification: cipher-mode-iv.</param>
/// <param name="KeySizeBits">Size of the key in bits.</param>
/// <param name="Hash">The digest that makes the key from the passphrase; "plain" for none.</param>
public sealed record PlainCipher(string Cipher, int KeySizeBits, string Hash)
{
    /// <summary>What cryptsetup 2.6 takes when nothing is said (cryptsetup --help, last lines).</summary>
    public static PlainCipher Default { get; } = new("aes-cbc-essiv:sha256", 256, "ripemd160");
}
