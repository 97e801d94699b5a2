using Microsoft.Extensions.Logging;
using UnlockDaemon.Protocol;
using UnlockDaemon.Storage;

namespace UnlockDaemon.Service.Volumes;

/// <summary>The one state of the volume, with what is told about it: since when, the hold, the last error.</summary>
/// <remarks>Changed on the volume's strand alone; read from anywhere.</remarks>
internal sealed partial class VolumeCondition(EventHub events, TimeProvider time, ILogger logger)
{
    // Named for the generated log methods.
    private readonly ILogger _logger = logger;
    private readonly Lock _lock = new();
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal VolumeState State { get; private set; } = VolumeState.Locked;

    internal DateTimeOffset Since { get; private set; } = time.GetUtcNow();

    /// <summary>Why nobody is prompted, and until when; null when they are.</summary>
    internal Hold? Hold { get; private set; }

    internal string? LastError { get; private set; }

    /// <summary>What became of the container while it was in use; null when nothing did.</summary>
    internal string? Damage { get; private set; }

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

    /// <summary>Goes into a state; nothing happens if that is the state already.</summary>
    /// <param name="state">The state.</param>
    /// <param name="text">Why, in a line.</param>
    internal void Enter(VolumeState state, string text)
    {
        lock (_lock)
        {
            if (state == State)
                return;
            (State, Since) = (state, time.GetUtcNow());
        }

        LogState(Volume.JsonName(state), text);
        events.Publish(new News.StateChanged(state, text));
        SignalChange();
    }

    /// <summary>Takes up what became of the container below, unless that is known.</summary>
    /// <param name="damage">What; null when all is well.</param>
    internal void TakeDamage(string? damage)
    {
        if (damage == Damage)
            return;
        Damage = damage;
        if (damage is null)
            ForgetError();
        else
            Complain(damage);
    }

    internal void Complain(string text)
    {
        LastError = Instance.Current.Address(text);
        LogTrouble(LastError, Volume.JsonName(State));
    }

    internal void ForgetError() => LastError = null;

    /// <summary>Prompts nobody from now on, or lets them be prompted again.</summary>
    /// <param name="hold">The hold; null to end it.</param>
    /// <param name="why">Why it ends.</param>
    internal void Suspend(Hold? hold, string why = "")
    {
        if (Hold == hold)
            return;
        Hold = hold;
        if (hold is null)
            LogReleased(why);
        events.Publish(new News.HoldChanged(hold is not null, hold?.ToString() ?? why));
        SignalChange();
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
