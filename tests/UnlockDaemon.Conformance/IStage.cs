using UnlockDaemon.Storage;
using UnlockDaemon.Storage.Configuration;

namespace UnlockDaemon.Conformance;

/// <summary>A machine, real or simulated, with a stranger's hand at it.</summary>
internal interface IStage
{
    /// <summary>All that can be looked at.</summary>
    internal const Aspects Everything =
        Aspects.Entry | Aspects.Health | Aspects.Superblock | Aspects.Holders | Aspects.Leftovers | Aspects.Seal;

    /// <summary>The containers are as they were made, closed, and nobody is there; a daemon has just begun.</summary>
    /// <param name="configuration">What it is configured with.</param>
    Task BeginAsync(UnlockdConfiguration configuration);

    /// <summary>The daemon ends, and another one begins.</summary>
    /// <param name="configuration">What that is configured with.</param>
    Task RestartAsync(UnlockdConfiguration configuration);

    /// <summary>The daemon does a step.</summary>
    Task<StepResult> DoAsync(Step step);

    /// <summary>A stranger does something.</summary>
    /// <returns>Whether that could be done.</returns>
    Task<bool> DoAsync(StrangersAct act);

    /// <summary>The daemon looks at everything, once the machine has come to rest.</summary>
    Task<Snapshot> LookAsync();
}

/// <summary>What somebody else does to the machine behind the daemon's back.</summary>
internal enum StrangersAct
{
    /// <summary>Attaches the container to one more loop device.</summary>
    AttachAgain,

    /// <summary>Detaches every loop device on the container, at the last close where it is open.</summary>
    DetachByHand,

    /// <summary>Removes the mapping.</summary>
    UnmapByHand,

    /// <summary>Unmounts what is on the mount point, the topmost first.</summary>
    UnmountByHand,

    /// <summary>Mounts something else on the mount point.</summary>
    MountOther,

    /// <summary>Opens a file of the mounted volume.</summary>
    HoldFile,

    /// <summary>Has a directory of the mounted volume as working directory.</summary>
    HoldDirectory,

    /// <summary>Opens the mapping.</summary>
    HoldMapping,

    /// <summary>Opens the first loop device on the container.</summary>
    HoldLoop,

    /// <summary>Goes to a mount namespace of its own while the volume is mounted.</summary>
    HoldNamespace,

    /// <summary>Whoever holds something ends.</summary>
    LetGo,

    /// <summary>Moves the container to another name.</summary>
    MoveContainer,

    /// <summary>Moves it back.</summary>
    MoveContainerBack,

    /// <summary>Deletes it.</summary>
    DeleteContainer,

    /// <summary>Puts another container in its place, which is free.</summary>
    PutAnother,

    /// <summary>Cuts off its last four mebibytes.</summary>
    TruncateContainer,

    /// <summary>Marks the mapped file system as one that was not unmounted.</summary>
    MarkUnclean,

    /// <summary>Damages the mapped file system so that only a person can mend it.</summary>
    BreakFilesystem,

    /// <summary>Does nothing, for longer than a key is kept.</summary>
    Wait,
}
