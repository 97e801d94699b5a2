using Microsoft.Extensions.Logging;
using UnlockDaemon.Linux.Storage;
using UnlockDaemon.Storage.Machine;

namespace UnlockDaemon.Service.Volumes;

/// <summary>Tells once when the disk below a sparse container runs short, and once when it has room again.</summary>
internal sealed partial class SpaceWatch(ContainerFile container, EventHub events, ILogger logger)
{
    // Named for the generated log method.
    private readonly ILogger _logger = logger;

    /// <summary>The shortage that was found last; empty when there is none.</summary>
    internal IReadOnlyList<string> Warnings { get; private set; } = [];

    internal void Look(bool inUse)
    {
        string? warning = inUse ? SpaceBelow.FindShortage(container) : null;
        bool warned = Warnings.Count > 0;
        Warnings = warning is null ? [] : [warning];
        if (warned == warning is not null)
            return;
        events.Publish(new News.SpaceChanged(warning ?? "the disk below has room again"));
        if (warning is not null)
            LogShortage(warning);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Shortage}")]
    private partial void LogShortage(string shortage);
}
