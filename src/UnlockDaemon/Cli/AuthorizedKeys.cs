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
