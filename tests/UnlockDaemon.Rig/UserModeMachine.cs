namespace UnlockDaemon.Rig;

/// <summary>User-Mode Linux.</summary>
internal sealed class UserModeMachine(string directory) : Machine(directory)
{
    internal override IReadOnlyList<string> Terminals { get; } = ["tty1", "ttyS0"];

    internal override IReadOnlyList<string> ShellTerminals { get; } = ["tty0", "tty8", "tty9"];

    private ManagementConsole ManagementConsole =>
        new(Path.Combine(Directory, "uml", "guest", "mconsole"), Path.Combine(Directory, "reply"));

    internal override async Task<IReadOnlyList<string>> CommandAsync(
        Wiring wiring, CancellationToken cancellationToken)
    {
        System.IO.Directory.CreateDirectory(Path.Combine(Directory, "uml"));
        string kernel = await GuestImage.RunScriptAsync("kernel").WaitAsync(cancellationToken);
        return ["unshare", "--mount", kernel, .. Arguments(wiring)];
    }

    internal override Task FreezeAsync(CancellationToken cancellationToken) =>
        ManagementConsole.OrderAsync("stop", cancellationToken);

    internal override Task ContinueAsync(CancellationToken cancellationToken) =>
        ManagementConsole.OrderAsync("go", cancellationToken);

    internal override Task PlugAsync(GuestConsole console, CancellationToken cancellationToken) =>
        ManagementConsole.OrderAsync($"config {Channel(console)}", cancellationToken);

    internal override Task UnplugAsync(string terminal, CancellationToken cancellationToken) =>
        ManagementConsole.OrderAsync($"remove {KernelName(terminal)}", cancellationToken);

    private IEnumerable<string> Arguments(Wiring wiring)
    {
        yield return $"mem={wiring.Options.MemoryMiB}M";
        yield return $"ubda={wiring.Disk.Argument}";
        for (int index = 0; index < wiring.Options.Disks.Count; index++)
            yield return $"ubd{(char)('b' + index)}={wiring.Options.Disks[index].Argument}";
        yield return $"uml_dir={Directory}/uml/";
        yield return "umid=guest";
        yield return $"hostfs={wiring.ShareDirectory}";
        string[] words =
            ["root=/dev/ubda", "rw", "quiet", "net.ifnames=0", "con=null", "ssl=null", "seccomp=auto"];
        foreach (string word in words)
            yield return word;
        foreach (GuestConsole console in wiring.Consoles)
            yield return Channel(console);
        foreach (GuestConsole console in wiring.Pluggable)
            yield return $"{KernelName(console.Name)}=none";
        foreach (string console in wiring.Options.KernelConsoles ?? ["ttyS0", "tty1"])
            yield return $"console={console}";
        if (wiring.Port is { } port)
        {
            yield return $"vec0:transport=tap,ifname={port.Interface},depth=128,gro=1";
            yield return $"rig.address={port.Address}/24";
        }

        foreach (string argument in wiring.Options.KernelArguments)
            yield return argument;
    }

    private static string Channel(GuestConsole console) =>
        $"{KernelName(console.Name)}=fd:{console.GuestNumber},fd:{console.GuestNumber}";

    private static string KernelName(string terminal) => terminal.StartsWith("ttyS", StringComparison.Ordinal)
        ? $"ssl{terminal[4..]}"
        : $"con{terminal[3..]}";
}
