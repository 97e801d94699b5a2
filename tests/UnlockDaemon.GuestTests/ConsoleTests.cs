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

    [Fact]
    public async Task RunsCommandsOnATerminalOverSsh()
    {
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        await using SshTerminal terminal = await booted.Guest.OpenTerminalAsync(
            "read -rsp 'secret? ' word; echo; tty; exit ${#word}");
        await terminal.Console.ExpectAsync("secret? ", cancellationToken: cancellation);
        await terminal.Console.SendAsync("hidden\n", cancellation);
        ConsoleMatch tty = await terminal.Console.ExpectAsync("/dev/pts/", cancellationToken: cancellation);
        Assert.DoesNotContain("hidden", tty.Before, StringComparison.Ordinal);
        Assert.Equal(6, await terminal.Exited.WaitAsync(TimeSpan.FromSeconds(20), cancellation));
    }

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
