using System.Diagnostics;
using System.Threading.Channels;

namespace UnlockDaemon.Rig;

/// <summary>An instance with its own kernel, systemd, disk and consoles.</summary>
/// <remarks>Disposing it is pulling the plug. Nothing of it outlives this process, but for its logs.</remarks>
public sealed partial class Guest : IAsyncDisposable
{
    private static readonly TimeSpan s_defaultTimeout = TimeSpan.FromSeconds(60);
    private readonly GuestOptions _options;
    private readonly string _directory;
    private readonly NetworkPort? _port;
    private readonly long _start = Stopwatch.GetTimestamp();
    private readonly Machine _machine;
    private readonly List<GuestConsole> _consoles = [];
    private readonly List<GuestConsole> _shellConsoles = [];
    private readonly List<GuestConsole> _pluggable = [];
    private readonly Channel<CommandShell> _idleShells = Channel.CreateUnbounded<CommandShell>();
    private readonly List<CommandShell> _shells = [];
    private ChildProcess? _process;

    private Guest(GuestDisk disk, GuestOptions options)
    {
        Disk = disk;
        _options = options;
        _directory = Workplace.NewRunDirectory();
        LogDirectory = Workplace.NewLogDirectory(options.Name);
        _port = options.Network?.AddPort();
        _machine = Machine.Create(options.Machine, _directory);
        foreach (string terminal in _machine.Terminals)
            _consoles.Add(NewConsole(terminal));
        foreach (string terminal in options.PluggableTerminals)
            _pluggable.Add(NewConsole(terminal));
        foreach (string terminal in _machine.ShellTerminals)
        {
            GuestConsole console = NewConsole(terminal);
            _shellConsoles.Add(console);
            _shells.Add(new CommandShell(console));
        }
    }

    /// <summary>The screen and keyboard: /dev/tty1. Only a user-mode guest has them.</summary>
    public GuestConsole Tty1 => Console("tty1");

    /// <summary>The serial line: /dev/ttyS0.</summary>
    public GuestConsole TtyS0 => Console("ttyS0");

    /// <summary>The hypervisor's console: /dev/hvc0. Only an emulated guest has one.</summary>
    public GuestConsole Hvc0 => Console("hvc0");

    /// <summary>Its disk: /dev/ubda, or /dev/vda if emulated.</summary>
    public GuestDisk Disk { get; }

    /// <summary>Where the logs of its consoles and of its kernel process are.</summary>
    public string LogDirectory { get; }

    /// <summary>A directory of the host: /mnt/host in the guest, once <see cref="ShareAsync"/> has run.</summary>
    public string ShareDirectory => Path.Combine(_directory, "share");

    /// <summary>Its address on the network.</summary>
    /// <exception cref="InvalidOperationException">It is on none.</exception>
    public string Address => _port?.Address ??
        throw new InvalidOperationException($"{_options.Name} has no network: give GuestOptions.Network");

    /// <summary>When the shell answered first, since the start: early in the boot.</summary>
    public TimeSpan ShellReadyAfter { get; private set; }

    /// <summary>When systemd was done with all jobs of the boot; zero if that was not awaited.</summary>
    public TimeSpan RunningAfter { get; private set; }

    /// <summary>The time since its start, the clock of all console matches.</summary>
    public TimeSpan Elapsed => Stopwatch.GetElapsedTime(_start);

    /// <summary>Ends with its process; power-off gives 0.</summary>
    public Task<int> Exited => _process!.Exited;

    /// <summary>Boots a guest on a throw-away disk.</summary>
    /// <param name="image">What it boots from.</param>
    /// <param name="options">How it is made.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <returns>The guest, booted as far as the options say; its disk goes with it.</returns>
    /// <exception cref="TimeoutException">It did not come up in time.</exception>
    /// <exception cref="EndOfStreamException">It ended instead.</exception>
    public static async Task<Guest> BootAsync(GuestImage image, GuestOptions? options = null,
        CancellationToken cancellationToken = default)
    {
        GuestDisk disk = options?.Machine == GuestMachine.Emulated
            ? await GuestDisk.CopyOfAsync(image, cancellationToken)
            : GuestDisk.Upon(image);
        return await BootAsync(disk, options, cancellationToken);
    }

    /// <summary>Boots a guest from a disk of its own, such as the copy of another's.</summary>
    /// <param name="disk">The disk; it is the guest's from now on.</param>
    /// <param name="options">How it is made.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <returns>The guest, booted as far as the options say.</returns>
    /// <exception cref="TimeoutException">It did not come up in time.</exception>
    /// <exception cref="EndOfStreamException">It ended instead.</exception>
    public static async Task<Guest> BootAsync(GuestDisk disk, GuestOptions? options = null,
        CancellationToken cancellationToken = default)
    {
        Guest guest = new(disk, options ?? new GuestOptions());
        try
        {
            await guest.StartAsync(cancellationToken);
            return guest;
        }
        catch
        {
            await guest.DisposeAsync();
            throw;
        }
    }

    /// <summary>Switches it off, as an operator does; the shutdown's own work is awaited.</summary>
    /// <param name="timeout">How long it may take; 60 s unless given.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>How long it took.</returns>
    /// <exception cref="TimeoutException">It hangs.</exception>
    public async Task<TimeSpan> PowerOffAsync(TimeSpan? timeout = null, CancellationToken cancellationToken = default)
    {
        TimeSpan begun = Elapsed;
        await OrderAsync("systemctl poweroff", cancellationToken);
        await Exited.WaitAsync(timeout ?? s_defaultTimeout, cancellationToken);
        return Elapsed - begun;
    }

    /// <summary>Reboots it and awaits the next boot, as far as the options say.</summary>
    /// <param name="timeout">How long the way down may take; 60 s unless given.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>When it is up again.</returns>
    public async Task RebootAsync(TimeSpan? timeout = null, CancellationToken cancellationToken = default)
    {
        await OrderAsync("systemctl reboot", cancellationToken);
        await WaitForBootAsync((timeout ?? s_defaultTimeout) + _options.BootTimeout, cancellationToken);
    }

    /// <summary>Pulls the plug.</summary>
    /// <returns>When no process of it is left.</returns>
    public Task KillAsync() => _process?.KillAsync() ?? Task.CompletedTask;

    /// <summary>Stops its time, as a hypervisor does for a snapshot or a migration.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>When it stands still.</returns>
    public Task FreezeAsync(CancellationToken cancellationToken = default) =>
        _machine.FreezeAsync(cancellationToken);

    /// <summary>Lets it go on after <see cref="FreezeAsync"/>.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>When it runs.</returns>
    public Task ContinueAsync(CancellationToken cancellationToken = default) =>
        _machine.ContinueAsync(cancellationToken);

    /// <summary>Plugs in one of <see cref="GuestOptions.PluggableTerminals"/>: its node appears in /dev.</summary>
    /// <param name="name">The terminal.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>What it shows, and where to type.</returns>
    public async Task<GuestConsole> PlugTerminalAsync(string name, CancellationToken cancellationToken = default)
    {
        GuestConsole console =
            _pluggable.First(console => string.Equals(console.Name, name, StringComparison.Ordinal));
        await _machine.PlugAsync(console, cancellationToken);
        return console;
    }

    /// <summary>Unplugs a terminal: it is hung up, and its node goes away.</summary>
    /// <param name="name">The terminal.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>When it is gone.</returns>
    public Task UnplugTerminalAsync(string name, CancellationToken cancellationToken = default) =>
        _machine.UnplugAsync(name, cancellationToken);

    /// <summary>Pulls the plug and removes its disk.</summary>
    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        foreach (GuestConsole console in (GuestConsole[])[.. _consoles, .. _shellConsoles, .. _pluggable])
            console.Dispose();
        if (_port is not null)
            await _port.DisposeAsync();
        Disk.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    private GuestConsole Console(string name) =>
        _consoles.Find(console => string.Equals(console.Name, name, StringComparison.Ordinal)) ??
        throw new InvalidOperationException(
            $"{_options.Name} has no {name}; it has {string.Join(' ', _machine.Terminals)}");
}
