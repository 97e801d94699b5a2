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
