namespace UnlockDaemon.Rig;

/// <content>The way up.</content>
public sealed partial class Guest
{
    private ManagementConsole ManagementConsole =>
        new(Path.Combine(_directory, "uml", "guest", "mconsole"), Path.Combine(_directory, "reply"));

    private async Task StartAsync(CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(Path.Combine(_directory, "uml"));
        Directory.CreateDirectory(ShareDirectory);
        string log = Path.Combine(LogDirectory, "kernel.log");
        int[] inherited = [.. AllConsoles().Select(console => console.GuestEnd)];
        _process = await ChildProcess.StartAsync([.. KernelCommand()], inherited, log);
        foreach (GuestConsole console in AllConsoles())
            console.ReleaseGuestEnd();
        await WaitForBootAsync(_options.BootTimeout, cancellationToken);
    }

    private IEnumerable<string> KernelCommand()
    {
        yield return "linux.uml";
        yield return $"mem={_options.MemoryMiB}M";
        yield return $"ubda={Disk.Argument}";
        for (int index = 0; index < _options.Disks.Count; index++)
            yield return $"ubd{(char)('b' + index)}={_options.Disks[index].Argument}";
        yield return $"uml_dir={_directory}/uml/";
        yield return "umid=guest";
        yield return $"hostfs={ShareDirectory}";
        foreach (string word in (string[])["root=/dev/ubda", "rw", "quiet", "net.ifnames=0", "con=null", "ssl=null"])
            yield return word;
        foreach (GuestConsole console in AllConsoles())
            yield return $"{KernelName(console.Name)}=fd:{console.GuestEnd},fd:{console.GuestEnd}";
        foreach (string console in _options.KernelConsoles)
            yield return $"console={console}";
        if (_port is not null)
        {
            yield return $"vec0:transport=tap,ifname={_port.Interface},depth=128,gro=1";
            yield return $"rig.address={_port.Address}/24";
        }

        foreach (string argument in _options.KernelArguments)
            yield return argument;
    }

    private async Task WaitForBootAsync(TimeSpan timeout, CancellationToken cancellationToken)
    {
        while (_idleShells.Reader.TryRead(out _))
        {
            // Shells of the boot before, if any, are gone.
        }

        _shared = false;
        foreach (CommandShell shell in _shells)
        {
            ShellReadyAfter = await shell.WaitUntilReadyAsync(timeout, cancellationToken);
            _idleShells.Writer.TryWrite(shell);
        }

        if (!_options.WaitUntilRunning)
            return;
        // Its exit code tells "running" from "degraded"; which of them is right is for the test to say.
        await RunAsync("systemctl is-system-running --wait", timeout, cancellationToken: cancellationToken);
        RunningAfter = Elapsed;
    }

    private GuestConsole NewConsole(string name) =>
        new(name, Path.Combine(LogDirectory, $"{name}.log"), _start) { Received = _options.Received };

    private IEnumerable<GuestConsole> AllConsoles() => [Tty1, TtyS0, .. _shellConsoles];

    private static string KernelName(string terminal) => terminal.StartsWith("ttyS", StringComparison.Ordinal)
        ? $"ssl{terminal[4..]}"
        : $"con{terminal[3..]}";
}
