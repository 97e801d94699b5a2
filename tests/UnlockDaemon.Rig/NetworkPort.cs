namespace UnlockDaemon.Rig;

/// <summary>One guest's place on a network.</summary>
/// <param name="Network">The network.</param>
/// <param name="Interface">The tap device.</param>
/// <param name="Address">The guest's IPv4 address.</param>
internal sealed record NetworkPort(GuestNetwork Network, string Interface, string Address) : IAsyncDisposable
{
    public async ValueTask DisposeAsync() => await Network.RemoveAsync(this);
}
