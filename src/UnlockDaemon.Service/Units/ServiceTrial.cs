namespace UnlockDaemon.Service.Units;

/// <summary>The attempts to bring one service up, one at a time; lives on the strand of its set.</summary>
internal sealed class ServiceTrial : IDisposable
{
    private CancellationTokenSource? _stop;
    private Task _running = Task.CompletedTask;

    /// <summary>Whether one is under way.</summary>
    internal bool IsRunning => _stop is not null;

    /// <summary>Whether one has ended since the service is wanted.</summary>
    internal bool WasTried { get; private set; }

    /// <summary>How many have failed in a row.</summary>
    internal int Failures { get; private set; }

    /// <summary>When the next may begin: a timestamp.</summary>
    internal long RetryAt { get; private set; }

    /// <summary>Somebody asks for it: all that failed before is forgotten.</summary>
    internal void Renew() => (WasTried, Failures, RetryAt) = (false, 0, 0);

    /// <summary>Begins one.</summary>
    internal void Begin(Func<CancellationToken, Task> attempt)
    {
        _stop = new CancellationTokenSource();
        _running = attempt(_stop.Token);
    }

    /// <summary>One has ended by itself.</summary>
    internal void End(bool isReady, long retryAt)
    {
        Cancel();
        WasTried = true;
        Failures = isReady ? 0 : Failures + 1;
        RetryAt = retryAt;
    }

    /// <summary>One was ended, or was none.</summary>
    internal void Cancel()
    {
        _stop?.Dispose();
        _stop = null;
    }

    /// <inheritdoc/>
    public void Dispose() => _stop?.Dispose();

    /// <summary>Ends the one that is under way, and waits until it has.</summary>
    internal Task StopAsync()
    {
        _stop?.Cancel();
        return _running;
    }
}
