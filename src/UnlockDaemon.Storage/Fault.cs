using UnlockDaemon.Linux;

namespace UnlockDaemon.Storage;

/// <summary>Something that is wrong: told apart by its kind, and worded once.</summary>
/// <param name="Kind">What kind of thing.</param>
/// <param name="What">What it is, as a sentence for the operator.</param>
/// <param name="Advice">What to do about it; empty where that is in the sentence, or nothing is known.</param>
internal sealed record Fault(FaultKind Kind, string What, string Advice = "")
{
    /// <summary>What a failed call says, with the advice that is known for it.</summary>
    internal static Fault Of(Exception failure) => failure is LinuxException known
        ? new(FaultKind.Call, known.Message, Storage.Advice.For(known) ?? "")
        : new(FaultKind.Call, failure.Message);

    /// <summary>Both in one line.</summary>
    /// <returns>"cannot open /var/encrypt_file: Input/output error: the disk below does not answer".</returns>
    public override string ToString() => Advice.Length == 0 ? What : $"{What}: {Advice}";
}

/// <summary>What can be wrong with a volume.</summary>
internal enum FaultKind
{
    /// <summary>The container is missing or cannot be one.</summary>
    Container,

    /// <summary>The container was moved, replaced, deleted, truncated or overwritten while it was open.</summary>
    Damage,

    /// <summary>The LUKS header or the key file beside the container is missing or is none.</summary>
    Key,

    /// <summary>The directory to mount on is missing, is a link, has something in it, or has something on it.</summary>
    MountPoint,

    /// <summary>unlockctl converts the container, or was interrupted at that.</summary>
    Conversion,

    /// <summary>The file system is broken, or is not the one that is configured.</summary>
    Filesystem,

    /// <summary>Somebody uses what is to be taken down.</summary>
    InUse,

    /// <summary>A limit of time is over.</summary>
    Late,

    /// <summary>A panic came.</summary>
    Panic,

    /// <summary>A call to the kernel, to systemd or to a program failed.</summary>
    Call,
}
