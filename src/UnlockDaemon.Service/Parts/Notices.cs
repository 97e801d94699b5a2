using System.Globalization;
using System.Net.Sockets;
using Microsoft.Extensions.Hosting.Systemd;

namespace UnlockDaemon.Service.Parts;

/// <summary>What sd_notify(3) knows and Hosting.Systemd has no name for.</summary>
internal static class Notices
{
    /// <summary>Tells systemd something, if it listens: nothing that this process does depends on being heard.</summary>
    internal static void Tell(this ISystemdNotifier notifier, string state)
    {
        try
        {
            notifier.Notify(new ServiceState(state));
        }
        catch (SocketException)
        {
            // systemd is executed anew at this moment.
        }
    }

    /// <summary>Asks for time: the stop will go on this much longer from now, unless asked again.</summary>
    internal static void ExtendTimeout(this ISystemdNotifier notifier, TimeSpan duration) => notifier.Tell(string.Create(
        CultureInfo.InvariantCulture, $"EXTEND_TIMEOUT_USEC={(long)duration.TotalMicroseconds}"));
}
