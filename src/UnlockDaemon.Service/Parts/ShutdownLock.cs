using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Hosting.Systemd;
using Microsoft.Extensions.Logging;
using UnlockDaemon.Linux;
using UnlockDaemon.Linux.Systemd;
using UnlockDaemon.Service.Volumes;
using UnlockDaemon.Storage.Configuration;

namespace UnlockDaemon.Service.Parts;

/// <summary>
/// A stop of this service alone (restart, upgrade, removal) leaves the volume as it is; a stop of the whole system locks
/// it. Stopped last of all parts: systemd has stopped the services by its ordering, and what is left is to unmount and to
/// wipe the key.
/// </summary>
internal sealed partial class ShutdownLock(
    Volume volume, SystemdConnection systemd, LockConfiguration configuration, ISystemdNotifier notifier, ILogger logger)
    : IHostedService
{
    // Named for the generated log methods.
    private readonly ILogger _logger = logger;

    /// <inheritdoc/>
    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        if (!await IsShuttingDownAsync() || (await volume.LookAgainAsync()).IsDown)
            return;
        notifier.ExtendTimeout(configuration.Deadline + Volume.AfterDeadline);
        LockOutcome outcome = await volume.LockAsync(
            new LockRequest(configuration.Deadline, Reason: "shutdown", IsShutdown: true));
        if (outcome.Certificate is null)
            LogNotLocked(outcome.Reason);
    }

    private async Task<bool> IsShuttingDownAsync()
    {
        try
        {
            return await systemd.GetSystemStateAsync(CancellationToken.None) == "stopping";
        }
        catch (Exception failure) when (failure is LinuxException or SystemdException)
        {
            LogNoSystemd(failure.Message);
            return false;
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "cannot ask systemd whether the system goes down: {Reason}")]
    private partial void LogNoSystemd(string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Reason}; systemd unmounts it after the last process has ended")]
    private partial void LogNotLocked(string reason);
}
