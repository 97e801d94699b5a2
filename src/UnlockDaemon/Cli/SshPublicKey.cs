using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace UnlockDaemon.Cli;

/// <summary>A public key of SSH. Source: sshd(8), AUTHORIZED_KEYS FILE FORMAT; RFC 4253, section 6.6.</summary>
/// <param name="Type">Such as ssh-ed25519.</param>
/// <param name="Blob">The key, in base64.</param>
internal sealed record SshPublicKey(string Type, string Blob)
{
    private static readonly string[] s_types =
        ["ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "ssh-rsa"];

    /// <summary>The key as ssh-keygen -l shows it.</summary>
    internal string Fingerprint =>
        "SHA256:" + Convert.ToBase64String(SHA256.HashData(Convert.FromBase64String(Blob))).TrimEnd('=');

    /// <summary>Reads "TYPE BASE64 [COMMENT]".</summary>
    /// <returns>The key; null when the text is none.</returns>
    internal static SshPublicKey? Parse(string text)
    {
        string[] words = text.Trim().Split(' ');
        if (words.Length < 2 || text.Contains('\n') || !s_types.Contains(words[0], StringComparer.Ordinal))
            return null;
        byte[] key = new byte[words[1].Length];
        bool named = Convert.TryFromBase64String(words[1], key, out int length)
            && length > 4 + words[0].Length
            && BinaryPrimitives.ReadInt32BigEndian(key) == words[0].Length
            && Encoding.ASCII.GetString(key, 4, words[0].Length) == words[0];
        return named ? new(words[0], words[1]) : null;
    }

    public override string ToString() => $"{Type} {Blob}";
}
