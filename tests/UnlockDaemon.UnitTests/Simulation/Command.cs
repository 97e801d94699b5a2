namespace UnlockDaemon.UnitTests.Simulation;

/// <summary>Something that happens in a history: to the daemon, or to the machine behind its back.</summary>
internal abstract record Command
{
    /// <summary>Whether it is an operator's or systemd's word to the daemon.</summary>
    internal virtual bool IsWord => false;

    /// <summary>Whether it does not touch what a refused lock is to bring back.</summary>
    internal virtual bool IsHarmless => false;

    internal sealed record Unlock(Secret Secret) : Command
    {
        internal override bool IsWord => true;
    }

    internal sealed record Lock(TimeSpan Deadline, bool Holds) : Command
    {
        internal override bool IsWord => true;
    }

    internal sealed record Release : Command
    {
        internal override bool IsWord => true;
    }

    internal sealed record Grow(int Percent, Secret Secret) : Command
    {
        internal override bool IsWord => true;

        internal override bool IsHarmless => true;
    }

    internal sealed record Panic : Command
    {
        internal override bool IsWord => true;
    }

    /// <summary>Status is asked for, which looks again.</summary>
    internal sealed record Look : Command
    {
        internal override bool IsWord => true;

        internal override bool IsHarmless => true;
    }

    /// <summary>systemctl restart unlockd.</summary>
    internal sealed record Restart : Command
    {
        internal override bool IsHarmless => true;
    }

    /// <summary>kill -9, and systemd starts it again.</summary>
    /// <param name="LosesCalls">Whether what it had the kernel do has no effect any more.</param>
    internal sealed record Kill(bool LosesCalls) : Command
    {
        internal override bool IsHarmless => true;
    }

    /// <summary>The power is gone, and comes again.</summary>
    internal sealed record Reboot : Command;

    internal sealed record StrangerComes(string Kind) : Command
    {
        internal override bool IsHarmless => true;
    }

    internal sealed record StrangersLeave : Command
    {
        internal override bool IsHarmless => true;
    }

    internal sealed record UnitBreaks(string Service, string How) : Command;

    internal sealed record UnitsAreMended : Command;

    internal sealed record UnitIsStopped(string Service) : Command;

    internal sealed record UnitIsStarted(string Service) : Command;

    internal sealed record UnitCrashes(string Service) : Command;

    internal sealed record UnmountByHand : Command;

    /// <summary>Something else is mounted on the mount point, or not any more.</summary>
    internal sealed record ForeignMount(bool IsThere) : Command;

    internal sealed record ClockStep(TimeSpan By) : Command
    {
        internal override bool IsHarmless => true;
    }

    internal sealed record DiskBecomes(DiskCondition Condition) : Command;

    /// <summary>Somebody writes to the container while it is closed.</summary>
    internal sealed record ContainerIsWritten(string Path) : Command;

    internal sealed record ContainerIsDeleted : Command;

    internal sealed record ContainerIsMoved : Command;

    internal sealed record FilesystemBreaks : Command;

    /// <summary>The configuration names another container; counts from the next daemon on.</summary>
    internal sealed record Configure(string Path) : Command
    {
        internal override bool IsHarmless => true;
    }

    /// <summary>Whether the directory of the notes takes writes.</summary>
    internal sealed record NotesAreWritable(bool AreThey) : Command
    {
        internal override bool IsHarmless => true;
    }

    internal sealed record MemoryIsShort : Command
    {
        internal override bool IsHarmless => true;
    }

    /// <summary>Something happens once so many more steps have begun.</summary>
    /// <param name="Steps">How many.</param>
    /// <param name="IsThrough">After the last one has had its effect, not while it is under way.</param>
    /// <param name="What">What happens then.</param>
    internal sealed record AfterSteps(int Steps, bool IsThrough, Command What) : Command
    {
        internal override bool IsHarmless => true;
    }
}
