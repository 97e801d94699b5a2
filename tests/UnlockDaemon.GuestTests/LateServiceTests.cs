using System.Text.Json;
using UnlockDaemon.Rig;
using Xunit;

namespace UnlockDaemon.GuestTests;

/// <summary>A service that becomes ready after its time is up.</summary>
public sealed class LateServiceTests(UnlockdGuest fixture) : UnlockdTest(fixture), IAsyncLifetime
{
    public override async ValueTask DisposeAsync()
    {
        await Guest.RunAsync("""
            unlockctl lock
            mv /root/saved.yaml /etc/unlockd/unlockd.yaml
            sed -i 's/^core_delay = .*/core_delay = 1.5/' /netup/utm5/utm5.cfg
            systemctl restart unlockd
            """, TimeSpan.FromMinutes(2), cancellationToken: CancellationToken.None);
        await base.DisposeAsync();
    }

    [Fact]
    public async Task IsTakenInWithThoseBehindItAndNotStartedAgain()
    {
        await RunAsync("""
            cp /etc/unlockd/unlockd.yaml /root/saved.yaml
            sed -i 's/timeout: 120s/timeout: 3s/' /etc/unlockd/unlockd.yaml
            sed -i 's/^core_delay = .*/core_delay = 8/' /netup/utm5/utm5.cfg
            systemctl restart unlockd
            """);
        CommandResult late = await TryAsync("unlockctl unlock --passphrase-file /root/passphrase");
        JsonElement[] services = [.. (await StatusAsync()).GetProperty("services").EnumerateArray()];
        string before = await RunAsync("""
            until (: </dev/tcp/127.0.0.1/11758) 2>/dev/null; do sleep 0.1; done
            systemctl show -p InvocationID --value mariadb utm5_core
            """);
        await RunAsync("for i in $(seq 300); do unlockctl status >/dev/null && break; sleep 0.1; done");
        string? meanwhile = await StateAsync();
        string again = await RunAsync("unlockctl unlock");

        Assert.Equal(1, late.ExitCode);
        Assert.Contains("utm5_core", late.Error, StringComparison.Ordinal);
        Assert.Matches("^not ready within [0-9.]+ s: ", Detail(services, "utm5_core"));
        Assert.Contains("waits for utm5_core, which failed", Detail(services, "utm5_radius"), StringComparison.Ordinal);
        Assert.Equal("ready", meanwhile);
        Assert.Contains("all services are ready", again, StringComparison.Ordinal);
        Assert.Equal("ready", await StateAsync());
        Assert.Equal(before, await RunAsync("systemctl show -p InvocationID --value mariadb utm5_core"));
    }

    private static string? Detail(JsonElement[] services, string name) =>
        services.First(service => service.GetProperty("name").GetString() == name).GetProperty("detail").GetString();
}
