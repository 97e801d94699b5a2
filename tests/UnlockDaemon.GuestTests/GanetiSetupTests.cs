using UnlockDaemon.Rig;
using Xunit;

namespace UnlockDaemon.GuestTests;

/// <summary>
/// The way from the nodes to the guest: how it is set up, how it is tested, and what it can not be used for.
/// </summary>
public sealed class GanetiSetupTests(GanetiInstance instance) : GanetiTest(instance)
{
    private const string Check = $"unlockd-ganeti check {GanetiInstance.Name}";
    private const string AsNode = "ssh -F none -i /etc/unlockd-ganeti/id_ed25519 "
        + "-o BatchMode=yes -o IdentitiesOnly=yes "
        + $"-o UserKnownHostsFile=/etc/unlockd-ganeti/known_hosts -o HostKeyAlias={GanetiInstance.Name} ";

    [Fact]
    public async Task CheckFindsAllInOrderOnBothNodesAndStopsNothing()
    {
        await UnlockAsync();
        string before = await RunAsync("systemctl show -p MainPID --value mariadb");
        string[] checks = await OnNodesAsync(Check);
        Assert.All(checks, static check => Assert.DoesNotContain("FAILED", check, StringComparison.Ordinal));
        Assert.All(checks, static check =>
            Assert.Contains("ok      unlockd answers, its volume is ready", check, StringComparison.Ordinal));
        Assert.Contains("ok      the instance has the tag unlockd", checks[0], StringComparison.Ordinal);
        Assert.Equal(before, await RunAsync("systemctl show -p MainPID --value mariadb"));
    }

    [Theory]
    [InlineData("chmod -x /etc/ganeti/hooks/instance-move-pre.d/50-unlockd",
        "chmod +x /etc/ganeti/hooks/instance-move-pre.d/50-unlockd",
        "hooks are missing or not executable, reinstall unlockd-ganeti: "
            + "/etc/ganeti/hooks/instance-move-pre.d/50-unlockd")]
    [InlineData("mv /etc/unlockd-ganeti/id_ed25519 /root", "mv /root/id_ed25519 /etc/unlockd-ganeti",
        "this node has no key")]
    [InlineData("chmod 644 /etc/unlockd-ganeti/id_ed25519", "chmod 600 /etc/unlockd-ganeti/id_ed25519",
        "must be root's alone")]
    [InlineData("mv /etc/unlockd-ganeti/known_hosts /root", "mv /root/known_hosts /etc/unlockd-ganeti",
        "no host key of inst1.example.com is pinned")]
    [InlineData("sed -i 's/^timeout = 40$/timeout = 25/' /etc/unlockd-ganeti/config",
        "sed -i 's/^timeout = 25$/timeout = 40/' /etc/unlockd-ganeti/config",
        "timeout (25) must be at least 10 more than deadline (20)")]
    [InlineData("touch /etc/unlockd-ganeti/force/inst1.example.com", "rm /etc/unlockd-ganeti/force/inst1.example.com",
        "is moved unlocked")]
    public async Task CheckNamesWhatIsWrongOnTheNode(string fault, string repair, string expected)
    {
        CommandResult check = await OnMasterAsync($"{fault}; {Check}; code=$?; {repair}; exit $code");
        Assert.Equal(1, check.ExitCode);
        Assert.Contains("FAILED  ", check.Output, StringComparison.Ordinal);
        Assert.Contains(expected, check.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("systemctl stop unlockd", "systemctl start unlockd", "the daemon does not answer")]
    [InlineData("systemctl stop ssh", "systemctl start ssh", "the guest cannot be reached at")]
    [InlineData("mv /root/.ssh/authorized_keys /root/away", "mv /root/away /root/.ssh/authorized_keys",
        "does not take this node's key")]
    [InlineData("sed -i.good 's/^restrict,.* ssh-/ssh-/' /root/.ssh/authorized_keys",
        "mv /root/.ssh/authorized_keys.good /root/.ssh/authorized_keys",
        "the key is not restricted")]
    [InlineData("echo 'echo hello' >>/root/.bashrc", "sed -i '$d' /root/.bashrc",
        "does its /root/.bashrc print something?")]
    public async Task CheckNamesWhatIsWrongInTheGuest(string fault, string repair, string expected)
    {
        await RunAsync(fault);
        CommandResult check = await OnMasterAsync(Check);
        await RunAsync(repair);
        Assert.Equal(1, check.ExitCode);
        Assert.Contains(expected, check.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task KeyCanDoNothingElseInTheGuest()
    {
        string[] attempts =
        [
            "", "id", "status;id", "status id", "status\nid", " status", "unlock", "lock",
            "lock $(id) migrate", "release x",
            "check 0123456789abcdef0123456789abcde", "check 0123456789ABCDEF0123456789ABCDEF",
            "check 0123456789abcdef0123456789abcdef id",
            "lock 0123456789abcdef0123456789abcdef 'a b'", "lock 0123456789abcdef0123456789abcdef migrate soon",
            "lock 0123456789abcdef0123456789abcdef migrate 9s 9s 9s",
        ];
        foreach (string attempt in attempts)
        {
            string quoted = attempt.Replace("'", "'\\''", StringComparison.Ordinal);
            CommandResult result = await OnMasterAsync($"{AsNode} root@{Guest.Address} '{quoted}' </dev/null");
            Assert.True(result.ExitCode == 1, $"'{attempt}': {result.Output}{result.Error}");
            Assert.DoesNotContain("uid=", result.Output + result.Error, StringComparison.Ordinal);
            Assert.Contains("this is no request of a Ganeti node", result.Error, StringComparison.Ordinal);
        }

        CommandResult forward = await OnMasterAsync(
            $"{AsNode} -W 127.0.0.1:22 root@{Guest.Address} </dev/null");
        Assert.Contains("administratively prohibited", forward.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AuthorizingTwiceChangesNothing()
    {
        string key = (await OnMasterAsync("cat /etc/unlockd-ganeti/id_ed25519.pub")).Require();
        string before = await RunAsync("cat /root/.ssh/authorized_keys");
        string said = await RunAsync($"unlockctl authorize-node '{key}'");
        Assert.Contains("unchanged", said, StringComparison.Ordinal);
        Assert.Equal(before, await RunAsync("cat /root/.ssh/authorized_keys"));
        Assert.Equal("600", await RunAsync("stat -c %a /root/.ssh/authorized_keys"));
    }

    [Fact]
    public async Task KeyThatMayDoMoreAlreadyIsNotAuthorized()
    {
        string line = (await RunAsync("cut -d' ' -f1,2 /root/.ssh/authorized_keys | head -n 1")).Trim();
        CommandResult refused = await Guest.RunAsync($"unlockctl authorize-node '{line}'",
            cancellationToken: Cancellation);
        Assert.Equal(1, refused.ExitCode);
        Assert.Contains("/root/.ssh/authorized_keys, line 1, lets this key do something else", refused.Error,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task WhatIsNoKeyIsNotAuthorized()
    {
        const string Blob = "AAAAC3NzaC1lZDI1NTE5AAAAIGWmqAFDnrMGpIq8KkDGUA1mMcTXVhqVQbSmqMGDyvsb";
        string[] wrong = ["", "ssh-ed25519", "ssh-ed25519 AAAA", $"ssh-rsa {Blob}",
            $"command=\"id\" ssh-ed25519 {Blob}", $"a\nssh-ed25519 {Blob}"];
        foreach (string text in wrong)
        {
            CommandResult refused = await Guest.RunAsync($"unlockctl authorize-node '{text}'",
                cancellationToken: Cancellation);
            Assert.Equal(1, refused.ExitCode);
            Assert.Contains("this is no public key", refused.Error, StringComparison.Ordinal);
        }
    }
}
