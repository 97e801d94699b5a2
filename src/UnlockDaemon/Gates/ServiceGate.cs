using System.Text;
using UnlockDaemon.Linux;
using UnlockDaemon.Linux.Systemd;
using UnlockDaemon.Protocol;
using UnlockDaemon.Storage.Configuration;
using UnitName = UnlockDaemon.Linux.Systemd.UnitName;

namespace UnlockDaemon.Gates;

/// <summary>
/// Gates units on the volume: a drop-in for each lets systemd start it only where the volume is mounted, and stops it
/// before unlockd and before the mount at shutdown. One for unlockd itself has it stopped, which locks the volume, before
/// what the container lies on.
/// </summary>
internal sealed class ServiceGate
{
    private const string Mark = "# Written by unlockctl apply: do not edit, it is written anew.";

    private static string Apply => Instance.Current.Address("'unlockctl apply'").Trim('\'');

    private readonly string _mountPoint;
    private readonly string[] _units;
    private readonly string[] _storage;
    private readonly string _root;

    /// <summary>Describes the gates that should be.</summary>
    /// <param name="configuration">The volume, and the services to gate.</param>
    public ServiceGate(UnlockdConfiguration configuration)
        : this(
            configuration.Volume.MountPoint,
            configuration.Services.Select(static service => service.Unit),
            new[]
            {
                configuration.Volume.Container, configuration.Volume.Header, configuration.Volume.KeyFile,
                configuration.Swap?.Path,
            }.OfType<string>(),
            "/etc/systemd/system")
    {
    }

    internal ServiceGate(string mountPoint, IEnumerable<string> units, IEnumerable<string> storage, string root)
    {
        _mountPoint = mountPoint;
        _storage = [.. storage];
        string[] own = _storage.Length > 0 ? [Instance.Current.Unit] : [];
        _units = [.. units.Distinct(), .. own];
        _root = root;
    }

    /// <summary>Compares what is on disk, and what systemd has read of it, with what should be.</summary>
    /// <param name="systemd">Asked what it knows.</param>
    /// <param name="cancellationToken">Ends the waiting for systemd.</param>
    /// <returns>
    /// Each configured unit's drop-in, then unlockd's own, then those left from units no longer configured.
    /// </returns>
    /// <exception cref="LinuxException">A drop-in cannot be read.</exception>
    /// <exception cref="SystemdException">systemd cannot be reached.</exception>
    public async Task<IReadOnlyList<GateFile>> InspectAsync(ISystemd systemd, CancellationToken cancellationToken)
    {
        var files = new List<GateFile>();
        foreach (string unit in _units)
        {
            GateState state = StateOf(PathOf(unit), ContentOf(unit));
            if (state == GateState.Applied && !await IsKnownAsync(unit, systemd, cancellationToken))
                state = GateState.Unread;
            files.Add(new GateFile(unit, PathOf(unit), state));
        }

        files.AddRange(FindStale());
        return files;
    }

    /// <summary>Writes what is missing or outdated, removes what is stale, and has systemd read it.</summary>
    /// <param name="systemd">Told to reload, if anything changed.</param>
    /// <param name="cancellationToken">Ends the waiting for systemd.</param>
    /// <returns>The drop-ins with the state they were found in: all but the foreign ones are now in order.</returns>
    /// <exception cref="LinuxException">A drop-in cannot be read, written or removed.</exception>
    /// <exception cref="SystemdException">systemd cannot be reached: what is in place by then may be unread.</exception>
    public async Task<IReadOnlyList<GateFile>> ApplyAsync(ISystemd systemd, CancellationToken cancellationToken)
    {
        IReadOnlyList<GateFile> files = await InspectAsync(systemd, cancellationToken);
        bool changed = false;
        foreach (GateFile file in files)
            changed |= Settle(file);
        if (changed)
            await systemd.ReloadAsync(cancellationToken);
        return files;
    }

    /// <summary>
    /// Whether systemd has read a unit's drop-in: an earlier reload may have failed, or the file came by other means.
    /// </summary>
    private async Task<bool> IsKnownAsync(string unit, ISystemd systemd, CancellationToken cancellationToken)
    {
        UnitState state = await systemd.GetUnitAsync(unit, cancellationToken);
        // There are no drop-ins of a unit that is not there.
        return state.LoadState != "loaded"
            || (!state.NeedsReload && (IsOwn(unit) || state.AssertedMountPoints.Contains(_mountPoint)));
    }

    private static bool IsOwn(string unit) => unit == Instance.Current.Unit;

    private string ContentOf(string unit) => IsOwn(unit) ? OrderAfter(_storage) : ContentOf(unit, _mountPoint);

    /// <summary>The text of unlockd's own drop-in.</summary>
    internal static string OrderAfter(IEnumerable<string> storage)
    {
        IEnumerable<string> lines = storage.Select(static path => path.StartsWith("/dev/", StringComparison.Ordinal)
            ? $"After={UnitName.FromPath(path, "device")}\n"
            : $"RequiresMountsFor=\"{path}\"\n");
        return $"""
            {Mark}
            # The encrypted volume lies there: at shutdown unlockd is stopped, and locks it, before any of it goes away.
            [Unit]
            {string.Concat(lines).Replace("%", "%%")}
            """;
    }

    /// <summary>The text of a gate.</summary>
    internal static string ContentOf(string unit, string mountPoint) =>
        $"""
        {Mark}
        # The data of this unit lies on the encrypted volume at {mountPoint}: unless it is mounted there, the unit
        # must not start. When the volume is unlocked, unlockd starts it.
        # To undo: take the service out of {Instance.Current.Configuration}, then run "{Apply}".
        [Unit]
        {OrderOf(unit)}After={UnitName.FromPath(mountPoint, "mount").Replace("%", "%%")}
        AssertPathIsMountPoint={mountPoint.Replace("%", "%%")}

        """;

    /// <summary>
    /// Stopped before unlockd at shutdown; but basic.target comes after every socket and path unit, and unlockd after
    /// basic.target: one that came after unlockd would make a cycle, of which systemd drops any job.
    /// </summary>
    private static string OrderOf(string unit) =>
        unit.EndsWith(".socket", StringComparison.Ordinal) || unit.EndsWith(".path", StringComparison.Ordinal)
            ? ""
            : $"After={Instance.Current.Unit}\n";

    // Each instance has its own, so that none removes those of another.
    private string PathOf(string unit) => $"{_root}/{unit}.d/unlockd{Instance.Current.Suffix}.conf";

    private IEnumerable<GateFile> FindStale()
    {
        foreach (string directory in Directory.EnumerateDirectories(_root, "*.d").Order(StringComparer.Ordinal))
        {
            string unit = Path.GetFileNameWithoutExtension(directory);
            if (!_units.Contains(unit) && StateOf(PathOf(unit), content: "") == GateState.Outdated)
                yield return new GateFile(unit, PathOf(unit), GateState.Stale);
        }
    }

    private static GateState StateOf(string path, string content)
    {
        string? found = DropInFile.Read(path);
        if (found is null)
            return GateState.Missing;
        if (!found.StartsWith(Mark + "\n", StringComparison.Ordinal))
            return GateState.Foreign;
        return found == content ? GateState.Applied : GateState.Outdated;
    }

    private bool Settle(GateFile file)
    {
        switch (file.State)
        {
            case GateState.Missing or GateState.Outdated:
                DropInFile.Write(file.Path, Encoding.UTF8.GetBytes(ContentOf(file.Unit)));
                return true;
            case GateState.Stale:
                DropInFile.Remove(file.Path);
                return true;
            default:
                return file.State == GateState.Unread;
        }
    }
}

/// <summary>One drop-in that gates a unit.</summary>
/// <param name="Unit">The unit.</param>
/// <param name="Path">The file.</param>
/// <param name="State">How it was found.</param>
internal sealed record GateFile(string Unit, string Path, GateState State);

/// <summary>How a drop-in on disk stands to what it should be.</summary>
internal enum GateState
{
    /// <summary>As it should be.</summary>
    Applied,

    /// <summary>As it should be on disk, but systemd does not know it yet.</summary>
    Unread,

    /// <summary>A configured unit has none.</summary>
    Missing,

    /// <summary>Written by unlockctl, for another mount point or by another version.</summary>
    Outdated,

    /// <summary>Written by unlockctl, for a unit that is not configured.</summary>
    Stale,

    /// <summary>In the way: a file of this name that unlockctl did not write. It is left alone.</summary>
    Foreign,
}
