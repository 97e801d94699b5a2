using System.Text.Json;
using UnlockDaemon.Rig;
using Xunit;

namespace UnlockDaemon.GuestTests;

/// <summary>What a real Ganeti does with an instance that unlockd is in.</summary>
public sealed class GanetiTests(GanetiInstance instance) : GanetiTest(instance)
{
    private const string Migrate = $"gnt-instance migrate -f {GanetiInstance.Name}";
    private const string Forced = $"{GanetiInstance.Name} unlockd:force";
    private const string ForceFile = $"/etc/unlockd-ganeti/force/{GanetiInstance.Name}";
    private const string Start = $"gnt-instance startup {GanetiInstance.Name}";

    [Fact]
    public async Task MigrationPassesOnACertificateAndThePromptIsBackAfterIt()
    {
        await UnlockAsync();
        string before = await PrimaryAsync();
        Guest.Tty1.SkipReceived();
        CommandResult migration = await OnMasterAsync(Migrate);
        JsonElement[] certificates = await CertificatesAsync();

        Assert.Equal(0, migration.ExitCode);
        Assert.NotEqual(before, await PrimaryAsync());
        await Guest.Tty1.ExpectAsync("Passphrase: ", Soon, Cancellation);
        Assert.Equal(("locked", false), await StateAsync());
        Assert.Equal(2, certificates.Length);
        Assert.All(certificates, static certificate =>
            Assert.Equal("ganeti migrate", certificate.GetProperty("reason").GetString()));
        Assert.NotEqual(certificates[0].GetProperty("nonce").GetString(),
            certificates[1].GetProperty("nonce").GetString());
    }

    [Fact]
    public async Task MigrationIsAbortedWhenAStrangerHoldsTheVolume()
    {
        await UnlockAsync();
        await RunAsync("sleep 1000 </var/secure/mysql/aria_log_control & echo $! >/root/holder");
        string before = await PrimaryAsync();
        CommandResult migration = await OnMasterAsync(Migrate);
        string pid = await RunAsync("cat /root/holder; kill $(cat /root/holder)");

        AssertDenied(migration, "migrate", $"sleep (pid {pid}");
        Assert.Equal(before, await PrimaryAsync());
        Assert.Equal(("ready", false), await StateAsync());
        Assert.Equal("active", await RunAsync("systemctl is-active mariadb"));
    }

    [Fact]
    public async Task MigrationIsAbortedWhenTheGuestIsUnreachable()
    {
        await UnlockAsync();
        await RunAsync("ip link set vec0 down");
        try
        {
            AssertDenied(await OnMasterAsync(Migrate), "migrate", "the guest cannot be reached at " + Guest.Address);
        }
        finally
        {
            await RunAsync("ip link set vec0 up");
        }

        Assert.Equal(("ready", false), await StateAsync());
    }

    [Fact]
    public async Task MigrationIsAbortedWhenTheHookTimesOut()
    {
        await UnlockAsync();
        await RunAsync("systemctl kill -s STOP unlockd");
        try
        {
            AssertDenied(await OnMasterAsync(Migrate), "migrate", "no answer from " + Guest.Address);
        }
        finally
        {
            await RunAsync("systemctl kill -s CONT unlockd");
        }

        Assert.Equal(("ready", false), await StateAsync());
    }

    [Fact]
    public async Task MigrationIsAbortedWhenTheHostKeyHasChanged()
    {
        await UnlockAsync();
        await RunAsync("""
            mv /etc/ssh/ssh_host_ed25519_key /root/ && mv /etc/ssh/ssh_host_ed25519_key.pub /root/
            ssh-keygen -q -t ed25519 -N '' -f /etc/ssh/ssh_host_ed25519_key
            systemctl restart ssh
            """);
        try
        {
            AssertDenied(await OnMasterAsync(Migrate), "migrate", "the host key of " + Guest.Address + " has changed");
        }
        finally
        {
            await RunAsync("mv /root/ssh_host_ed25519_key* /etc/ssh/ && systemctl restart ssh");
        }

        Assert.Equal(("ready", false), await StateAsync());
    }

    [Fact]
    public async Task FailoverPassesWithTheMasterNotThePrimary()
    {
        if (await PrimaryAsync() == Master.Name)
            Assert.Equal(0, (await OnMasterAsync(Migrate)).ExitCode);
        await UnlockAsync();
        CommandResult failover = await OnMasterAsync($"gnt-instance failover -f {GanetiInstance.Name}");

        Assert.Equal(0, failover.ExitCode);
        Assert.Equal(Master.Name, await PrimaryAsync());
        Assert.Equal(("locked", false), await StateAsync());
        Assert.Equal("ganeti failover", (await CertificatesAsync())[0].GetProperty("reason").GetString());
    }

    [Theory]
    [InlineData("reboot", "gnt-instance reboot " + GanetiInstance.Name)]
    [InlineData("stop", "gnt-instance shutdown " + GanetiInstance.Name + " && " + Start)]
    [InlineData("export", "gnt-backup export --long-sleep -n node1.example.com " + GanetiInstance.Name)]
    public async Task LocksBefore(string operation, string command)
    {
        await UnlockAsync();
        CommandResult result = await OnMasterAsync(command);
        Assert.True(result.ExitCode == 0, result.Output + result.Error);
        Assert.Equal("ganeti " + operation, (await CertificatesAsync())[0].GetProperty("reason").GetString());
        Assert.Equal(("locked", false), await StateAsync());
    }

    [Fact]
    public async Task StopIsDeniedWhenAStrangerHoldsTheVolume()
    {
        await UnlockAsync();
        await RunAsync("sleep 1000 </var/secure/mysql/aria_log_control & echo $! >/root/holder");
        CommandResult stop = await OnMasterAsync($"gnt-instance shutdown {GanetiInstance.Name}");
        await RunAsync("kill $(cat /root/holder)");
        AssertDenied(stop, "stop", "sleep (pid");
    }

    [Fact]
    public async Task StoppedInstanceThatDoesNotAnswerIsLeftAlone()
    {
        await OnMasterAsync($"gnt-instance shutdown {GanetiInstance.Name}");
        await RunAsync("ip link set vec0 down");
        string before = await PrimaryAsync();
        CommandResult failover = await OnMasterAsync($"gnt-instance failover -f {GanetiInstance.Name}");
        await RunAsync("ip link set vec0 up");
        await OnMasterAsync(Start);
        Assert.True(failover.ExitCode == 0, failover.Output + failover.Error);
        Assert.NotEqual(before, await PrimaryAsync());
    }

    [Theory]
    [InlineData(0, "gnt-instance migrate -f --dry-run " + GanetiInstance.Name)]
    [InlineData(1, "gnt-backup export -n node1.example.com " + GanetiInstance.Name
        + "; code=$?; " + Start + "; exit $code")]
    [InlineData(1, "gnt-cluster command -n node2.example.com mv /etc/unlockd-ganeti/id_ed25519 /root; " + Migrate
        + "; code=$?; gnt-cluster command -n node2.example.com mv /root/id_ed25519 /etc/unlockd-ganeti; exit $code")]
    public async Task OperationThatIsNeverDoneEndsWithThePromptBack(int code, string command)
    {
        await UnlockAsync();
        await ConfigureAsync("hold_limit = 600", "hold_limit = 10");
        Guest.Tty1.SkipReceived();
        try
        {
            CommandResult tried = await OnMasterAsync(command);
            Assert.True(tried.ExitCode == code, tried.Output + tried.Error);
        }
        finally
        {
            await ConfigureAsync("hold_limit = 10", "hold_limit = 600");
        }

        // No earlier than the hold ends: nobody types a passphrase into what is being moved.
        ConsoleMatch prompt = await Guest.Tty1.ExpectAsync("Passphrase: ", TimeSpan.FromSeconds(40), Cancellation);
        DateTimeOffset shown = DateTimeOffset.UtcNow - (Guest.Elapsed - prompt.At);
        DateTimeOffset locked = (await CertificatesAsync())[0].GetProperty("issuedAt").GetDateTimeOffset();
        Assert.True(shown - locked > TimeSpan.FromSeconds(9), $"locked at {locked}, prompt at {shown}");
        Assert.Equal(("locked", false), await StateAsync());
    }

    [Fact]
    public async Task CleanupLocksAndReleasesToo()
    {
        await UnlockAsync();
        CommandResult cleanup = await OnMasterAsync($"gnt-instance migrate -f --cleanup {GanetiInstance.Name}");
        Assert.True(cleanup.ExitCode == 0, cleanup.Output + cleanup.Error);
        Assert.Equal(("locked", false), await StateAsync());
    }

    [Theory]
    [InlineData("gnt-instance add-tags " + Forced, "gnt-instance remove-tags " + Forced, "unlockd:force")]
    [InlineData("gnt-cluster command touch " + ForceFile, "gnt-cluster command rm " + ForceFile, ForceFile)]
    public async Task ForceLetsTheFailoverOfADeadGuestPassAndReminds(string force, string end, string reminder)
    {
        string before = await PrimaryAsync();
        await OnMasterAsync(force);
        await RunAsync("ip link set vec0 down");
        try
        {
            CommandResult failover = await OnMasterAsync($"gnt-instance failover -f {GanetiInstance.Name}");
            Assert.True(failover.ExitCode == 0, failover.Output + failover.Error);
            Assert.NotEqual(before, await PrimaryAsync());
            Assert.Contains(reminder, failover.Output + failover.Error, StringComparison.Ordinal);
        }
        finally
        {
            await RunAsync("ip link set vec0 up");
            await OnMasterAsync(end);
        }
    }

    [Fact]
    public async Task OperatorsOwnHoldOutlivesAMigration()
    {
        await RunAsync("unlockctl lock --hold --reason maintenance");
        CommandResult migration = await OnMasterAsync(Migrate);
        Assert.Equal(0, migration.ExitCode);
        Assert.Equal(("locked", true), await StateAsync());
        Assert.Equal("maintenance", (await StatusAsync()).GetProperty("holdReason").GetString());
    }

    [Fact]
    public async Task InstanceWithoutTheTagIsLeftAlone()
    {
        await UnlockAsync();
        await OnMasterAsync($"gnt-instance remove-tags {GanetiInstance.Name} unlockd");
        try
        {
            Assert.Equal(0, (await OnMasterAsync(Migrate)).ExitCode);
            Assert.Equal(("ready", false), await StateAsync());
        }
        finally
        {
            await OnMasterAsync($"gnt-instance add-tags {GanetiInstance.Name} unlockd");
        }
    }
}
