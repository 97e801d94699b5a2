namespace UnlockDaemon.Rig;

/// <summary>A node of a Ganeti cluster: a container with systemd and the package unlockd-ganeti.</summary>
public sealed class GanetiNode : IAsyncDisposable
{
    private static readonly TimeSpan s_bootTimeout = TimeSpan.FromSeconds(60);
    private readonly ChildProcess _process;
    private readonly string _directory;
    private readonly string _log;

    private GanetiNode(string name, string address, ChildProcess process, string directory, string log)
    {
        _directory = directory;
        Name = name;
        Address = address;
        _process = process;
        _log = log;
    }

    /// <summary>Its name in the cluster.</summary>
    public string Name { get; }

    /// <summary>Its address on the guests' network.</summary>
    public string Address { get; }

    /// <summary>Runs a command as root, by its shell.</summary>
    /// <param name="command">The command.</param>
    /// <param name="timeout">How long it may take; 60 s unless given.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>What it did, also if it failed.</returns>
    public Task<CommandResult> RunAsync(
        string command, TimeSpan? timeout = null, CancellationToken cancellationToken = default) =>
        HostCommand.RunAsync("ssh", [.. HostCommand.SshArguments(Address), command],
            timeout: timeout, cancellationToken: cancellationToken);

    /// <summary>Pulls the plug.</summary>
    public async ValueTask DisposeAsync()
    {
        await _process.KillAsync();
        Directory.Delete(_directory, recursive: true);
    }

    internal static async Task<GanetiNode> BootAsync(
        string tree, string package, string name, string address, string bridge, string shared, string logs)
    {
        string directory = Workplace.NewRunDirectory();
        string log = Path.Combine(logs, $"{name}.log");
        string[] command =
        [
            "unshare", "--mount", "--propagation", "private",
            Path.Combine(Workplace.Repository, "tests/guest/ganeti-node"),
            directory, tree, name, address, bridge, package, shared,
        ];
        return new GanetiNode(name, address, await ChildProcess.StartAsync(command, [], log), directory, log);
    }

    /// <summary>Awaits the end of its boot.</summary>
    internal async Task WaitUntilReadyAsync(CancellationToken cancellationToken)
    {
        using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(s_bootTimeout);
        while (!_process.Exited.IsCompleted && !limit.IsCancellationRequested)
        {
            // There is no event to wait for: the container's first word to the outside is that its sshd answers.
            CommandResult running = await RunAsync(
                "systemctl is-system-running --wait", cancellationToken: cancellationToken);
            if (running.ExitCode != 255)
                return;
            await Task.Delay(200, cancellationToken);
        }

        throw new InvalidOperationException(
            $"{Name} did not boot:\n{await File.ReadAllTextAsync(_log, cancellationToken)}");
    }
}
