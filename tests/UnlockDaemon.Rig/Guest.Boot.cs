namespace UnlockDaemon.Rig;

/// <content>The way up.</content>
public sealed partial class Guest
{
    private async Task StartAsync(CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(ShareDirectory);
        Wiring wiring =
            new(_options, Disk, _port, ShareDirectory, [.. _consoles, .. _shellConsoles], _pluggable);
        IReadOnlyList<string> command = await _machine.CommandAsync(wiring, cancellationToken);
        GuestConsole[] connected = [.. wiring.Consoles, .. wiring.Pluggable];
        int[] inherited = [.. connected.Select(console => console.GuestEnd)];
        _process = await ChildProcess.StartAsync(command, inherited, Path.Combine(LogDirectory, "machine.log"));
        foreach (GuestConsole console in connected)
            console.ReleaseGuestEnd();
        await WaitForBootAsync(_options.BootTimeout, cancellationToken);
    }

    private async Task WaitForBootAsync(TimeSpan timeout, CancellationToken cancellationToken)
    {
        while (_idleShells.Reader.TryRead(out _))
        {
            // Shells of the boot before, if any, are gone.
        }

        _shared = false;
        try
        {
            foreach (CommandShell shell in _shells)
            {
                ShellReadyAfter = await shell.WaitUntilReadyAsync(timeout, cancellationToken);
                _idleShells.Writer.TryWrite(shell);
            }

            if (!_options.WaitUntilRunning)
                return;
            // Its exit code tells "running" from "degraded"; which of them is right is for the test to say.
            await RunAsync("systemctl is-system-running --wait", timeout, cancellationToken: cancellationToken);
        }
        catch (TimeoutException late)
        {
            IEnumerable<string> said = _consoles.Select(static console => $"{console.Name}: {console.LastWords}");
            throw new TimeoutException($"{late.Message}\n{string.Join('\n', said)}", late);
        }

        RunningAfter = Elapsed;
    }

    private GuestConsole NewConsole(string name) =>
        new(name, Path.Combine(LogDirectory, $"{name}.log"), _start) { Received = _options.Received };
}
