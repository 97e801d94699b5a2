using UnlockDaemon.Rig;
using Xunit;

namespace UnlockDaemon.GuestTests;

/// <summary>A guest in QEMU, for the sake of hvc0.</summary>
public sealed class EmulatedGuestTests(ITestOutputHelper output)
{
    [Fact]
    public async Task OffersALoginOnHvc0AndCanBeFrozen()
    {
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        GuestImage image = await GuestImage.PrepareAsync(GuestSystem.Bookworm, GuestImage.FindPackage(), cancellation);
        await using GuestNetwork network = await GuestNetwork.CreateAsync(cancellation);
        GuestDisk disk = await GuestDisk.CopyOfAsync(image, cancellation);
        GuestOptions options = new() { Name = "emulated", Machine = GuestMachine.Emulated, Network = network };
        await using Guest guest = await Guest.BootAsync(disk, options, cancellation);
        ConsoleMatch login = await guest.Hvc0.ExpectAsync("login:", cancellationToken: cancellation);
        output.WriteLine($"login on hvc0 after {login.At.TotalSeconds:0.0} s");

        CommandResult modules = await guest.RunAsync("modprobe -a loop dm_crypt && cat /sys/class/tty/console/active",
            cancellationToken: cancellation);
        Assert.Equal("ttyS0 hvc0", modules.Require());
        await guest.FreezeAsync(cancellation);
        Task<CommandResult> waiting = guest.SshAsync("hostname", cancellationToken: cancellation);
        Task first = await Task.WhenAny(waiting, Task.Delay(TimeSpan.FromSeconds(3), cancellation));
        Assert.NotSame(waiting, first);
        await guest.ContinueAsync(cancellation);
        Assert.Equal("inst1", (await waiting).Require());
        await guest.PowerOffAsync(cancellationToken: cancellation);
        Assert.Equal(0, await guest.Exited);
    }
}
