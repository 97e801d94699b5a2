using UnlockDaemon.Storage;

namespace UnlockDaemon.Conformance;

/// <summary>
/// Draws snapshots of one scenario so that those of two machines can be compared: what has a name or a number of its
/// own on each of them gets its part in the play instead, and sizes are what they differ from the first one by.
/// </summary>
internal sealed class Portrait
{
    private const string None = "-";

    // Looks into each device that has changed, and lets go by itself.
    private const string Udev = "systemd-udevd.service";

    private readonly List<string> _files = [];
    private readonly List<string> _seals = [];
    private readonly List<string> _headers = [];
    private long _mappingSize;

    /// <summary>Draws one.</summary>
    internal string Draw(Snapshot seen)
    {
        LoopFacts[] loops = [.. seen.Loops, .. seen.Strays];
        bool isDead = seen.Mapping is { IsOnNothing: true };
        string[] parts =
        [
            "container " + Draw(seen.Container),
            "loops " + Join(seen.Loops.Select(loop => Draw(loop, loops))),
            "strays " + Join(seen.Strays.Select(loop => Draw(loop, loops))),
            "mapping " + (seen.Mapping is { } mapping ? Draw(mapping, loops) : None),
            "integrity " + (seen.Integrity is null ? None : "there"),
            "mount " + (seen.Mount is { } mount ? Draw(mount, isDead) : None),
            "layers " + Join(seen.Layers.Where(static layer => layer.Up).Select(static layer => layer.Name)),
            "is" + Flag(seen.IsMounted, " mounted") + Flag(seen.IsMapped, " mapped")
                + Flag(seen.IsAttached, " attached") + Flag(seen.IsDown, " down") + Flag(seen.Lost is not null, " lost"),
            "key " + (seen.IsKeyKept ? "kept" : None),
            "swap " + (seen.Swap is { } swap ? Draw(swap) : None),
            "entry " + Draw(seen.Entry!),
            "health " + Draw(seen.Health!, isDead),
            "superblock " + (seen.Superblock is { } superblock ? Draw(superblock, seen.Mapping) : None),
            "holders " + Join(seen.Holders!.Where(static holder => holder.Unit != Udev)
                .Select(static holder => holder.Kind).Order(StringComparer.Ordinal)),
            "left " + Draw(seen.Leftovers!),
            "seal " + PartOf(seen.Seal, _seals),
        ];
        return string.Join("; ", parts);
    }

    private string Draw(ContainerFacts container) => container.Kind == ContainerKind.Missing
        ? "missing"
        : $"{container.Kind} {PartOf(container.Identity?.ToString(), _files)} "
            + $"{Change(container.Size - Move.ContainerSize)}";

    private static string Draw(LoopFacts loop, LoopFacts[] all) => NameOf(loop, all) + " on "
        + (loop.BackingFile is not { } file ? "a deleted file"
            : file.EndsWith(".moved", StringComparison.Ordinal) ? "a moved file"
            : "the file")
        + Flag(!loop.IsWhole, " in part") + " " + Change(loop.Size - Move.ContainerSize);

    private string Draw(MappingFacts mapping, LoopFacts[] loops)
    {
        if (_mappingSize == 0)
            _mappingSize = mapping.Size;
        return (mapping.IsOurs ? "ours" : "another's")
            + (mapping.IsOnNothing ? " on nothing"
                : mapping.Lower is { } lower ? " on " + NameOf(lower, loops)
                : " on something else")
            + Flag(mapping.Stacked.Count > 0, " below another") + " " + Change(mapping.Size - _mappingSize);
    }

    // When the kernel notices that a disk is gone, and takes no more writes, is a matter of seconds.
    private static string Draw(MountFacts mount, bool isDead) =>
        (mount.IsOurs ? "ours " + mount.Type : "another's") + Flag(mount.IsReadOnly && !isDead, " read-only");

    private static string Draw(SwapFacts swap) => swap.Mapping is null ? "down" : swap.IsActive ? "active" : "mapped";

    private static string Draw(EntryFacts entry) =>
        Flag(entry.HasLuksMagic, "luks") + Flag(entry.DataOffset is not null, " with offset")
        + Flag(entry.MountPointTarget is not null, " mount point") + Flag(entry.FirstEntry is not null, " not empty")
        + Flag(entry.Conversion is not null, " in conversion") + Draw(entry.Trouble);

    private string Draw(HealthFacts health, bool isDead) => "header " + PartOf(health.Uuid, _headers)
        + Flag(health.HasErrors && !isDead, " with errors") + Draw(health.Trouble);

    private static string Draw(SuperblockFacts superblock, MappingFacts? mapping) => superblock.Found is not { } found
        ? "unknown" + Draw(superblock.Trouble)
        // What the kernel makes of it in its memory once the disk is gone is a matter of seconds, too.
        : mapping!.IsOnNothing ? found.Type
        : found.Type + (found.IsClean ? " clean" : " unclean") + Flag(found.NeedsRecovery, " to be recovered")
            + Flag(found.CheckIsDue, " to be checked") + Flag(found.Size > mapping.Size, " too large");

    private static string Draw(LeftoverFacts left) => $"{left.Services.Count} services, {left.Mounts.Count} mounts, "
        + $"{left.Mappings.Count} mappings, {left.Keys.Count} keys, {left.Devices.Count} devices";

    private static string Draw(Fault? trouble) => trouble is null ? "" : $" trouble {trouble.Kind}";

    private static string NameOf(LoopFacts loop, LoopFacts[] all) =>
        ((char)('A' + Array.FindIndex(all, one => one.Path == loop.Path))).ToString();

    /// <summary>A number for each value, in the order in which they come.</summary>
    private static string PartOf(string? value, List<string> known)
    {
        if (value is null)
            return None;
        if (!known.Contains(value))
            known.Add(value);
        return (known.IndexOf(value) + 1).ToString();
    }

    private static string Change(long bytes) => $"{bytes >> 20:+0;-0;+0}M";

    private static string Flag(bool isSo, string words) => isSo ? words : "";

    private static string Join(IEnumerable<string> words) =>
        string.Join(", ", words) is { Length: > 0 } all ? all : None;
}
