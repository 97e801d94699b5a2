using System.Globalization;
using UnlockDaemon.Linux.Interop;

namespace UnlockDaemon.Linux.Storage;

/// <summary>How a passphrase becomes the key of a LUKS key slot; it costs the same again at each unlock.</summary>
/// <param name="MemoryKilobytes">Memory it takes; 0 for a derivation that needs none (PBKDF2).</param>
/// <param name="Milliseconds">How long it takes on this machine; 0 for as short as can be.</param>
public sealed record KeyDerivation(uint MemoryKilobytes, uint Milliseconds)
{
    /// <summary>How long it takes unless said otherwise; what cryptsetup itself aims at.</summary>
    public const uint UsualMilliseconds = 2000;

    // The volume is unlocked on an instance where other things need memory too.
    private const ulong ShareOfAll = 4;
    private const ulong ShareOfFree = 2;
    private const ulong MaximumKilobytes = 1024 * 1024;
    private const ulong MinimumKilobytes = 8 * 1024;
    private const string UsualDaemon = "unlockd.service";
    // The least that libcryptsetup takes.
    private const uint FewestIterations = 1000;

    /// <summary>For a generated key, which nobody can guess: nothing is gained by making each guess slow.</summary>
    public static KeyDerivation ForGeneratedKey { get; } = new(0, 0);

    /// <summary>Argon2id within the memory of this instance.</summary>
    /// <param name="milliseconds">How long it may take.</param>
    /// <param name="daemon">The unit of the daemon that will do the unlocking.</param>
    public static KeyDerivation ForPassphrase(uint milliseconds = UsualMilliseconds, string daemon = UsualDaemon) =>
        new(FitMemory(MemoryInfo.Read(), ReadLimits("/proc/self/cgroup", "/sys/fs/cgroup", daemon)),
            milliseconds);

    /// <summary>A quarter of all memory or of a control group's limit, and half of what is free.</summary>
    /// <param name="memory">What there is.</param>
    /// <param name="limits">Limits of control groups, in bytes.</param>
    /// <returns>Kilobytes.</returns>
    internal static uint FitMemory(MemoryInfo memory, IEnumerable<ulong> limits)
    {
        ulong fit = MaximumKilobytes;
        fit = Math.Min(fit, (ulong)memory.Total / 1024 / ShareOfAll);
        fit = Math.Min(fit, (ulong)memory.Available / 1024 / ShareOfFree);
        foreach (ulong limit in limits)
            fit = Math.Min(fit, limit / 1024 / ShareOfAll);
        return (uint)Math.Max(fit, MinimumKilobytes);
    }

    /// <summary>Limits on the memory of this process and of the daemon, which will do the unlocking.</summary>
    /// <param name="ownGroup">The file that names the own group: "0::/user.slice/...".</param>
    /// <param name="root">Where control groups are mounted.</param>
    /// <param name="daemon">The daemon's unit.</param>
    internal static IEnumerable<ulong> ReadLimits(string ownGroup, string root, string daemon = UsualDaemon)
    {
        string? own = Array.Find(KernelText.Lines(ownGroup),
            static line => line.StartsWith("0::", StringComparison.Ordinal));
        foreach (string group in (string[])[own?[3..] ?? "/", GroupOf(daemon)])
        {
            for (string? path = group; path is not null and not "/"; path = Path.GetDirectoryName(path))
            {
                if (ulong.TryParse(KernelText.TryRead($"{root}{path}/memory.max").AsSpan().Trim(), out ulong limit))
                    yield return limit;
            }
        }
    }

    /// <summary>Instances of a template are in a slice of their own. Source: systemd.slice(5).</summary>
    private static string GroupOf(string daemon) => daemon.IndexOf('@', StringComparison.Ordinal) is > 0 and var at
        ? $"/system.slice/system-{daemon[..at]}.slice/{daemon}"
        : $"/system.slice/{daemon}";

    internal unsafe void ApplyTo(CryptContext context)
    {
        bool stretched = Milliseconds != 0;
        // SAFETY: a literal ends with a zero byte; libcryptsetup copies both, and the structure.
        fixed (byte* type = stretched ? "argon2id"u8 : "pbkdf2"u8, hash = "sha256"u8)
        {
            LibCryptSetup.crypt_pbkdf_type pbkdf = new()
            {
                type = type,
                hash = hash,
                time_ms = Milliseconds,
                iterations = stretched ? 0 : FewestIterations,
                max_memory_kb = MemoryKilobytes,
                parallel_threads = stretched ? (uint)Math.Min(Environment.ProcessorCount, 4) : 0,
                flags = stretched ? 0 : LibCryptSetup.CRYPT_PBKDF_NO_BENCHMARK,
            };
            CryptContexts.Check(LibCryptSetup.crypt_set_pbkdf_type(context, &pbkdf), "set up", "key derivation");
        }
    }
}

/// <summary>Memory of this machine, in bytes. Source: /proc/meminfo, proc(5).</summary>
/// <param name="Total">All of it.</param>
/// <param name="Available">What programs could still have without swapping.</param>
internal sealed record MemoryInfo(long Total, long Available)
{
    /// <exception cref="LinuxException">It cannot be read.</exception>
    internal static MemoryInfo Read() => Parse(KernelText.Read("/proc/meminfo"));

    internal static MemoryInfo Parse(string text)
    {
        ILookup<string, long> values = text.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(static line => line.Split([' ', ':'], StringSplitOptions.RemoveEmptyEntries))
            .ToLookup(static words => words[0], static words => long.Parse(
                words[1], NumberStyles.None, CultureInfo.InvariantCulture) * 1024);
        return new MemoryInfo(values["MemTotal"].First(), values["MemAvailable"].First());
    }
}
