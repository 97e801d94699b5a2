namespace UnlockDaemon.Rig;

/// <summary>A command in a guest that runs on a terminal over SSH.</summary>
public sealed class SshTerminal : IAsyncDisposable
{
    private readonly ChildProcess _ssh;

    private SshTerminal(GuestConsole console, ChildProcess ssh)
    {
        Console = console;
        _ssh = ssh;
    }

    /// <summary>What it shows, and where to type.</summary>
    public GuestConsole Console { get; }

    /// <summary>Ends with the command's exit code; 255 if SSH itself failed.</summary>
    public Task<int> Exited => _ssh.Exited;

    /// <summary>Hangs up.</summary>
    public async ValueTask DisposeAsync()
    {
        await _ssh.KillAsync();
        Console.Dispose();
    }

    internal static async Task<SshTerminal> StartAsync(string[] arguments, string log, long start)
    {
        GuestConsole console = new("ssh", $"{log}.log", start);
        string[] command = ["env", "TERM=xterm-256color", "ssh", "-tt", .. arguments];
        ChildProcess ssh = await ChildProcess.StartAsync(command, [], $"{log}.error.log", console.GuestEnd);
        console.ReleaseGuestEnd();
        return new SshTerminal(console, ssh);
    }
}
