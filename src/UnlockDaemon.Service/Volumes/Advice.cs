using UnlockDaemon.Linux;

namespace UnlockDaemon.Service.Volumes;

/// <summary>What an operator can do about a failure of the operating system. All advice is here.</summary>
internal static class Advice
{
    private const int ENOENT = 2;
    private const int ENOMEM = 12;
    private const int EBUSY = 16;
    private const int ENODEV = 19;
    private const int ENOSPC = 28;

    /// <summary>The failure as a sentence, and what to do next where that is known.</summary>
    internal static string For(LinuxException failure) =>
        Hint(failure) is { } hint ? $"{failure.Message}: {hint}" : failure.Message;

    private static string? Hint(LinuxException failure) => failure switch
    {
        { Operation: "find kernel module" } or { Operation: "look up kernel module" } =>
            $"the running kernel ({KernelRelease()}) has no such module under /lib/modules: "
            + "install the modules of this kernel, or boot the kernel whose modules are installed",
        { Operation: "find a free loop device for" } or { Errno: ENODEV, Subject: "/dev/loop-control" } =>
            "detach loop devices that are not needed ('losetup -l', 'losetup -d /dev/loopN')",
        { Errno: ENOENT, Subject: "/dev/loop-control" } => "the kernel has no loop driver: 'modprobe loop'",
        { Errno: ENOMEM } =>
            "the key derivation of this container wants more memory than the instance has: give the instance more, "
            + "or add a key slot with '--pbkdf-memory' on a larger machine",
        { Errno: ENOSPC } => "the disk below is full: make room ('df -h')",
        { Errno: EBUSY } => "something else uses it ('unlockctl holders', 'lsblk')",
        _ => null,
    };

    private static string KernelRelease() => File.ReadAllText("/proc/sys/kernel/osrelease").Trim();
}
