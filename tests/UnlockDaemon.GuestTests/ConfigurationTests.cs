using UnlockDaemon.Rig;
using Xunit;

namespace UnlockDaemon.GuestTests;

/// <summary>Mistakes in the configuration and on the instance: a clear message, and nothing changed.</summary>
public sealed class ConfigurationTests(UnlockdGuest fixture) : UnlockdTest(fixture), IAsyncLifetime
{
    public override async ValueTask DisposeAsync()
    {
        await Guest.RunAsync("[ ! -e /root/saved.yaml ] || mv /root/saved.yaml /etc/unlockd/unlockd.yaml; "
            + "systemctl restart unlockd",
            cancellationToken: CancellationToken.None);
        await base.DisposeAsync();
    }

    [Theory]
    [InlineData("s/mount_point/mount_pont/", "did you mean")]
    [InlineData("s/mariadb.service/nosuch.service/", "nosuch.service is not-found")]
    [InlineData("s/\\[mysql\\]/[utm5_radius]/", "->")]
    [InlineData("s:/var/encrypt_file:/var/missing_file:", "is missing")]
    [InlineData("s:/var/encrypt_file:/var:", "/var")]
    [InlineData("s:/var/encrypt_file:/etc/hostname:", "too small")]
    [InlineData("s:/var/encrypt_file:/var/zeros:", "no LUKS header")]
    [InlineData("s:/var/secure:/etc/ssh:", "is not empty")]
    public async Task CheckNamesTheMistake(string edit, string expected)
    {
        await RunAsync($"cp /etc/unlockd/unlockd.yaml /root/saved.yaml; truncate -s 64M /var/zeros; "
            + $"sed -i '{edit}' /etc/unlockd/unlockd.yaml");
        CommandResult check = await TryAsync("unlockctl check");
        Assert.Equal(1, check.ExitCode);
        Assert.Contains(expected, check.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task UnlockOfAMissingContainerSaysSo()
    {
        await RunAsync("mv /var/encrypt_file /var/away");
        CommandResult unlock = await TryAsync("unlockctl unlock --passphrase-file /root/passphrase");
        await RunAsync("mv /var/away /var/encrypt_file");
        Assert.Equal(4, unlock.ExitCode);
        Assert.Contains("is missing", unlock.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task CheckOfAGoodInstanceSucceeds()
    {
        CommandResult check = await TryAsync("unlockctl check");
        Assert.True(check.ExitCode == 0, check.Output);
    }
}
