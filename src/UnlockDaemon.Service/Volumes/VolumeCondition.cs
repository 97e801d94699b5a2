using Microsoft.Extensions.Logging;
using UnlockDaemon.Protocol;

namespace UnlockDaemon.Service.Volumes;

/// <summary>The one state of the volume, with what is told about it: since when, the hold, the last error.</summary>
internal sealed partial class VolumeCondition(EventHub events, ILogger logger)
{
    // Named for the generated log methods.
    private readonly ILogger _logger = logger;
    private readonly Lock _lock = new();
    private string? _damage;
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal VolumeState State { get; private set; } = VolumeState.Locked;

    internal DateTimeOffset Since { get; private set; } = DateTimeOffset.UtcNow;

    /// <summary>Why nobody is prompted, and until when; null when they are.</summary>
    internal Hold? Hold { get; private set; }

    internal string? LastError { get; private set; }

    internal bool WantsPassphrase =>
        Hold is null && State is VolumeState.Locked or VolumeState.Unlocking or VolumeState.Failed;

    /// <summary>Waits until a condition holds; it is asked now and after every change.</summary>
    internal async Task WaitUntilAsync(Func<bool> condition, CancellationToken cancellation)
    {
        while (true)
        {
            Task changed;
            lock (_lock)
            {
                if (condition())
                    return;
                changed = _changed.Task;
            }

            await changed.WaitAsync(cancellation);
        }
    }

    internal void Enter(VolumeEvent happened, string text)
    {
        lock (_lock)
        {
            if (happened == VolumeEvent.Mounted)
                _damage = null;
            VolumeState next = Transitions.Next(State, happened)
                ?? throw new InvalidOperationException($"{happened} cannot happen while {State}");
            if (next != State)
            {
                State = next;
                Since = DateTimeOffset.UtcNow;
                LogState(Volume.JsonName(State), text);
                events.Publish("state", Volume.JsonName(State), text);
            }
        }

        SignalChange();
    }

    /// <summary>Takes up what the services say, unless the volume is in a state where that is nothing new.</summary>
    /// <param name="allReady">Asked while nothing else can change the state.</param>
    /// <param name="during">The states in which it counts.</param>
    internal void TakeReadiness(Func<bool> allReady, ReadOnlySpan<VolumeState> during)
    {
        lock (_lock)
        {
            if (!during.Contains(State))
                return;
            if (_damage is null && allReady())
                Enter(VolumeEvent.AllReady, "all services are ready");
            else
                Enter(VolumeEvent.NotAllReady,
                    _damage is null ? "not all services are ready" : "the container is damaged");
        }
    }

    /// <summary>Takes up what became of the container below, unless that is known.</summary>
    /// <param name="damage">What; null when all is well.</param>
    /// <returns>Whether it is news.</returns>
    internal bool TakeDamage(string? damage)
    {
        lock (_lock)
        {
            if (damage == _damage)
                return false;
            _damage = damage;
        }

        if (damage is null)
            ForgetError();
        else
            Complain(damage);
        return true;
    }

    internal void Complain(string text)
    {
        LastError = Instance.Current.Address(text);
        LogTrouble(LastError, Volume.JsonName(State));
    }

    internal void ForgetError() => LastError = null;

    internal void Suspend(Hold hold)
    {
        Hold = hold;
        events.Publish("state", "held", hold.ToString());
        SignalChange();
    }

    /// <returns>False when there was no hold, or not this one.</returns>
    internal bool Resume(string why, Hold? only = null)
    {
        lock (_lock)
        {
            if (Hold is null || (only is not null && Hold != only))
                return false;
            Hold = null;
        }

        LogReleased(why);
        events.Publish("state", "released", why);
        SignalChange();
        return true;
    }

    private void SignalChange()
    {
        TaskCompletionSource changed;
        lock (_lock)
        {
            changed = _changed;
            _changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        changed.TrySetResult();
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "{State}: {Text}")]
    private partial void LogState(string state, string text);

    [LoggerMessage(Level = LogLevel.Information, Message = "hold ended: {Why}")]
    private partial void LogReleased(string why);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Text}")]
    private partial void LogTrouble(string text, string state);
}
