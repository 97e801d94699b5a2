using Microsoft.Extensions.Logging;
using UnlockDaemon.Linux;
using UnlockDaemon.Linux.Storage;
using UnlockDaemon.Storage;

namespace UnlockDaemon.Service.Volumes;

/// <summary>One unlock, up to the mount; or back to where it began.</summary>
internal sealed partial class UnlockOperation(VolumeScene scene, ILogger logger)
{
    // Named for the generated log methods.
    private readonly ILogger _logger = logger;
    private UsedSlot? _slot;

    /// <summary>Brings up what is down.</summary>
    /// <param name="secret">The passphrase, cleared once it has been tried; null to try without.</param>
    /// <param name="panic">Cancelled by a panic: then it is taken down again.</param>
    internal async Task<UnlockAttempt> RunAsync(Passphrase? secret, CancellationToken panic)
    {
        if (scene.Condition.Hold is { } hold)
            return new(UnlockOutcome.OnHold, hold.ToString());
        Snapshot seen = await scene.Executor.LookAsync(Aspects.Entry, panic);
        if (seen.Mapping is { IsOnNothing: true })
        {
            // What a panic left is no way to the data.
            if (await scene.Executor.TakeDownAsync(panic) is { IsDone: false } stuck)
                return new(UnlockOutcome.Failed, stuck.Reason, "mapping");
            seen = await scene.Executor.LookAsync(Aspects.Entry, panic);
        }

        if (seen.IsMounted)
            return new(UnlockOutcome.Mounted);
        if (secret is null && !seen.IsMapped && !seen.IsKeyKept)
            return new(UnlockOutcome.PassphraseNeeded);
        if (!seen.IsMapped && Diagnosis.OfEntry(scene.Volume, seen) is { } fault)
        {
            scene.Condition.Complain(fault.ToString());
            return new(UnlockOutcome.Unusable, fault.ToString());
        }

        scene.Condition.Enter(VolumeState.Unlocking, "unlocking");
        long started = scene.Time.GetTimestamp();
        (StepResult result, string layer) = await BringUpAsync(secret, panic);
        if (!result.IsDone)
            return await FailAsync(result, layer, secret, panic);
        scene.Condition.ForgetError();
        LogUnlocked(_slot is { } slot ? $" ({slot})" : "", scene.Time.GetElapsedTime(started).TotalSeconds,
            _slot?.Operator);
        return new(UnlockOutcome.Mounted);
    }

    private async Task<(StepResult Result, string Layer)> BringUpAsync(Passphrase? secret, CancellationToken panic)
    {
        Step? last = null;
        while (true)
        {
            if (scene.Now.IsMapped && await LookAtFilesystemAsync(panic) is { } unfit)
                return (unfit, "filesystem");
            if (Plan.ToMount(scene.Now, secret) is not [var step, ..])
                return (StepResult.Done, "");
            // What a check could not mend without a person it has said; the rest the mount will.
            if (step is Step.Check && last is Step.Check)
                step = new Step.Mount();
            if (step.GetType() == last?.GetType())
                return (StepResult.Failed(new(FaultKind.Call, NotThere(step))), step.Layer);
            StepResult result = await DoAsync(step, secret, panic);
            if (panic.IsCancellationRequested)
                return (StepResult.Failed(new(FaultKind.Panic, "ended by a panic")), step.Layer);
            if (!result.IsDone)
                return (result, step.Layer);
            last = step;
        }
    }

    private async Task<StepResult> DoAsync(Step step, Passphrase? secret, CancellationToken panic)
    {
        if (step is Step.Mount)
            scene.Memory.NoteMounted();
        StepResult result = await scene.Executor.DoAsync(step, panic);
        if (step is Step.Map)
            secret?.Clear();
        _slot = result.Slot ?? _slot;
        return result;
    }

    private async Task<StepResult?> LookAtFilesystemAsync(CancellationToken panic)
    {
        Snapshot seen = await scene.Executor.LookAsync(Aspects.Superblock, panic);
        return seen is { IsMapped: true, IsMounted: false } ? Diagnosis.OfFilesystem(scene.Volume, seen) : null;
    }

    /// <summary>Takes down what was made, unless a person needs it.</summary>
    private async Task<UnlockAttempt> FailAsync(
        StepResult result, string layer, Passphrase? secret, CancellationToken panic)
    {
        bool needsPerson = result.End == StepEnd.NeedsPerson;
        // Stored a moment ago, for locks to come: of a volume that is locked it would be left behind. And the panic may
        // have looked for keys before there was this one.
        if (panic.IsCancellationRequested || (layer == "filesystem" && secret is not null && !needsPerson))
            await scene.Executor.DoAsync(new Step.ForgetKey(), CancellationToken.None);
        string reason = result.Reason;
        if (!needsPerson && await scene.Executor.TakeDownAsync(CancellationToken.None) is { IsDone: false } stuck)
            reason = $"{reason}; and then {stuck.Reason}";
        if (result.End == StepEnd.WrongPassphrase)
        {
            LogWrongPassphrase();
            return new(UnlockOutcome.WrongPassphrase, reason, layer);
        }

        if (!panic.IsCancellationRequested)
            scene.Condition.Complain(reason);
        return new(UnlockOutcome.Failed, reason, layer);
    }

    private string NotThere(Step step) => step is Step.Mount
        ? $"{scene.Volume.MountPoint} is not mounted although mount(2) said so"
        : $"the {step.Layer} is not there although it was made";

    [LoggerMessage(Level = LogLevel.Information, Message = "passphrase accepted{Slot}, mounted after {Seconds:0.00} s")]
    private partial void LogUnlocked(string slot, double seconds, string? @operator);

    [LoggerMessage(Level = LogLevel.Warning, Message = "wrong passphrase")]
    private partial void LogWrongPassphrase();
}

/// <summary>An attempt to unlock, at the moment when the volume is mounted or will not be.</summary>
/// <param name="Outcome">What came of it.</param>
/// <param name="Reason">For the operator.</param>
/// <param name="Step">The layer that failed, or empty.</param>
/// <param name="Services">Ends when the services are ready, or will not be; null unless mounted.</param>
public sealed record UnlockAttempt(
    UnlockOutcome Outcome, string Reason = "", string Step = "", Task<VolumeState>? Services = null);

/// <summary>What came of an attempt to unlock.</summary>
public enum UnlockOutcome
{
    /// <summary>The volume is mounted; services are being started.</summary>
    Mounted,

    /// <summary>The passphrase opens nothing.</summary>
    WrongPassphrase,

    /// <summary>A passphrase is needed and none was given.</summary>
    PassphraseNeeded,

    /// <summary>Something else is under way.</summary>
    Busy,

    /// <summary>Locked on purpose, until released.</summary>
    OnHold,

    /// <summary>The container or the mount point is not usable, whatever the passphrase.</summary>
    Unusable,

    /// <summary>A step failed.</summary>
    Failed,
}
