using System.Net.Sockets;

namespace UnlockDaemon.Service.Units;

/// <summary>A service is ready when its port or socket accepts.</summary>
internal sealed class ConnectionProbe(ServiceAddress address) : ReadinessProbe
{
    internal override TimeSpan Limit => TimeSpan.FromSeconds(5);

    internal override async Task<ProbeResult> LookAsync(CancellationToken cancellationToken)
    {
        try
        {
            using Socket socket = await address.ConnectAsync(cancellationToken);
            return ProbeResult.Ready();
        }
        catch (SocketException exception)
        {
            return ProbeResult.NotReady(address.Explain(exception));
        }
    }
}
