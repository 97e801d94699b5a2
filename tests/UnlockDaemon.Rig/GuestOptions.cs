namespace UnlockDaemon.Rig;

/// <summary>How a guest is made.</summary>
public sealed record GuestOptions
{
    /// <summary>A name for its logs.</summary>
    public string Name { get; init; } = "guest";

    /// <summary>Its memory in MiB; what an instance of the users has unless given.</summary>
    public int MemoryMiB { get; init; } = 256;

    /// <summary>The network it is on; none if null.</summary>
    public GuestNetwork? Network { get; init; }

    /// <summary>What it runs on.</summary>
    public GuestMachine Machine { get; init; }

    /// <summary>
    /// The kernel's consoles; the last one is /dev/console. Unless given: ttyS0 and tty1, or ttyS0 and hvc0.
    /// </summary>
    public IReadOnlyList<string>? KernelConsoles { get; init; }

    /// <summary>
    /// Lines such as ttyS1 that <see cref="Guest.PlugTerminalAsync"/> plugs in later; user-mode guests only.
    /// </summary>
    public IReadOnlyList<string> PluggableTerminals { get; init; } = [];

    /// <summary>Further words for the kernel's command line.</summary>
    public IReadOnlyList<string> KernelArguments { get; init; } = [];

    /// <summary>Further disks: ubdb, ubdc and so on. They stay the caller's.</summary>
    public IReadOnlyList<GuestDisk> Disks { get; init; } = [];

    /// <summary>Gets what the consoles receive, from the first byte on; called on threads of the pool.</summary>
    public Action<GuestConsole, ReadOnlyMemory<byte>>? Received { get; init; }

    /// <summary>Whether the boot is over when systemd is done with all jobs, or once a shell answers.</summary>
    public bool WaitUntilRunning { get; init; } = true;

    /// <summary>How long the boot may take.</summary>
    public TimeSpan BootTimeout { get; init; } = TimeSpan.FromMinutes(2);
}
