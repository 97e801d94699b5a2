using UnlockDaemon.Linux;
using UnlockDaemon.Linux.Storage;

namespace UnlockDaemon.Storage;

/// <summary>One thing that is done to the machine. Each looks first, and does what is missing.</summary>
/// <param name="Layer">What it is done to, as events name it.</param>
internal abstract record Step(string Layer)
{
    /// <summary>Attaches the container to a loop device.</summary>
    internal sealed record Attach() : Step("loop");

    /// <summary>Maps the container.</summary>
    /// <param name="Secret">The passphrase; null to use the key that the kernel keeps.</param>
    internal sealed record Map(Passphrase? Secret) : Step("mapping")
    {
        /// <inheritdoc/>
        public override string ToString() => Secret is null ? "Map by the kept key" : nameof(Map);
    }

    /// <summary>Has the file system's own program check it, and mend what it can without a person.</summary>
    /// <param name="Reason">Why.</param>
    internal sealed record Check(string Reason) : Step("filesystem");

    /// <summary>Mounts the file system.</summary>
    internal sealed record Mount() : Step("filesystem");

    /// <summary>Writes back what the kernel holds of the mounted file system.</summary>
    internal sealed record Sync() : Step("filesystem");

    /// <summary>Has all of the container on the disk below.</summary>
    internal sealed record Flush() : Step("container");

    /// <summary>Ends processes that hold the volume: asks them, and kills them.</summary>
    /// <param name="Processes">Which.</param>
    internal sealed record Evict(IReadOnlyList<ProcessHandle> Processes) : Step("filesystem")
    {
        /// <inheritdoc/>
        public override string ToString() => $"Evict {string.Join(", ", Processes.Select(static one => one.Pid))}";
    }

    /// <summary>Unmounts it, never lazily.</summary>
    internal sealed record Unmount() : Step("filesystem");

    /// <summary>Takes the mapping down, and the key with it.</summary>
    internal sealed record Unmap() : Step("mapping");

    /// <summary>Detaches every loop device on the container, and those on files that were it and have a name.</summary>
    internal sealed record Detach() : Step("loop");

    /// <summary>Keeps the bare directory from being written to.</summary>
    internal sealed record Protect() : Step("filesystem");

    /// <summary>Brings swap up under a new key; takes down one that is configured no more.</summary>
    internal sealed record SwapOn() : Step("swap");

    /// <summary>Takes back into memory what lies in swap, and takes it down.</summary>
    internal sealed record SwapOff() : Step("swap");

    /// <summary>Has the kernel keep the key on without a limit.</summary>
    internal sealed record KeepKey() : Step("mapping");

    /// <summary>Has the kernel wipe the kept key after a while.</summary>
    /// <param name="After">The while.</param>
    internal sealed record ExpireKey(TimeSpan After) : Step("mapping");

    /// <summary>Wipes the kept key.</summary>
    internal sealed record ForgetKey() : Step("mapping");

    /// <summary>Takes every key of this volume out of the kernel, whatever uses it; what waits for it then fails.</summary>
    internal sealed record WipeKeys() : Step("mapping");

    /// <summary>Grows container, loop device and mapping.</summary>
    /// <param name="Size">To this size of the container, in bytes.</param>
    /// <param name="Secret">The passphrase; null to try without.</param>
    internal sealed record GrowMapping(long Size, Passphrase? Secret) : Step("mapping")
    {
        /// <inheritdoc/>
        public override string ToString() => $"GrowMapping to {Size}";
    }

    /// <summary>Has the mounted file system take up the size of its device.</summary>
    internal sealed record GrowFilesystem() : Step("filesystem");
}

/// <summary>Told what is worth telling while a step is done.</summary>
/// <param name="text">In a line.</param>
/// <param name="layer">What it is told of, where that is not the step's own layer.</param>
internal delegate void StepReport(string text, string? layer = null);

/// <summary>How a step ended.</summary>
internal enum StepEnd
{
    /// <summary>It is done.</summary>
    Done,

    /// <summary>The passphrase opens nothing.</summary>
    WrongPassphrase,

    /// <summary>A passphrase is needed.</summary>
    PassphraseNeeded,

    /// <summary>Something else uses what it was to be done to.</summary>
    Busy,

    /// <summary>It failed.</summary>
    Failed,

    /// <summary>It failed, and a person needs the layers below to mend it.</summary>
    NeedsPerson,

    /// <summary>It was told to end, or its time was over.</summary>
    Ended,
}

/// <summary>What came of a step.</summary>
/// <param name="End">How it ended.</param>
/// <param name="Fault">Why, unless it is done.</param>
/// <param name="Slot">For <see cref="Step.Map"/> the key slot that was opened, and whose it is.</param>
internal sealed record StepResult(StepEnd End, Fault? Fault = null, UsedSlot? Slot = null)
{
    internal static StepResult Done { get; } = new(StepEnd.Done);

    /// <summary>Whether it is done.</summary>
    internal bool IsDone => End == StepEnd.Done;

    /// <summary>The reason in words; empty when it is done.</summary>
    internal string Reason => Fault?.ToString() ?? "";

    internal static StepResult Failed(Fault fault) => new(StepEnd.Failed, fault);

    internal static StepResult Wrong(string reason = "wrong passphrase") =>
        new(StepEnd.WrongPassphrase, new Fault(FaultKind.Key, reason));
}
