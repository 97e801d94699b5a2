using UnlockDaemon.Rig;
using Xunit;

namespace UnlockDaemon.GuestTests;

/// <summary>Every kind of guest comes up, offers a login on its consoles, and goes down.</summary>
public sealed class SystemTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData(GuestSystem.Bookworm, "12")]
    [InlineData(GuestSystem.BookwormStock, "12")]
    [InlineData(GuestSystem.Trixie, "13")]
    [InlineData(GuestSystem.TrixieStock, "13")]
    public async Task BootsAndPowersOff(GuestSystem system, string version)
    {
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        GuestImage image = await GuestImage.PrepareAsync(system, package: null, cancellation);
        await using Guest guest = await Guest.BootAsync(image, new GuestOptions { Name = $"{system}" }, cancellation);
        ConsoleMatch screen = await guest.Tty1.ExpectAsync("login:", cancellationToken: cancellation);
        ConsoleMatch line = await guest.TtyS0.ExpectAsync("login:", cancellationToken: cancellation);

        CommandResult failed = await guest.RunAsync("systemctl --failed --no-legend", cancellationToken: cancellation);
        Assert.Empty(failed.Output);
        CommandResult id = await guest.RunAsync(". /etc/os-release; echo $VERSION_ID", cancellationToken: cancellation);
        Assert.Equal(version, id.Require());
        TimeSpan down = await guest.PowerOffAsync(cancellationToken: cancellation);
        output.WriteLine($"{system}: shell {guest.ShellReadyAfter.TotalSeconds:0.0} s, login on tty1 " +
            $"{screen.At.TotalSeconds:0.0} s, on ttyS0 {line.At.TotalSeconds:0.0} s, all jobs done " +
            $"{guest.RunningAfter.TotalSeconds:0.0} s, power-off {down.TotalSeconds:0.0} s");
    }
}
