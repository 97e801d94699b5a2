using UnlockDaemon.Rig;
using Xunit;

namespace UnlockDaemon.GuestTests;

/// <summary>A Ganeti of two nodes and an instance with unlockd, set up as the manual page tells.</summary>
public sealed class GanetiInstance : IAsyncLifetime
{
    public const string Name = "inst1.example.com";

    /// <summary>Short, so that what waits for its end is soon done.</summary>
    private const string Configuration = "timeout = 40\ndeadline = 20\nhold_limit = 600\npost_timeout = 10\n";

    private GuestNetwork? _network;
    private Guest? _guest;
    private GanetiCluster? _cluster;

    /// <summary>Why there is no cluster; null if there is one.</summary>
    public string? Obstacle { get; private set; }

    public Guest Guest => _guest!;

    public GanetiCluster Cluster => _cluster!;

    public async ValueTask InitializeAsync()
    {
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        Obstacle = await GanetiCluster.FindObstacleAsync(cancellation);
        if (Obstacle is not null)
            return;
        _network = await GuestNetwork.CreateAsync(cancellation);
        _guest = await UnlockdGuest.BootAsync(new GuestOptions { Name = "ganeti-instance", Network = _network });
        _cluster = await GanetiCluster.StartAsync(
            _network, new Dictionary<string, string>(StringComparer.Ordinal) { [Name] = _guest.Address }, cancellation);
        await _cluster.AddInstanceAsync(Name, _guest.Address, _cluster.Master, cancellation);
        await SetUpAsync(_cluster.Master, _guest, cancellation);
    }

    public async ValueTask DisposeAsync()
    {
        if (_cluster is not null)
            await _cluster.DisposeAsync();
        if (_guest is not null)
            await _guest.DisposeAsync();
        if (_network is not null)
            await _network.DisposeAsync();
    }

    /// <summary>What an operator does: each command prints the line for the next one.</summary>
    private static async Task SetUpAsync(GanetiNode master, Guest guest, CancellationToken cancellation)
    {
        (await master.RunAsync($"printf '{Configuration}' >/etc/unlockd-ganeti/config",
            cancellationToken: cancellation)).Require();
        string setup = (await master.RunAsync("unlockd-ganeti setup", cancellationToken: cancellation)).Require();
        string authorize = (await guest.RunAsync(LastLine(setup), cancellationToken: cancellation)).Require();
        (await master.RunAsync(LastLine(authorize), cancellationToken: cancellation)).Require();
    }

    private static string LastLine(string text) => text.Split('\n')[^1].Trim();
}
