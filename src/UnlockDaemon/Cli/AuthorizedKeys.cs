using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using UnlockDaemon.Linux;

namespace UnlockDaemon.Cli;

/// <summary>root's authorized_keys. Source: sshd(8), AUTHORIZED_KEYS FILE FORMAT.</summary>
internal sealed class AuthorizedKeys(string path)
{
    private const UnixFileMode PrivateFile = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode PrivateDirectory = PrivateFile | UnixFileMode.UserExecute;

    internal string Path => path;

    /// <summary>Lets a key run one command, and do nothing else.</summary>
    /// <returns>
    /// Null when it may now; otherwise the number of the line that lets the same key do something else. sshd takes the
    /// first line that fits, so that line has to go first.
    /// </returns>
    internal int? Restrict(SshPublicKey key, string command, out bool written)
    {
        string entry = $"restrict,command=\"{command}\" {key} unlockd-ganeti";
        byte[] before = File.Exists(path) ? File.ReadAllBytes(path) : [];
        // Comments may be in any encoding: a byte is a character here, and what is there stays as it is.
        string[] lines = Encoding.Latin1.GetString(before).Split('\n', StringSplitOptions.TrimEntries);
        int other = Array.FindIndex(lines, line => Has(line, key) && line != entry);
        written = other < 0 && !lines.Contains(entry, StringComparer.Ordinal);
        if (written)
            Append(before, entry);
        return other < 0 ? null : other + 1;
    }

    private static bool Has(string line, SshPublicKey key) =>
        !line.StartsWith('#') && line.Split([' ', '\t']).Contains(key.Blob, StringComparer.Ordinal);

    /// <summary>Whole or not at all: a half-written file would lock everybody out.</summary>
    private void Append(byte[] before, string entry)
    {
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!, PrivateDirectory);
        string end = before is [] or [.., (byte)'\n'] ? "" : "\n";
        WholeFile.Write(path, [.. before, .. Encoding.ASCII.GetBytes($"{end}{entry}\n")], mode: PrivateFile);
    }
}

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
