using UnlockDaemon.Rig;
using Xunit;

namespace UnlockDaemon.GuestTests;

/// <summary>A person can log in on the guest's consoles.</summary>
[Collection(GuestCollection.Name)]
public sealed class ConsoleTests(BootedGuest booted)
{
    [Fact]
    public Task LetsRootLogInOnTty1() => LogInAsync(booted.Guest.Tty1);

    [Fact]
    public Task LetsRootLogInOnTtyS0() => LogInAsync(booted.Guest.TtyS0);

    private static async Task LogInAsync(GuestConsole console)
    {
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        await console.ExpectAsync("login:", cancellationToken: cancellation);
        await console.SendAsync("root\n", cancellation);
        await console.ExpectAsync("Password:", cancellationToken: cancellation);
        await console.SendAsync("root\n", cancellation);
        await console.ExpectAsync("# ", cancellationToken: cancellation);
        await console.SendAsync("echo on-$(tty)\n", cancellation);
        await console.ExpectAsync($"on-/dev/{console.Name}", cancellationToken: cancellation);
        await console.SendAsync("exit\n", cancellation);
        await console.ExpectAsync("login:", cancellationToken: cancellation);
    }
}
