using System.Globalization;
using System.Text;
using UnlockDaemon.Linux.Interop;

namespace UnlockDaemon.Linux.Storage;

/// <summary>
/// A volume key that stays in the kernel, in the session keyring of this service, after its mapping is gone.
/// </summary>
/// <param name="name">Name of the mapping it belongs to.</param>
public sealed unsafe class KeptKey(string name)
{
    private const string Prefix = "unlockd:";
    private readonly string _description = Prefix + name;

    /// <summary>Whether the kernel has it.</summary>
    public bool Exists => Find(IsIt) is not [];

    /// <summary>Wipes the keys that any unlockd of this machine has kept.</summary>
    /// <param name="isOurs">Which, by the name of the mapping.</param>
    public static void WipeAll(Predicate<string> isOurs) =>
        Wipe(description => description.StartsWith(Prefix, StringComparison.Ordinal)
            && isOurs(description[Prefix.Length..]));

    /// <summary>Wipes it.</summary>
    public void Wipe() => Wipe(IsIt);

    /// <summary>Has the kernel wipe it after a while, whatever becomes of this process.</summary>
    /// <param name="limit">The while; a second that is begun counts as a whole one.</param>
    /// <exception cref="LinuxException">It is not there.</exception>
    public void ExpireAfter(TimeSpan limit)
    {
        foreach (nint key in Find(IsIt))
        {
            // 0 is no limit.
            nint seconds = Math.Max(1, (nint)Math.Ceiling(limit.TotalSeconds));
            if (Keyctl.keyctl(Keyctl.KEYCTL_SET_TIMEOUT, key, seconds) != 0)
                throw LinuxException.FromLastError("limit the time of key", _description);
        }
    }

    /// <summary>Takes the limit away, where there is a key.</summary>
    public void KeepOn()
    {
        // One that has just expired is gone, as it would have been a moment before.
        foreach (nint key in Find(IsIt))
            _ = Keyctl.keyctl(Keyctl.KEYCTL_SET_TIMEOUT, key, 0);
    }

    /// <summary>Gives it to the kernel.</summary>
    /// <param name="key">The key.</param>
    /// <exception cref="LinuxException">The kernel's quota for keys is used up, or it has no keyrings.</exception>
    public void Store(VolumeKey key)
    {
        ArgumentNullException.ThrowIfNull(key);
        // SAFETY: the texts end with a zero byte, and the payload is as long as the kernel is told.
        fixed (byte* type = "user"u8, description = Encoding.ASCII.GetBytes(_description + "\0"), payload = key.Bytes)
        {
            nint serial = Keyctl.add_key(type, description, payload, (nuint)key.Length,
                Keyctl.KEY_SPEC_SESSION_KEYRING);
            if (serial < 0)
                throw LinuxException.FromLastError("keep key", _description);
            _ = Keyctl.keyctl(Keyctl.KEYCTL_SETPERM, serial,
                Keyctl.KEY_POS_ALL | Keyctl.KEY_USR_VIEW | Keyctl.KEY_USR_WRITE);
        }
    }

    /// <summary>Takes a copy back.</summary>
    /// <returns>The key, or null when it is gone.</returns>
    // SAFETY: the kernel is told how much room there is, and writes no more.
    public VolumeKey? TryRead() => Find(IsIt) is [var serial, ..]
        ? VolumeKey.TryFill(target => (int)Keyctl.keyctl(Keyctl.KEYCTL_READ, serial, target, VolumeKey.MaximumLength))
        : null;

    private bool IsIt(string description) => description == _description;

    private static void Wipe(Predicate<string> which)
    {
        foreach (nint key in Find(which))
            _ = Keyctl.keyctl(Keyctl.KEYCTL_REVOKE, key);
    }

    private static List<nint> Find(Predicate<string> which)
    {
        List<nint> keys = [];
        foreach (string line in KeyTable.Read())
        {
            string[] words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (words.Length > 8 && words[5] == "0" && words[7] == "user" && which(words[8].TrimEnd(':'))
                && !words[1].Contains('R', StringComparison.Ordinal) && words[3] != "expd")
                keys.Add(nint.Parse(words[0], NumberStyles.HexNumber, CultureInfo.InvariantCulture));
        }

        return keys;
    }
}

/// <summary>Keys in the kernel's keyrings that this process may see. Source: /proc/keys, proc_keys(5).</summary>
public static class KeyTable
{
    /// <summary>Reads it.</summary>
    /// <returns>
    /// A line for each key: "2b1f9e0c I--Q--- 1 9m 3f050000 0 0 user unlockd:unlockd-secure: 64". Any user may give a key
    /// of their own any name. None where the kernel has no keyrings.
    /// </returns>
    /// <exception cref="LinuxException">It cannot be read.</exception>
    public static IReadOnlyList<string> Read() => File.Exists("/proc/keys")
        ? KernelText.Read("/proc/keys").Split('\n', StringSplitOptions.RemoveEmptyEntries)
        : [];
}
