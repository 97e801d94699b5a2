using UnlockDaemon.Linux;
using UnlockDaemon.Service.Volumes;

namespace UnlockDaemon.UnitTests.Simulation;

/// <summary>What people say to a daemon, and what they may expect of its answer.</summary>
internal sealed class Words(HistoryRun run, SimulatedDaemon daemon)
{
    // Patience of 5 s, 15 s for what comes then.
    private static readonly TimeSpan s_panic = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan s_unlock = TimeSpan.FromSeconds(150);

    [ThreadStatic]
    private static Stack<Passphrase>? s_passphrases;

    /// <summary>Says it, and waits for the answer.</summary>
    internal Task SayAsync(Command command) => command switch
    {
        Command.Unlock unlock => UnlockAsync(unlock.Secret),
        Command.Lock request => LockAsync(request.Deadline, request.Holds),
        Command.Release => AnswerAsync(daemon.Volume.ReleaseAsync()),
        Command.Grow grow => GrowAsync(grow),
        Command.Panic => PanicAsync(),
        _ => AnswerAsync(daemon.Volume.LookAgainAsync()),
    };

    /// <summary>Unlocks.</summary>
    /// <returns>Null when the daemon ended before it had answered.</returns>
    internal async Task<UnlockAttempt?> UnlockAsync(Secret secret)
    {
        run.Properties.TakeUnlock();
        Passphrase? passphrase = Take(secret);
        // A disk that does not answer may hold it up; nothing else.
        Simulation.Due alarm = BeginLimit(s_unlock, "an unlock answers in time");
        Task<UnlockAttempt> attempt = daemon.Volume.UnlockAsync(passphrase);
        bool answered = await AnswerAsync(attempt);
        alarm.Cancel();
        if (passphrase is not null)
            s_passphrases!.Push(passphrase);
        if (!answered)
            return null;
        UnlockAttempt seen = await attempt;
        run.Simulation.Tell($"unlock: {seen.Outcome} {seen.Reason}");
        return seen;
    }

    /// <summary>Locks.</summary>
    /// <returns>Null when the daemon ended before it had answered.</returns>
    internal async Task<LockOutcome?> LockAsync(TimeSpan deadline, bool holds)
    {
        LockUnderWay begun = run.Properties.BeginLock(deadline);
        Task<LockOutcome> locking = daemon.Volume.LockAsync(
            new LockRequest(deadline, holds ? daemon.Configuration.Lock.HoldLimit : null));
        if (!await AnswerAsync(locking))
            return null;
        run.Properties.EndLock(begun, await locking, daemon);
        return await locking;
    }

    private async Task PanicAsync()
    {
        long begun = run.Simulation.Now;
        Simulation.Due alarm = run.Properties.BeginPanic(s_panic);
        Task<string?> panic = daemon.Volume.PanicAsync();
        if (!await AnswerAsync(panic))
            return;
        alarm.Cancel();
        run.Properties.EndPanic(await panic, begun);
    }

    private async Task GrowAsync(Command.Grow grow)
    {
        Passphrase? passphrase = Take(grow.Secret);
        Simulation.Due alarm = BeginLimit(s_unlock, "a grow answers in time");
        Task<GrowOutcome> growing = daemon.Volume.GrowAsync((1L << 30) / 100 * grow.Percent, passphrase);
        bool answered = await AnswerAsync(growing);
        alarm.Cancel();
        if (passphrase is not null)
            s_passphrases!.Push(passphrase);
        if (!answered)
            return;
        GrowOutcome seen = await growing;
        run.Simulation.Tell($"grow: {seen.Kind} {seen.Reason}");
    }

    private async Task<bool> AnswerAsync(Task answer)
    {
        if (!await daemon.AnswersAsync(answer))
            return false;
        // Whatever it ended in comes out here.
        await answer;
        return true;
    }

    private Simulation.Due BeginLimit(TimeSpan limit, string property) => run.Simulation.After(limit, () =>
    {
        if (run.World.Disk == DiskCondition.Fine && run.World.DiskSince <= run.Simulation.Now - limit.Ticks)
            run.Simulation.Violate(property, $"no answer after {limit.TotalSeconds} s");
    }, daemon.Strand);

    /// <summary>A page of locked memory for each would be most of what a history costs.</summary>
    private static Passphrase? Take(Secret secret)
    {
        if (secret == Secret.None)
            return null;
        s_passphrases ??= new Stack<Passphrase>();
        if (!s_passphrases.TryPop(out Passphrase? passphrase))
            passphrase = new Passphrase();
        passphrase.Clear();
        passphrase.TryAppend((byte)(secret == Secret.Right ? 'r' : 'w'));
        return passphrase;
    }
}
