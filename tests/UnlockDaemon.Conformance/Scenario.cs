namespace UnlockDaemon.Conformance;

/// <summary>What happens on a stage, from a closed container on.</summary>
/// <param name="Name">What it is called in the transcript.</param>
/// <param name="Moves">What happens.</param>
internal sealed record Scenario(string Name, IReadOnlyList<Move> Moves)
{
    private const string Up = "attach, map right, mount";
    private const string Down = "unmount, unmap, detach";

    /// <summary>Whether lock.keep_key is configured.</summary>
    internal bool KeepsKey { get; init; }

    /// <summary>Whether swap space is configured.</summary>
    internal bool HasSwap { get; init; }

    /// <summary>Those that somebody thought of.</summary>
    internal static IReadOnlyList<Scenario> Written { get; } =
    [
        Of("up and down", $"restart, {Up}, sync, flush, {Down}, protect, {Up}, {Down}"),
        Of("too early", "map right, check, mount, sync, flush, unmount, unmap, detach, protect, grow right, "
            + "grow filesystem, wipe keys, attach, check, mount, unmap"),
        Of("twice", "attach, attach, map right, map right, map wrong, mount, mount, check, sync, flush, unmount, "
            + "unmount, unmap, unmap, detach, detach"),
        Of("wrong passphrase", "attach, map wrong, map by kept key, map wrong, map right, unmap, map wrong, detach"),
        Of("two loop devices", "attach, attach again, map right, mount, unmount, unmap, detach, attach again, "
            + "attach, attach again, map right, losetup -d, unmap, detach, flush"),
        Of("detach too early", $"{Up}, detach, unmount, unmap, detach, attach, map right, unmap, detach"),
        Of("detached by hand", $"{Up}, losetup -d, attach, unmount, unmap, attach, losetup -d, map right, detach"),
        Of("loop device held", "attach, hold loop, map right, unmap, detach, attach, map right, let go, unmap, "
            + "detach"),
        Of("moved", $"{Up}, move, sync, flush, unmount, unmap, detach, attach, move back, {Up}, {Down}"),
        Of("moved and back", $"{Up}, move, move back, {Down}"),
        Of("moved while attached", "attach, move, attach, map right, detach, move back, attach, map right, unmap, "
            + "detach"),
        Of("moved, another in its place", $"{Up}, move, put another, flush, {Down}, {Up}, {Down}"),
        Of("moved, another attached too", "attach, map right, move, put another, attach, unmap, map right, detach, "
            + "unmap, detach"),
        Of("deleted", $"{Up}, delete, sync, flush, {Down}, attach, map right, losetup -d"),
        Of("deleted while closed", "delete, attach, map right, flush, put another, attach, map right, unmap, detach"),
        Of("deleted, another in its place", $"{Up}, delete, put another, flush, {Down}, {Up}, {Down}"),
        Of("deleted while attached", "attach, delete, map right, detach, put another, attach, map right, unmap, "
            + "detach"),
        Of("truncated", "attach, map right, truncate, attach, flush, unmap, detach, attach"),
        Of("file held", $"{Up}, hold file, unmount, unmap, detach, umount, let go, {Down}"),
        Of("directory held", $"{Up}, hold directory, unmount, unmap, let go, {Down}"),
        Of("mapping held", $"{Up}, hold mapping, unmount, check, unmap, dmsetup remove, let go, unmap, detach"),
        Of("held before it is mounted", "hold file, hold directory, hold namespace, hold mapping, hold loop, "
            + $"attach, hold mapping, map right, hold file, hold mapping, mount, let go, {Down}"),
        Of("another namespace", $"{Up}, hold namespace, unmount, unmap, check, mount, unmount, detach, let go, "
            + "unmap, detach"),
        Of("another namespace and a file", $"{Up}, hold namespace, hold file, unmount, sync, let go, {Down}"),
        Of("another namespace and a panic", $"{Up}, hold namespace, wipe keys, unmount, unmap, let go, unmap, detach"),
        Of("unmounted by hand", $"{Up}, umount, mount, umount, unmount, sync, unmap, detach"),
        Of("removed by hand", "attach, map right, dmsetup remove, unmap, mount, map right, mount, dmsetup remove, "
            + "umount, dmsetup remove, detach"),
        Of("something else mounted", $"mount other, {Up}, umount, umount, unmap, detach"),
        Of("something else on top", $"{Up}, mount other, mount, sync, hold file, unmount, unmap, detach, umount, "
            + $"{Down}"),
        Of("panic", $"{Up}, wipe keys, map right, mount, sync, flush, check, {Down}, {Up}"),
        Of("panic, not mounted", "attach, map right, wipe keys, wipe keys, check, mount, map right, unmap, detach, "
            + "attach, map right, check, unmap, detach"),
        Of("panic, file held", $"{Up}, hold file, wipe keys, unmount, unmap, detach, let go, unmount, unmap, detach"),
        Of("panic, moved", $"{Up}, move, wipe keys, {Down}, move back"),
        Of("panic, then check", $"{Up}, wipe keys, {Down}, attach, map right, check, mount, {Down}"),
        Of("unclean", "attach, map right, mark unclean, check, check, mark unclean, mount, unmount, unmap, detach"),
        Of("clean check", "attach, map right, check, unmap, detach"),
        Of("broken", "attach, map right, break, check, mount, check, unmap, detach"),
        Of("seal", $"{Up}, {Down}, attach, map right, unmap, detach, attach, map right, mark unclean, unmap, detach"),
        Of("restarts", "attach, restart, map right, restart, mount, restart, hold namespace, unmount, restart, "
            + "let go, unmap, restart, detach"),
        Of("another container", $"{Up}, restart on other, attach, map right, check, mount, sync, flush, {Down}, "
            + $"restart, {Down}"),
        Of("another container, closed", $"attach, restart on other, {Up}, {Down}, restart, detach"),
        Of("another container, panic", $"{Up}, restart on other, wipe keys, {Down}, restart, {Down}"),
        Of("key kept", "attach, map wrong, map right, unmap, map by kept key, mount, "
            + $"{Down}, restart, attach, map by kept key, unmap, forget key, "
            + "map by kept key, detach") with { KeepsKey = true },
        Of("key expires", "expire key, attach, map right, unmap, expire key, "
            + "map by kept key, unmap, keep key, wait, map by kept key, unmap, "
            + "expire key, wait, map by kept key, detach") with { KeepsKey = true },
        Of("key wiped", $"{Up}, wipe keys, {Down}, attach, map by kept key, map right, "
            + "unmap, wipe keys, map by kept key, detach") with { KeepsKey = true },
        Of("key of another container", "attach, map right, unmap, detach, move, "
            + "put another, attach, map by kept key, map right, unmap, detach") with { KeepsKey = true },
        Of("swap", "swap on, swap on, restart, swap off, swap off, swap on, wipe keys, "
            + "swap off") with { HasSwap = true },
        Of("no swap", "swap on, swap off"),
        Of("grow", $"grow right, {Up}, grow wrong, grow, grow right, grow right, grow filesystem, {Down}, {Up}, "
            + $"{Down}"),
        Of("grow by the kept key", $"{Up}, grow, grow filesystem, {Down}") with { KeepsKey = true },
        Of("grow, not mounted", "attach, map right, grow right, grow filesystem, unmap, detach"),
    ];

    /// <summary>All of them.</summary>
    internal static IEnumerable<Scenario> All => Written.Concat(ThrownScenario.Throw());

    private static Scenario Of(string name, string moves) => new(name, Move.Read(moves));
}
