using UnlockDaemon.Rig;
using Xunit;

namespace UnlockDaemon.GuestTests;

/// <summary>A console that is plugged in while the others are prompted on, as a USB serial adapter is.</summary>
public sealed class HotPlugTests(UnlockdGuest fixture) : UnlockdTest(fixture), IAsyncLifetime
{
    private const string Terminal = "ttyS1";

    public override async ValueTask DisposeAsync()
    {
        await Guest.RunAsync(
            "sed -i 's/, ttyS1]/]/' /etc/unlockd/unlockd.yaml; systemctl restart unlockd",
            cancellationToken: CancellationToken.None);
        await base.DisposeAsync();
    }

    [Fact]
    public async Task ConsoleThatAppearsIsPromptedOnAndUnlocks()
    {
        await RunAsync("""
            ! [ -e /dev/ttyS1 ]
            sed -i '/^consoles:/s/]/, ttyS1]/' /etc/unlockd/unlockd.yaml
            systemctl restart unlockd
            """);
        await PromptAgainAsync();
        GuestConsole console = await Guest.PlugTerminalAsync(Terminal, Cancellation);
        await console.ExpectAsync("Passphrase: ", Soon, Cancellation);

        // Pulled out and plugged in again.
        await UnplugAsync();
        await RunAsync("until journalctl -b -u unlockd -o cat | grep -q '^ttyS1 is gone'; do sleep 0.1; done; "
            + "! [ -e /dev/ttyS1 ]");
        console.SkipReceived();
        await Guest.PlugTerminalAsync(Terminal, Cancellation);
        await console.ExpectAsync("Passphrase: ", Soon, Cancellation);
        await console.SendAsync(UnlockdGuest.Passphrase + "\r", Cancellation);
        await console.ExpectAsync("is mounted", Soon, Cancellation);
        await console.ExpectAsync("all services are ready", TimeSpan.FromMinutes(1), Cancellation);
        await UnplugAsync();

        Assert.DoesNotContain(UnlockdGuest.Passphrase, console.Transcript, StringComparison.Ordinal);
        Assert.Equal("ready", await StateAsync());
    }

    /// <summary>User-Mode Linux takes no line away that is open: so it is hung up (TIOCVHANGUP) first.</summary>
    private async Task UnplugAsync()
    {
        for (int i = 0; ; i++)
        {
            await RunAsync("perl -MFcntl "
                + "-e 'sysopen(T, \"/dev/ttyS1\", O_RDWR | O_NOCTTY | O_NONBLOCK) or die $!; ioctl(T, 0x5437, 0)'");
            try
            {
                await Guest.UnplugTerminalAsync(Terminal, Cancellation);
                return;
            }
            catch (InvalidOperationException) when (i < 10)
            {
                // The daemon was quick to open it again; each time it takes longer to.
            }
        }
    }
}
