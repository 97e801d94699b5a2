using UnlockDaemon.Rig;
using Xunit;

namespace UnlockDaemon.GuestTests;

/// <summary>
/// Tests on the shared volume with one service that starts and stops at once, and does not touch the volume, in place
/// of billing.
/// </summary>
[Collection(LightServiceCollection.Name)]
public abstract class LightServiceTest(UnlockdGuest fixture) : UnlockdTest(fixture), IAsyncLifetime
{
    private const string Prepare = """
        set -e
        cp /etc/unlockd/unlockd.yaml /root/usual.yaml
        sed '/^services:/,$d' /root/usual.yaml >/etc/unlockd/unlockd.yaml
        printf 'services:\n  sleeper: { unit: sleeper.service }\n' >>/etc/unlockd/unlockd.yaml
        printf '[Service]\nExecStart=/bin/sleep infinity\n' >/run/systemd/system/sleeper.service
        systemctl daemon-reload
        systemctl restart unlockd
        """;

    private const string Restore = """
        systemctl stop sleeper holder
        unlockctl lock
        mv /root/usual.yaml /etc/unlockd/unlockd.yaml
        rm -rf /run/systemd/system/sleeper.service* /root/holder.py /root/certificate
        systemctl daemon-reload
        systemctl restart unlockd
        """;

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        await Guest.WriteFileAsync("/root/holder.py", Holding.Program, Cancellation);
        await RunAsync(Prepare);
    }

    public override async ValueTask DisposeAsync()
    {
        await Guest.RunAsync(Restore, TimeSpan.FromMinutes(2), cancellationToken: CancellationToken.None);
        await base.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    /// <summary>Unlocks, and makes the directory that the holders hold things in.</summary>
    protected Task<string> UnlockForHoldersAsync() => RunAsync("""
        unlockctl unlock --passphrase-file /root/passphrase && mkdir -p /var/secure/held && cd /var/secure/held || exit
        cp /bin/sleep sleeper; head -c 64k /dev/zero >file; cp file file2
        """);
}
