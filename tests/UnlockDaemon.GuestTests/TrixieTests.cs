using UnlockDaemon.Rig;
using Xunit;

namespace UnlockDaemon.GuestTests;

/// <summary>Debian 13: the package works there too, and systemd's own Varlink client speaks with the socket.</summary>
public sealed class TrixieTests
{
    private const string Socket = "unix:/run/unlockd/org.unlockd";

    [Fact]
    public async Task PackageUnlocksAndVarlinkctlTalksToIt()
    {
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        await using Guest guest = await UnlockdGuest.BootAsync(new GuestOptions { Name = "trixie", MemoryMiB = 384 }, GuestSystem.Trixie);
        CommandResult seen = await guest.RunAsync($$$"""
            varlinkctl info {{{Socket}}}
            varlinkctl introspect {{{Socket}}} org.unlockd | head -n 3
            varlinkctl call {{{Socket}}} org.unlockd.Status '{}'
            (timeout 20 varlinkctl call --more {{{Socket}}} org.unlockd.Watch '{}' >/root/watched; true) &
            sleep 1
            varlinkctl call --more {{{Socket}}} org.unlockd.Unlock '{"passphrase":"'$(base64 -w0 /root/passphrase)'"}' | tail -n 3
            unlockctl status | head -n 1
            unlockctl lock >/dev/null && echo locked-and-proven
            grep -c '"state"' /root/watched
            """, TimeSpan.FromMinutes(3), cancellationToken: cancellation);
        Assert.Contains("org.varlink.service", seen.Output, StringComparison.Ordinal);
        Assert.Contains("interface org.unlockd", seen.Output, StringComparison.Ordinal);
        Assert.Contains(": ready since", seen.Output, StringComparison.Ordinal);
        Assert.Contains("locked-and-proven", seen.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("\n0\n", seen.Output, StringComparison.Ordinal);
    }
}
