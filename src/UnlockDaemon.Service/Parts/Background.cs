using Microsoft.Extensions.Logging;

namespace UnlockDaemon.Service.Parts;

/// <summary>What is begun by one piece of work and outlives it: whatever it throws is told, and its end is awaited.</summary>
/// <param name="logger">Told of failures that the work itself did not expect.</param>
public sealed partial class Background(ILogger logger)
{
    // Named for the generated log method.
    private readonly ILogger _logger = logger;
    private readonly Lock _lock = new();
    private readonly HashSet<Task> _running = [];

    /// <summary>Has something done beside all else.</summary>
    /// <param name="what">What it is, for the log.</param>
    /// <param name="work">The work. A cancellation is no failure.</param>
    internal void Run(string what, Func<Task> work)
    {
        Task task = SuperviseAsync(what, work);
        lock (_lock)
        {
            _running.RemoveWhere(static done => done.IsCompleted);
            _running.Add(task);
        }
    }

    /// <summary>Waits for the end of all that has been begun.</summary>
    internal async Task WhenDoneAsync()
    {
        Task[] running;
        lock (_lock)
            running = [.. _running];
        await Task.WhenAll(running);
    }

    private async Task SuperviseAsync(string what, Func<Task> work)
    {
        try
        {
            // Not before the caller has noted that it runs.
            await Task.Yield();
            await work();
        }
        catch (OperationCanceledException)
        {
            // It was told to end.
        }
        catch (Exception failure)
        {
            LogFailed(what, failure);
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "{Work} failed")]
    private partial void LogFailed(string work, Exception failure);
}
