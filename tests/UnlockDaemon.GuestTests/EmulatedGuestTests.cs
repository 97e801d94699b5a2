using UnlockDaemon.Rig;
using Xunit;

namespace UnlockDaemon.GuestTests;

/// <summary>A guest in QEMU, for the sake of hvc0.</summary>
public sealed class EmulatedGuestTests(ITestOutputHelper output)
{
    // It has to make every instruction of another machine, beside other guests.
    private static readonly TimeSpan s_boot = TimeSpan.FromMinutes(6);
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(2);

    [Fact]
    public async Task IsUnlockedFromHvc0()
    {
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        GuestOptions options = new() { Name = "hvc0", Machine = GuestMachine.Emulated, BootTimeout = s_boot };
        await using Guest guest = await UnlockdGuest.BootAsync(options);
        // A prompt that came before would be gone by the time it is answered.
        await guest.RunAsync("systemctl stop unlockd", cancellationToken: cancellation);
        guest.Hvc0.SkipReceived();
        guest.TtyS0.SkipReceived();
        await guest.RunAsync("systemctl start unlockd", cancellationToken: cancellation);
        await guest.Hvc0.ExpectAsync("Passphrase:", s_patience, cancellation);
        await guest.TtyS0.ExpectAsync("Passphrase:", s_patience, cancellation);
        await guest.Hvc0.SendAsync("wrong\n", cancellation);
        await guest.Hvc0.ExpectAsync("Wrong passphrase", s_patience, cancellation);
        await guest.Hvc0.ExpectAsync("Passphrase:", s_patience, cancellation);
        await guest.Hvc0.SendAsync(UnlockdGuest.Passphrase + "\n", cancellation);
        await guest.Hvc0.ExpectAsync("is mounted", s_patience, cancellation);
        await guest.Hvc0.ExpectAsync(": ready", s_patience, cancellation);
        await guest.Hvc0.ExpectAsync("login:", s_patience, cancellation);
        Assert.DoesNotContain(UnlockdGuest.Passphrase, guest.Hvc0.Transcript, StringComparison.Ordinal);
        CommandResult status = await guest.RunAsync("unlockctl status", cancellationToken: cancellation);
        Assert.Equal(0, status.ExitCode);
    }

    [Fact]
    public async Task OffersALoginOnHvc0AndCanBeFrozen()
    {
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        GuestImage image = await GuestImage.PrepareAsync(GuestSystem.Bookworm, package: null, cancellation);
        await using GuestNetwork network = await GuestNetwork.CreateAsync(cancellation);
        GuestOptions options =
            new() { Name = "emulated", Machine = GuestMachine.Emulated, Network = network, BootTimeout = s_boot };
        await using Guest guest = await Guest.BootAsync(image, options, cancellation);
        ConsoleMatch login = await guest.Hvc0.ExpectAsync("login:", s_patience, cancellation);
        output.WriteLine($"login on hvc0 after {login.At.TotalSeconds:0.0} s");

        CommandResult modules = await guest.RunAsync("modprobe -a loop dm_crypt && cat /sys/class/tty/console/active",
            cancellationToken: cancellation);
        Assert.Equal("ttyS0 hvc0", modules.Require());
        Assert.Equal("inst1", (await guest.SshAsync("hostname", cancellationToken: cancellation)).Require());
        await guest.FreezeAsync(cancellation);
        // Not over SSH: this machine gives a neighbour that it does not know up after 3 s without an answer.
        Task<CommandResult> waiting = guest.RunAsync("hostname", cancellationToken: cancellation);
        Task first = await Task.WhenAny(waiting, Task.Delay(TimeSpan.FromSeconds(3), cancellation));
        Assert.NotSame(waiting, first);
        await guest.ContinueAsync(cancellation);
        Assert.Equal("inst1", (await waiting).Require());
        await guest.PowerOffAsync(cancellationToken: cancellation);
        Assert.Equal(0, await guest.Exited);
    }
}
