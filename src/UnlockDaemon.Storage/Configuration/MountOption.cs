using System.Buffers;

namespace UnlockDaemon.Storage.Configuration;

/// <summary>Mount options: which are flags of mount(2), and which words have no place in the configuration.</summary>
public static class MountOption
{
    // Source: mount(2), "Additional mount flags"; spelled as in mount(8), "Filesystem-independent mount options".
    private static readonly string[] s_flags =
    [
        "nodev", "nosuid", "noexec", "noatime", "nodiratime", "relatime", "strictatime", "lazytime", "sync", "dirsync",
        "nosymfollow", "iversion", "silent",
    ];

    // Data of xfs(5) and ext4(5) that looks like a flag misspelt.
    private static readonly string[] s_knownData = ["nouuid", "i_version"];

    private static readonly SearchValues<char> s_nameCharacters =
        SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789_");

    private static readonly string[] s_defaults =
    [
        "defaults", "rw", "suid", "dev", "exec", "async", "atime", "diratime", "nolazytime", "loud", "symfollow",
    ];

    private static readonly string[] s_fstabOnly =
    [
        "auto", "noauto", "user", "nouser", "users", "owner", "group", "nofail", "_netdev", "loop", "bind", "rbind",
        "remount", "move",
    ];

    /// <summary>The options that are flags of mount(2).</summary>
    internal static IReadOnlyList<string> Flags => s_flags;

    /// <summary>Whether an option is a flag of mount(2); all others are data for the file system.</summary>
    /// <param name="option">An option of a checked configuration.</param>
    /// <returns>True for "nodev", false for "errors=remount-ro".</returns>
    public static bool IsFlag(string option) => Array.IndexOf(s_flags, option) >= 0;

    /// <summary>What is wrong with an option, as it follows the option itself; null for nothing.</summary>
    internal static string? Problem(string option)
    {
        if (IsFlag(option) || Array.IndexOf(s_knownData, option) >= 0)
            return null;
        if (option == "ro")
            return "would keep the services from writing to their volume; leave it out";
        if (Array.IndexOf(s_defaults, option) >= 0)
            return "is what the kernel does anyway; leave it out";
        if (Array.IndexOf(s_fstabOnly, option) >= 0 || option.StartsWith("x-", StringComparison.Ordinal))
            return "is a word of fstab that the kernel does not know; leave it out";
        if (option.Contains(','))
            return "is more than one option; write each by itself: [nodev, nosuid]";
        if (Spelling.Nearest(option, s_flags) is { } nearest)
            return $"is no mount option; did you mean \"{nearest}\"?";
        return IsData(option) ? null : "is no mount option; see unlockd.yaml(5)";
    }

    // name or name=value, as file systems take them: lower case, no blanks.
    private static bool IsData(string option)
    {
        int name = option.AsSpan().IndexOfAnyExcept(s_nameCharacters);
        bool named = option.Length > 0 && char.IsAsciiLetterLower(option[0]);
        return named && (name < 0 || (option[name] == '=' && name + 1 < option.Length && IsVisible(option)));
    }

    private static bool IsVisible(string option) => !option.AsSpan().ContainsAnyExceptInRange('!', '~');
}
