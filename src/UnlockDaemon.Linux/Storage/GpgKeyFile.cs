using System.Security.Cryptography;
using Tmds.Linux;

namespace UnlockDaemon.Linux.Storage;

/// <summary>
/// A key file of loop-AES, encrypted by GnuPG with a passphrase. It is decrypted by gpg(1) with a home directory of its
/// own, which is thrown away: no agent is started or asked, and no keyring read.
/// </summary>
/// <param name="Path">The file, armoured or not.</param>
public sealed record GpgKeyFile(string Path)
{
    /// <summary>The program, a Debian package of the same name.</summary>
    public const string Program = "gpg";

    private const int LongestFile = 1 << 16;

    // Its own key derivation takes a tenth of a second as a rule, and is set by whoever made the file.
    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(1);

    /// <summary>Whether gpg is installed.</summary>
    public static bool IsProgramInstalled => Tool.Find(Program) is not null;

    /// <summary>Decrypts it.</summary>
    /// <param name="passphrase">The passphrase.</param>
    /// <returns>The keys, or null when the passphrase is wrong.</returns>
    /// <exception cref="LinuxException">
    /// gpg is not installed (ENOENT); the file is missing, none of gpg's, damaged, or encrypted to a public key; or its
    /// content is no key file.
    /// </exception>
    public KeyLines? TryDecrypt(Passphrase passphrase)
    {
        ArgumentNullException.ThrowIfNull(passphrase);
        if (!File.Exists(Path))
            throw new LinuxException("read key file", Path, LibC.ENOENT);
        string home = MakeHome();
        LockedMemory memory = new(LongestFile);
        try
        {
            // Files of gpg 1.x and 2.0 have no integrity protection, and since 2.2.8 gpg decrypts them only when told
            // to. A file that somebody changed gives wrong keys, and with those SectorCipher finds no file system.
            using PipedProgram gpg = new(Program, "--batch", "--quiet", "--no-tty", "--homedir", home, "--no-autostart",
                "--no-symkey-cache", "--ignore-mdc-error", "--pinentry-mode", "loopback", "--passphrase-fd", "3",
                "--status-fd", "2", "--decrypt", "--", Path);
            gpg.Send(passphrase.Bytes);
            (int length, string messages, bool succeeded) = gpg.Receive(memory.GetSpan(), s_limit);
            return Judge(ref memory!, length, messages, succeeded);
        }
        finally
        {
            ((IDisposable?)memory)?.Dispose();
            Directory.Delete(home, recursive: true);
        }
    }

    /// <summary>Source: GnuPG's doc/DETAILS, "Format of the --status-fd output".</summary>
    private KeyLines? Judge(ref LockedMemory? memory, int length, string messages, bool succeeded)
    {
        // One that was killed in the middle may have written a part only, and said so before.
        if (succeeded && messages.Contains("[GNUPG:] DECRYPTION_OKAY", StringComparison.Ordinal))
        {
            KeyLines? lines = KeyLines.TryParse(memory!, length);
            memory = null;
            return lines
                ?? throw Refuse("what is in it is no loop-AES key file: 1, 64 or 65 lines of 20 characters at least");
        }

        bool symmetric = messages.Contains("[GNUPG:] NEED_PASSPHRASE_SYM", StringComparison.Ordinal);
        if (symmetric && messages.Contains("[GNUPG:] DECRYPTION_FAILED", StringComparison.Ordinal))
            return null;
        throw Refuse(messages.Contains("[GNUPG:] NODATA", StringComparison.Ordinal)
            ? "it was not encrypted by gpg"
            : messages.Contains("[GNUPG:] NO_SECKEY", StringComparison.Ordinal)
                ? "it is encrypted to a public key; only a passphrase is taken: decrypt it, and encrypt it "
                    + "again with 'gpg -c'"
                : LastWords(messages));
    }

    private LinuxException Refuse(string reason) => new("decrypt key file", Path, LibC.EINVAL, reason);

    private static string LastWords(string messages)
    {
        string[] lines = messages.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        return Array.FindLast(lines, static line => line.StartsWith("gpg: ", StringComparison.Ordinal))
            ?? "gpg does not say why";
    }

    /// <summary>In memory: gpg writes a keyring of nothing there.</summary>
    private static string MakeHome()
    {
        string parent = ProcessHardening.IsRoot ? "/run" : "/dev/shm";
        string home = $"{parent}/unlockd-gpg-{RandomNumberGenerator.GetHexString(16, lowercase: true)}";
        Directory.CreateDirectory(home, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return home;
    }

    /// <summary>Its path alone.</summary>
    public override string ToString() => Path;
}

/// <summary>
/// The lines of a loop-AES key file in the clear, in locked memory: 1, 64 (version 2) or 65 (version 3) keys.
/// </summary>
public sealed class KeyLines : IDisposable
{
    /// <summary>How many keys sectors take turns in, where it is not one.</summary>
    public const int Many = 64;

    // What loop-AES refuses, as too easily guessed.
    private const int ShortestLine = 20;

    private readonly LockedMemory _memory;
    private readonly List<Range> _lines = [];

    private KeyLines(LockedMemory memory) => _memory = memory;

    /// <summary>How many keys there are.</summary>
    public int Count => _lines.Count;

    /// <summary>One key as it stands in the file, without the end of its line.</summary>
    /// <param name="index">Its number, from 0.</param>
    public ReadOnlySpan<byte> this[int index] => _memory.GetSpan()[_lines[index]];

    /// <summary>Finds the lines.</summary>
    /// <param name="memory">What holds them; it is the result's from now on, or wiped when there is none.</param>
    /// <param name="length">How much of it is text.</param>
    /// <returns>The lines, or null when it is no key file: not 1, 64 or 65 lines of 20 characters at least.</returns>
    public static KeyLines? TryParse(LockedMemory memory, int length)
    {
        ArgumentNullException.ThrowIfNull(memory);
        KeyLines lines = new(memory);
        lines.Split(length);
        if (lines.Count is 1 or Many or Many + 1
            && lines._lines.TrueForAll(line => line.End.Value - line.Start.Value >= ShortestLine))
            return lines;
        lines.Dispose();
        return null;
    }

    /// <summary>Wipes the keys.</summary>
    public void Dispose() => ((IDisposable)_memory).Dispose();

    private void Split(int length)
    {
        ReadOnlySpan<byte> text = _memory.GetSpan()[..length];
        for (int start = 0; start < length;)
        {
            int size = text[start..].IndexOfAny((byte)'\n', (byte)'\r');
            int end = size < 0 ? length : start + size;
            if (end > start)
                _lines.Add(start..end);
            start = end + 1;
        }
    }
}
