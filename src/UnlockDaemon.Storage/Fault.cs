using Tmds.Linux;
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

/// <summary>What an operator can do about a call to the operating system that failed.</summary>
internal static class Advice
{
    private const string LoadModule = "load kernel module";

    /// <summary>What to do next; null where that is not known.</summary>
    internal static string? For(LinuxException failure) => failure switch
    {
        { Operation: var operation } when operation is "find kernel module" or "look up kernel module"
            || (operation == LoadModule && failure.Errno == LibC.ENOENT) =>
            $"the running kernel ({KernelRelease()}) has no such module under /lib/modules: "
            + "install the modules of this kernel, or boot the kernel whose modules are installed",
        { Operation: LoadModule } =>
            $"look for 'install {failure.Subject}' in /etc/modprobe.d, and at 'journalctl -k'; "
            + $"it works when 'modprobe {failure.Subject}' does",
        { Operation: "find a free loop device for" } =>
            "detach loop devices that are not needed ('losetup -l', 'losetup -d /dev/loopN')",
        { Operation: "open" } when (failure.Errno == LibC.ENOENT || failure.Errno == LibC.ENXIO)
            && failure.Subject.StartsWith("/dev/loop", StringComparison.Ordinal) =>
            "the kernel has this device, but /dev does not have its node: make it with mknod, see loop(4); "
            + "or detach a loop device that is not needed ('losetup -l', 'losetup -d /dev/loopN')",
        _ when failure.Errno == LibC.ENOMEM =>
            "the key derivation of this container wants more memory than the instance has: give the instance more, "
            + "or add a key slot with '--pbkdf-memory' on a larger machine",
        { Operation: "read a LUKS header from" } when failure.Errno == LibC.EINVAL =>
            "the header is damaged: 'cryptsetup repair' can mend it if its second copy is whole; if not, restore it "
            + "from its backup ('cryptsetup luksHeaderRestore')",
        { Operation: "write back" } when failure.Errno == LibC.EIO || failure.Errno == LibC.EROFS =>
            "the disk below failed ('journalctl -k'), and what is not on it is lost; 'unlockctl panic' takes "
                + "the volume down",
        _ when failure.Errno == LibC.EROFS =>
            "the file system that holds it is read-only: 'journalctl -k' says if its disk failed; if not, "
            + "'mount -o remount,rw' it",
        { Operation: "open" } when failure.Errno == LibC.EPERM => "it may be immutable: 'lsattr', then 'chattr -i'",
        _ when failure.Errno == LibC.EIO =>
            "the disk below does not answer ('journalctl -k'): copy the container to another disk, with ddrescue",
        _ when failure.Errno == LibC.ENOSPC => "the disk below is full: make room ('df -h')",
        _ when failure.Errno == LibC.EBUSY => "something else uses it ('unlockctl holders', 'lsblk')",
        _ => null,
    };

    private static string KernelRelease() => KernelText.Read("/proc/sys/kernel/osrelease").Trim();
}
