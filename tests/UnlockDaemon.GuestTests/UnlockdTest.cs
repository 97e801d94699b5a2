using System.Text.Json;
using UnlockDaemon.Rig;
using Xunit;

namespace UnlockDaemon.GuestTests;

/// <summary>What the tests on the shared instance have in common; after each, the instance is locked again.</summary>
[Collection(UnlockdCollection.Name)]
public abstract class UnlockdTest(UnlockdGuest fixture) : IAsyncLifetime
{
    protected static readonly TimeSpan Soon = TimeSpan.FromSeconds(15);

    protected static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    protected Guest Guest => fixture.Guest;

    // Prints what is left of a volume. A key that is revoked or expired stays for a while, and nobody can read it.
    private const string FindLeft = """
        losetup -nl; ls /dev/mapper | grep -v control; grep -os '"Hold":{[^}]*' /var/lib/unlockd/boot
        awk '/cryptsetup:|unlockd:/ && $2 !~ /R/ && $4 != "expd"' /proc/keys
        """;

    protected const string LockWhatIsLeft = $$"""
        left=$({{FindLeft}})
        [ -z "$left" ] || { unlockctl release; unlockctl lock; }
        """;

    // How a file system was left, or that it is another one by now, would be held against the next test's.
    protected const string ForgetRecords =
        "systemctl stop unlockd; rm -f /var/lib/unlockd/boot /run/unlockctl/boot; systemctl start unlockd";

    /// <summary>Commands that lead back to the locked instance, run after each test.</summary>
    protected virtual string WayBack => $$"""
        {{LockWhatIsLeft}}
        unlockctl lock >/dev/null 2>&1 || { {{ForgetRecords}}; }
        systemctl reset-failed
        """;

    public virtual ValueTask InitializeAsync()
    {
        Guest.Tty1.SkipReceived();
        return ValueTask.CompletedTask;
    }

    public virtual async ValueTask DisposeAsync()
    {
        await Guest.RunAsync(WayBack, TimeSpan.FromMinutes(2), cancellationToken: CancellationToken.None);
        CommandResult left = await Guest.RunAsync(FindLeft, cancellationToken: CancellationToken.None);
        GC.SuppressFinalize(this);
        // Here it is this test's failure; in the next one it would be a riddle.
        Assert.True(left.Output.Length == 0, $"this test leaves behind: {left.Output}");
    }

    protected async Task<string> RunAsync(string command) =>
        (await Guest.RunAsync(command, TimeSpan.FromMinutes(3), cancellationToken: Cancellation)).Require();

    protected Task<CommandResult> TryAsync(string command) =>
        Guest.RunAsync(command, TimeSpan.FromMinutes(3), cancellationToken: Cancellation);

    protected Task<string> UnlockAsync() => RunAsync("unlockctl unlock --passphrase-file /root/passphrase");

    protected async Task<JsonElement> StatusAsync() =>
        JsonDocument.Parse((await TryAsync("unlockctl status --json")).Output).RootElement;

    protected async Task<string?> StateAsync() => (await StatusAsync()).GetProperty("state").GetString();

    /// <summary>Has tty1 show a fresh prompt: an empty line is no attempt.</summary>
    protected async Task PromptAgainAsync()
    {
        await RunAsync($"unlockctl lock >/dev/null 2>&1 || {{ {ForgetRecords}; }}");
        Guest.Tty1.SkipReceived();
        for (int i = 0; ; i++)
        {
            await Guest.Tty1.SendAsync("\u0015\r", Cancellation);
            try
            {
                await Guest.Tty1.ExpectAsync("Passphrase: ", TimeSpan.FromSeconds(2), Cancellation);
                return;
            }
            catch (TimeoutException) when (i < 10)
            {
                // The console is on its way from its getty to the prompt.
            }
        }
    }

    /// <summary>What the kernel has of the volume: nothing, when it is locked.</summary>
    protected Task<string> KernelStateAsync() =>
        RunAsync("losetup -nl; ls /dev/mapper | grep -v control; grep secure /proc/self/mountinfo; "
            + "grep cryptsetup: /proc/keys; true");
}
