namespace UnlockDaemon.Rig;

/// <summary>The ways of one kind of machine: how it is started and frozen, what its terminals are called.</summary>
/// <param name="directory">Where its sockets are.</param>
internal abstract class Machine(string directory)
{
    /// <summary>The terminals for people.</summary>
    internal abstract IReadOnlyList<string> Terminals { get; }

    /// <summary>The terminals of the harness's shells.</summary>
    internal abstract IReadOnlyList<string> ShellTerminals { get; }

    protected string Directory => directory;

    internal static Machine Create(GuestMachine kind, string directory) => kind switch
    {
        GuestMachine.UserMode => new UserModeMachine(directory),
        GuestMachine.Emulated => new EmulatedMachine(directory),
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "not a known machine"),
    };

    /// <summary>The command that starts it.</summary>
    /// <param name="wiring">What is plugged into it.</param>
    /// <param name="cancellationToken">Ends the wait for what has to be made first.</param>
    /// <returns>The program and its arguments.</returns>
    internal abstract Task<IReadOnlyList<string>> CommandAsync(Wiring wiring, CancellationToken cancellationToken);

    internal abstract Task FreezeAsync(CancellationToken cancellationToken);

    internal abstract Task ContinueAsync(CancellationToken cancellationToken);

    /// <summary>Connects a terminal to the running guest.</summary>
    internal virtual Task PlugAsync(GuestConsole console, CancellationToken cancellationToken) =>
        throw new NotSupportedException("only a user-mode guest can be plugged into");

    /// <summary>Takes a terminal away from the running guest.</summary>
    internal virtual Task UnplugAsync(string terminal, CancellationToken cancellationToken) =>
        throw new NotSupportedException("only a user-mode guest can be plugged into");
}
