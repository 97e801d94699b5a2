using System.Text.Json.Serialization;
using UnlockDaemon.Linux;

namespace UnlockDaemon.Storage;

/// <summary>
/// What a daemon that comes after this one, in the same boot, could not read from the kernel.
/// </summary>
internal sealed record BootMemory
{
    /// <summary>How the file system was left.</summary>
    public FilesystemMemory? Filesystem { get; init; }

    /// <summary>The hold.</summary>
    public HoldMemory? Hold { get; init; }

    /// <summary>The services that are to run; null when that was never said in this boot.</summary>
    public IReadOnlyList<string>? Wanted { get; init; }
}

/// <summary>How the file system was left, as far as unlockd knows.</summary>
internal enum FilesystemVerdict
{
    /// <summary>Not opened in this boot: it is as it was when the instance was booted.</summary>
    Untouched,

    /// <summary>It was mounted, and unlockd has not unmounted it.</summary>
    Mounted,

    /// <summary>It was unmounted, and its superblock was clean.</summary>
    Clean,

    /// <summary>It was unmounted, and it is not clean, or nobody could tell.</summary>
    Unclean,
}

/// <summary>How the file system was left. Worth nothing for another container, or one that was written to since.</summary>
/// <param name="Verdict">How.</param>
/// <param name="Detail">In words, for the certificate.</param>
/// <param name="Container">Which container: device and inode; null for any.</param>
/// <param name="Seal">What its encrypted superblock looked like then; null where it could not be read.</param>
internal sealed record FilesystemMemory(
    FilesystemVerdict Verdict, string Detail, string? Container = null, string? Seal = null);

/// <summary>Nobody is to be prompted until then.</summary>
/// <param name="Reason">Why.</param>
/// <param name="Owner">Whose it is; null for an operator's.</param>
/// <param name="UntilSeconds">CLOCK_MONOTONIC, in seconds since boot: no clock that is put right changes it.</param>
internal sealed record HoldMemory(string Reason, double UntilSeconds, string? Owner = null);

/// <summary>The memory as a file has it.</summary>
/// <param name="BootId">The boot that it counts for.</param>
/// <param name="Memory">The memory.</param>
internal sealed record BootMemoryFile(string BootId, BootMemory Memory);

/// <summary>Reads and writes it, without reflection.</summary>
[JsonSourceGenerationOptions(UseStringEnumConverter = true)]
[JsonSerializable(typeof(BootMemoryFile))]
internal sealed partial class BootMemoryJson : JsonSerializerContext;

/// <summary>The kernel's boot id: another one after every boot. Source: random(4).</summary>
internal static class BootId
{
    internal static string Current { get; } = KernelText.Read("/proc/sys/kernel/random/boot_id").Trim();
}
