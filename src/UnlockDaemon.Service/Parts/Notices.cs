using System.Globalization;
using Microsoft.Extensions.Hosting.Systemd;

namespace UnlockDaemon.Service.Parts;

/// <summary>What sd_notify(3) knows and Hosting.Systemd has no name for.</summary>
internal static class Notices
{
    /// <summary>Asks for time: the stop will go on this much longer from now, unless asked again.</summary>
    internal static void ExtendTimeout(this ISystemdNotifier notifier, TimeSpan duration) =>
        notifier.Notify(new ServiceState(string.Create(
            CultureInfo.InvariantCulture, $"EXTEND_TIMEOUT_USEC={(long)duration.TotalMicroseconds}")));
}
