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
        await using Guest guest = await UnlockdGuest.BootAsync(new GuestOptions { Name = "trixie", MemoryMiB = 384 },
            GuestSystem.Trixie);
        CommandResult seen = await guest.RunAsync($$$"""
            varlinkctl info {{{Socket}}}
            varlinkctl introspect {{{Socket}}} org.unlockd | head -n 3
            varlinkctl call {{{Socket}}} org.unlockd.Status '{}'
            varlinkctl call --more --timeout=infinity {{{Socket}}} org.unlockd.Watch '{}' >/root/watched &
            until grep -q locked /root/watched; do sleep 0.1; done
            varlinkctl call --more {{{Socket}}} org.unlockd.Unlock \
                '{"passphrase":"'$(base64 -w0 /root/passphrase)'"}' | tail -n 3
            unlockctl status | head -n 1
            unlockctl lock >/dev/null && echo locked-and-proven
            until grep -q 'all services are ready' /root/watched; do sleep 0.1; done; echo watched
            kill %1
            """, TimeSpan.FromMinutes(3), cancellationToken: cancellation);
        Assert.Contains("org.varlink.service", seen.Output, StringComparison.Ordinal);
        Assert.Contains("interface org.unlockd", seen.Output, StringComparison.Ordinal);
        Assert.Contains(": ready since", seen.Output, StringComparison.Ordinal);
        Assert.Contains("locked-and-proven", seen.Output, StringComparison.Ordinal);
        Assert.EndsWith("watched\n", seen.Output, StringComparison.Ordinal);
    }
}
