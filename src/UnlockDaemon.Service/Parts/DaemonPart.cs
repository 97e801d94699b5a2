using Microsoft.Extensions.Hosting;

namespace UnlockDaemon.Service.Parts;

/// <summary>
/// A part that runs as long as the daemon. A daemon that only listens or only prompts looks well and is not: if one part
/// fails or ends by itself, the host stops all of them, and systemd starts them again, which disturbs nothing.
/// </summary>
public abstract class DaemonPart : BackgroundService
{
    /// <summary>Whether it has ended otherwise than by being told to.</summary>
    public bool IsBroken { get; private set; }

    /// <inheritdoc/>
    protected sealed override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await RunAsync(stoppingToken);
            if (!stoppingToken.IsCancellationRequested)
                throw new InvalidOperationException($"{GetType().Name} has ended by itself");
        }
        catch (Exception failure) when (!(failure is OperationCanceledException && stoppingToken.IsCancellationRequested))
        {
            // A wait of its own that ran out is a failure as well, and leaves a task that is cancelled, not faulted.
            IsBroken = true;
            throw;
        }
    }

    /// <summary>Does the part's work.</summary>
    /// <param name="stopping">Tells to end.</param>
    protected abstract Task RunAsync(CancellationToken stopping);
}
