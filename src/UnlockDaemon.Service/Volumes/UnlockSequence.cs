using System.Diagnostics;
using Microsoft.Extensions.Logging;
using UnlockDaemon.Linux;
using UnlockDaemon.Service.Configuration;

namespace UnlockDaemon.Service.Volumes;

/// <summary>Brings the layers up, up to the mount.</summary>
internal sealed partial class UnlockSequence(
    VolumeConfiguration configuration,
    VolumeCondition condition,
    StorageStack stack,
    EventHub events,
    Func<bool> isOver,
    ILogger logger)
{
    // Named for the generated log methods.
    private readonly ILogger _logger = logger;

    internal async Task<UnlockAttempt> RunAsync(Passphrase? passphrase)
    {
        if (condition.Hold is { } hold)
            return new(UnlockOutcome.OnHold, hold.ToString());
        if (!stack.IsMounted)
        {
            if (passphrase is null && !stack.IsMapped && !stack.Mapping.Kept.Exists)
                return new(UnlockOutcome.PassphraseNeeded);
            if (!stack.IsMapped && stack.FindFault() is { } fault)
            {
                condition.Complain(fault);
                return new(UnlockOutcome.Unusable, fault);
            }

            condition.Enter(VolumeEvent.UnlockRequested, "unlocking");
            if (await BringUpAsync(passphrase) is { } failed)
                return failed;
            condition.Enter(VolumeEvent.Mounted, $"mounted on {configuration.MountPoint}");
        }
        else if (condition.State is VolumeState.Ready or VolumeState.Degraded)
        {
            condition.Enter(VolumeEvent.UnlockRequested, "starting what is missing");
        }
        else if (condition.State is VolumeState.Failed)
        {
            // A lock that had given up, and did not unmount it after all.
            condition.Enter(VolumeEvent.UnlockRequested, "unlocking");
            condition.Enter(VolumeEvent.Mounted, $"still mounted on {configuration.MountPoint}");
        }

        return new(UnlockOutcome.Mounted);
    }

    private async Task<UnlockAttempt?> BringUpAsync(Passphrase? passphrase)
    {
        long started = Stopwatch.GetTimestamp();
        (LayerOutcome outcome, string layer) = await Task.Run(() => stack.BringUpAsync(
            passphrase, (name, text) => events.Publish("step", name, text), isOver));
        // The state is the panic's by now.
        if (isOver())
            return new(UnlockOutcome.Failed, outcome.Reason, layer);
        switch (outcome.Kind)
        {
            case LayerOutcomeKind.Up:
                condition.ForgetError();
                LogUnlocked(Slot(), Stopwatch.GetElapsedTime(started).TotalSeconds, stack.Mapping.OpenedSlot?.Operator);
                return null;
            case LayerOutcomeKind.WrongPassphrase:
                LogWrongPassphrase();
                condition.Enter(VolumeEvent.NotOpened, outcome.Reason);
                return new(UnlockOutcome.WrongPassphrase, outcome.Reason, layer);
            default:
                condition.Complain(outcome.Reason);
                bool needsPerson = outcome.Kind == LayerOutcomeKind.NeedsPerson;
                condition.Enter(needsPerson ? VolumeEvent.Stuck : VolumeEvent.NotOpened, outcome.Reason);
                return new(UnlockOutcome.Failed, outcome.Reason, layer);
        }
    }

    private string Slot() => stack.Mapping.OpenedSlot is { } slot ? $" ({slot})" : "";

    [LoggerMessage(Level = LogLevel.Information, Message = "passphrase accepted{Slot}, mounted after {Seconds:0.00} s")]
    private partial void LogUnlocked(string slot, double seconds, string? @operator);

    [LoggerMessage(Level = LogLevel.Warning, Message = "wrong passphrase")]
    private partial void LogWrongPassphrase();
}
