namespace UnlockDaemon.Rig;

/// <summary>What a guest runs on.</summary>
public enum GuestMachine
{
    /// <summary>User-Mode Linux: fast; tty1 and ttyS0; disks /dev/ubda and further.</summary>
    UserMode,

    /// <summary>
    /// QEMU without hardware acceleration, and Debian's cloud kernel: slower; hvc0 and ttyS0; disks /dev/vda and
    /// further, which must be plain (<see cref="GuestDisk.CopyOfAsync"/>).
    /// </summary>
    Emulated,
}
