using UnlockDaemon.Rig;
using Xunit;

namespace UnlockDaemon.GuestTests;

/// <summary>"unlockctl watch", on a terminal.</summary>
public sealed class WatchTests(UnlockdGuest fixture) : UnlockdTest(fixture)
{
    [Fact]
    public async Task ShowsWhatHappensAsItHappensUntilInterrupted()
    {
        await using SshTerminal terminal = await Guest.OpenTerminalAsync("unlockctl watch");
        await ExpectAsync(terminal, "locked           is the state now");
        Task<string> unlock = UnlockAsync();
        await ExpectAsync(terminal, "mounted on /var/secure", "mysql            starting");
        // MySQL alone takes seconds: this is seen while it starts.
        Assert.False(unlock.IsCompleted, "seen only when the unlock was over");
        await ExpectAsync(terminal, "mysql            ready", "utm5_rfw         ready", "all services are ready");
        await unlock;
        await RunAsync("unlockctl lock --reason test");
        await ExpectAsync(terminal, "state    stopping", "mysql            stopped", "mapping          down",
            "check    key gone",
            "state    locked");

        await terminal.Console.SendAsync("\u0003", Cancellation);
        Assert.Equal(0, await terminal.Exited.WaitAsync(Soon, Cancellation));
    }

    private static async Task ExpectAsync(SshTerminal terminal, params string[] texts)
    {
        foreach (string text in texts)
            await terminal.Console.ExpectAsync(text, TimeSpan.FromMinutes(1), Cancellation);
    }
}
