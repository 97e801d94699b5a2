using Microsoft.Extensions.Logging;

namespace UnlockDaemon.Service.Parts;

/// <summary>What is begun by one piece of work and outlives it: whatever it throws is told, and its end is awaited.</summary>
/// <param name="logger">Told of failures that the work itself did not expect.</param>
public sealed partial class Background(ILogger logger) : IDisposable
{
    // All that takes its time is over by then; what is left waits for a disk or a server that does not answer.
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(10);

    // Named for the generated log methods.
    private readonly ILogger _logger = logger;
    private readonly Lock _lock = new();
    private readonly List<(string What, Task Task)> _running = [];
    private readonly CancellationTokenSource _stopping = new();

    /// <inheritdoc/>
    public void Dispose() => _stopping.Dispose();

    /// <summary>Has something done beside all else.</summary>
    /// <param name="what">What it is, for the log.</param>
    /// <param name="work">The work; told when the daemon stops.</param>
    internal void Run(string what, Func<CancellationToken, Task> work)
    {
        Task task = SuperviseAsync(what, work, _stopping.Token);
        lock (_lock)
        {
            _running.RemoveAll(static done => done.Task.IsCompleted);
            _running.Add((what, task));
        }
    }

    /// <summary>Tells all that has been begun to end, waits for that, and names what does not.</summary>
    internal Task EndAsync() => EndAsync(s_patience);

    internal async Task EndAsync(TimeSpan patience)
    {
        await _stopping.CancelAsync();
        (string What, Task Task)[] running;
        lock (_lock)
            running = [.. _running];
        await Task.WhenAll(running.Select(static work => work.Task)).WaitAsync(patience)
            .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        foreach ((string what, _) in running.Where(static work => !work.Task.IsCompleted))
            LogLeft(what);
    }

    private async Task SuperviseAsync(
        string what, Func<CancellationToken, Task> work, CancellationToken stopping)
    {
        try
        {
            // Whoever began it is not held up, and hears nothing of what it throws.
            await Task.Yield();
            await work(stopping);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
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

    [LoggerMessage(Level = LogLevel.Warning, Message = "the daemon ends, and does not wait any longer for {Work}")]
    private partial void LogLeft(string work);
}
