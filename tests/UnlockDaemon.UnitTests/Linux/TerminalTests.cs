using UnlockDaemon.Linux.Terminals;
using Xunit;

namespace UnlockDaemon.UnitTests.Linux;

public sealed class TerminalTests
{
    [Fact]
    public async Task WhatWasTypedAndNotReadIsNotLeftToALogin()
    {
        using PseudoTerminal console = new();
        using (Terminal prompt = Terminal.Open(console.Path))
        {
            prompt.EnterRawMode();
            console.Type("the rest of a passphrase\r");
            prompt.Write("seen");
            await console.ReadUntilAsync("seen", TestContext.Current.CancellationToken);
        }

        using Terminal login = Terminal.Open(console.Path);
        login.EnterRawMode();
        Assert.False(login.TryRead(out _));
    }
}
