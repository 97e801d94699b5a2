using UnlockDaemon.Linux;
using UnlockDaemon.Linux.Systemd;
using UnlockDaemon.Protocol;
using UnlockDaemon.Service.Units;

namespace UnlockDaemon.Service.Prompts;

/// <summary>
/// Takes a console from its getty and gives it back. While the marker file exists, drop-ins of getty@.service and
/// serial-getty@.service keep systemd from starting a getty there, so that the two never fight for input.
/// </summary>
internal sealed class ConsoleLogin
{
    // Of all instances: "/run/unlockd/prompt/tty1", "/run/unlockd-NAME/prompt/tty1".
    private const string AnyRuntime = "unlockd*";

    private static readonly string[] s_wantedBy =
    [
        "/etc/systemd/system/getty.target.wants",
        "/run/systemd/generator/getty.target.wants",
        "/usr/lib/systemd/system/getty.target.wants",
        "/lib/systemd/system/getty.target.wants",
    ];

    private static readonly TimeSpan s_returning = TimeSpan.FromSeconds(5);

    private readonly ISystemd _systemd;
    private readonly string _console;
    private readonly string _marker;
    private readonly string _unit;

    internal ConsoleLogin(ISystemd systemd, string console)
    {
        _systemd = systemd;
        _console = console;
        _marker = Path.Combine(Markers, console);
        _unit = UnitFor(console);
    }

    private static string Markers => Instance.Current.RuntimeDirectory + "/prompt";

    /// <summary>Whether a login belongs on this console.</summary>
    internal bool IsConfigured => Array.Exists(s_wantedBy, directory => File.Exists(Path.Combine(directory, _unit)));

    /// <summary>
    /// The getty of a console: virtual terminals have one kind, lines another. Source: systemd-getty-generator(8).
    /// </summary>
    internal static string UnitFor(string console) =>
        console.StartsWith("tty", StringComparison.Ordinal) && console.AsSpan(3).IndexOfAnyExceptInRange('0', '9') < 0
            ? $"getty@{console}.service"
            : $"serial-getty@{console}.service";

    /// <summary>Forgets the markers of a daemon that was killed, and has those gettys started.</summary>
    internal static async Task ReturnAllAsync(ISystemd systemd)
    {
        if (!Directory.Exists(Markers))
            return;
        await Task.WhenAll(Directory.GetFiles(Markers)
            .Select(marker => new ConsoleLogin(systemd, Path.GetFileName(marker)).ReturnAsync()));
    }

    /// <summary>Keeps gettys away from now on; no wait, so that it can be done before the first getty starts.</summary>
    internal void Reserve()
    {
        Directory.CreateDirectory(Markers);
        File.WriteAllBytes(_marker, []);
    }

    /// <summary>Waits until the console is free: a person's session is never stopped.</summary>
    /// <param name="lent">
    /// Whether the getty there was asked for by an operator; if not, one that waits for a name is stopped.
    /// </param>
    /// <param name="cancellation">Ends the wait.</param>
    internal async Task TakeAsync(bool lent, CancellationToken cancellation)
    {
        Reserve();
        FollowedUnit getty = new(_unit);
        using IDisposable watch = await _systemd.WatchUnitAsync(_unit, getty.Take, cancellation);
        while (true)
        {
            UnitState unit = getty.State;
            if (unit.ActiveState is "inactive" or "failed")
            {
                // systemd tells this, and then hangs up and resets the terminal, which would echo again. What it is
                // asked now it answers after that.
                await _systemd.GetControlGroupAsync(_unit, cancellation);
                return;
            }

            if (!lent && IsWaitingForName(unit.MainPid))
                await _systemd.StopUnitAsync(_unit, cancellation);
            await getty.WaitForChangeAsync(unit, cancellation);
        }
    }

    /// <summary>
    /// Lets somebody log in; the marker is back at once, so that the prompt returns when he logs out.
    /// </summary>
    /// <remarks>
    /// Those of other instances go as well for that moment: they wait for this console, and do not use it.
    /// </remarks>
    internal async Task LendAsync(CancellationToken cancellation)
    {
        string[] others = [.. Directory.GetDirectories("/run", AnyRuntime)
            .Select(directory => Path.Combine(directory, "prompt", _console))
            .Where(marker => marker != _marker && File.Exists(marker))];
        Array.ForEach(others, File.Delete);
        try
        {
            await ReturnAsync(cancellation);
        }
        finally
        {
            // Also when this prompt ends meanwhile: the others go on.
            Reserve();
            foreach (string other in others.Where(static other => Directory.Exists(Path.GetDirectoryName(other))))
                File.WriteAllBytes(other, []);
        }
    }

    /// <summary>Gives the console back to its getty.</summary>
    /// <remarks>
    /// systemd starts the getty in any case; one that waits for something else holds up neither a stop nor the next
    /// prompt.
    /// </remarks>
    internal async Task ReturnAsync()
    {
        using CancellationTokenSource limit = new(s_returning);
        await ReturnAsync(limit.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task ReturnAsync(CancellationToken cancellation)
    {
        File.Delete(_marker);
        if (!IsConfigured)
            return;
        try
        {
            await _systemd.StartUnitAsync(_unit, cancellation);
        }
        catch (SystemdException)
        {
            // While the system shuts down no unit can be started, and none is wanted.
        }
    }

    private static bool IsWaitingForName(int pid)
    {
        try
        {
            // Before it is agetty it is a child of systemd's, under systemd's name and then under one in parentheses.
            string name = KernelText.Read($"/proc/{pid}/comm").TrimEnd();
            return name is "agetty" or "(agetty)" || name.StartsWith("systemd", StringComparison.Ordinal);
        }
        catch (IOException)
        {
            return false;
        }
    }
}
