using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Unicode;
using Microsoft.Win32.SafeHandles;
using Tmds.Linux;
using UnlockDaemon.Linux.Interop;

namespace UnlockDaemon.Linux.Storage;

/// <summary>A loop device attached to a container file.</summary>
/// <param name="Path">The device node, such as /dev/loop0.</param>
public sealed record LoopDevice(string Path)
{
    private const string Control = "/dev/loop-control";

    // LO_NAME_SIZE, less the zero at the end.
    private const int NameLength = 63;

    // What the kernel appends to the path of a file that was unlinked.
    private const string Deleted = " (deleted)";

    // udev opens a device for a moment when it changes; a detach in that moment waits for it to let go.
    private static readonly TimeSpan s_detachLimit = TimeSpan.FromSeconds(5);

    // Two of us that attach at once have the file for milliseconds, cryptsetup for as long as a key slot takes.
    private static readonly TimeSpan s_lockLimit = TimeSpan.FromSeconds(10);

    // Whose files ask a server, or a program, which may be gone: the status of a device on one may never come.
    private static readonly string[] s_remote =
        ["nfs", "nfs4", "cifs", "smb3", "9p", "ceph", "afs", "fuse", "fuseblk"];

    /// <summary>Size in bytes; what the file was when it was attached, until <see cref="TakeUpSize"/>.</summary>
    /// <exception cref="LinuxException">There is no such device.</exception>
    public long Size => BlockDevice.SizeOf("/sys/block/" + System.IO.Path.GetFileName(Path));

    /// <summary>Its device number; null when there is no such device.</summary>
    public DeviceNumber? Number =>
        FileStatus.TryRead(Path) is { } status ? new(status.stx_rdev_major, status.stx_rdev_minor) : null;

    /// <summary>Whether it is attached to a file on this device, or to the device itself.</summary>
    /// <param name="device">The lower device.</param>
    public bool IsOn(DeviceNumber device) =>
        MayBeOn(device)
        && GetStatus() is { } status
        && (DeviceNumber.FromHuge(status.lo_device) == device || DeviceNumber.FromHuge(status.lo_rdevice) == device);

    /// <summary>
    /// Finds the device that shows a file to its end, for reading and writing, whatever path it was attached by. One
    /// that shows a part of it, or may only be read, is somebody else's: it is neither used nor detached as ours.
    /// </summary>
    /// <param name="backingFile">The file.</param>
    /// <param name="offset">Where the device begins in it, in bytes.</param>
    /// <returns>The device, or null when there is none.</returns>
    public static LoopDevice? FindByBackingFile(FileIdentity backingFile, long offset = 0) =>
        Array.Find(FindAllOn(backingFile), device => device.IsWholeFrom(offset));

    /// <summary>Finds all devices attached to a file, those that show a part of it too.</summary>
    /// <param name="backingFile">The file.</param>
    /// <returns>The devices, in no order.</returns>
    public static LoopDevice[] FindAllOn(FileIdentity backingFile) =>
        Array.FindAll(FindAll(), device => device.IsAttachedTo(backingFile));

    /// <summary>Lists the attached devices.</summary>
    /// <returns>The devices, in no order.</returns>
    public static LoopDevice[] FindAll()
    {
        List<LoopDevice> devices = [];
        foreach (string entry in DirectoryEntries.Of("/sys/block", "loop"))
        {
            if (Directory.Exists(entry + "/loop"))
                devices.Add(new LoopDevice("/dev/" + System.IO.Path.GetFileName(entry)));
        }

        return [.. devices];
    }

    /// <summary>Attaches a container, with direct I/O where the file system below can do it.</summary>
    /// <param name="container">Path of the container file.</param>
    /// <param name="offset">Where the device begins in it, in bytes.</param>
    /// <returns>The device: a new one, or the one the file was attached to already.</returns>
    /// <exception cref="LinuxException">
    /// No device is free, the file or the loop driver cannot be opened, or somebody else has it locked, or attached in
    /// another way: EBUSY.
    /// </exception>
    public static LoopDevice Attach(string container, long offset = 0)
    {
        using SafeFileHandle file = Fcntl.Open(container, LibC.O_RDWR);
        // Two that attach at once would both see no device: the container itself is the lock between them.
        Lock(file, container);
        try
        {
            LoopDevice[] there = FindAllOn(FileIdentity.Of(container));
            if (Array.Find(there, device => device.IsWholeFrom(offset)) is { } ours)
                return ours;
            return there is [var other, ..]
                ? throw new LinuxException("attach", container, LibC.EBUSY, $"{other.Path} is on it already, from another "
                    + $"offset, on a part of it or for reading only: 'losetup -d {other.Path}' if nobody needs that")
                : Configure(file, container, offset);
        }
        finally
        {
            // The device keeps this open file, and with it the lock, which cryptsetup also takes on a container.
            _ = FileLock.flock(file, FileLock.LOCK_UN);
        }
    }

    /// <summary>Whether the device is attached to this file.</summary>
    /// <param name="backingFile">The file.</param>
    /// <returns>False also when the device is not attached at all.</returns>
    public bool IsAttachedTo(FileIdentity backingFile) =>
        MayBeOn(backingFile.Device) && IsOn(GetStatus(), backingFile);

    /// <summary>Whether it was attached by this path, whatever file is there now.</summary>
    /// <param name="path">The path.</param>
    /// <remarks>
    /// The device keeps the first 63 bytes of the path it was attached by, and where its file is now is known in full.
    /// A name that was cut counts only if the file is somewhere else by now: another file's path may begin the same.
    /// </remarks>
    /// <returns>False also when the device is not attached at all.</returns>
    public unsafe bool WasAttachedBy(string path)
    {
        if (BackingPath is not { } now)
            return false;
        if (now == path)
            return true;
        if (GetStatus() is not { } status)
            return false;
        ReadOnlySpan<byte> given = Encoding.UTF8.GetBytes(path);
        // SAFETY: the kernel ends the name with a zero byte, and the structure lies on this stack.
        ReadOnlySpan<byte> kept = MemoryMarshal.CreateReadOnlySpanFromNullTerminated(status.lo_file_name);
        return given.Length > NameLength
            ? kept.SequenceEqual(given[..NameLength]) && !Encoding.UTF8.GetBytes(now).AsSpan().StartsWith(kept)
            : kept.SequenceEqual(given);
    }

    /// <summary>Where its file is, or was when it was deleted; null when the device is not attached.</summary>
    public string? BackingPath => Attribute("loop/backing_file") is not { } path ? null
        : path.EndsWith(Deleted, StringComparison.Ordinal) ? path[..^Deleted.Length]
        : path;

    /// <summary>Whether it shows all of its file, for reading and writing; false when it is not attached.</summary>
    public bool IsWhole => IsWholeFrom(0);

    /// <summary>
    /// Where its file is now; null when the file has no name any more, or the device is not attached.
    /// </summary>
    public string? BackingFile =>
        Attribute("loop/backing_file") is { } path && !path.EndsWith(Deleted, StringComparison.Ordinal) ? path : null;

    /// <summary>Detaches the device, now or once nobody has it open any more.</summary>
    /// <remarks>
    /// Since Linux 3.7 LOOP_CLR_FD on a device that is open elsewhere succeeds and only marks it to be cleared at the
    /// last close, so its return code proves nothing.
    /// </remarks>
    /// <param name="expected">
    /// The file it is to be on; one that is on another by now is somebody else's, who got its number. Null for whatever
    /// it is on.
    /// </param>
    /// <exception cref="LinuxException">The kernel refuses.</exception>
    public void DetachAtLastClose(FileIdentity? expected = null)
    {
        using SafeFileHandle device = Fcntl.Open(Path, LibC.O_RDWR);
        // As long as it is open here it gets no other file.
        if (expected is { } file && !IsOn(GetStatus(device), file))
            return;
        if (Ioctl.ioctl(device, Loop.LOOP_CLR_FD, 0) != 0 && Marshal.GetLastPInvokeError() != LibC.ENXIO)
            throw LinuxException.FromLastError("detach", Path);
    }

    /// <summary>Detaches the device, and looks until the kernel has let it go.</summary>
    /// <param name="expected">As with <see cref="DetachAtLastClose"/>.</param>
    /// <exception cref="LinuxException">The device is still attached after 5 s: EBUSY.</exception>
    public void Detach(FileIdentity? expected = null)
    {
        DetachAtLastClose(expected);
        // No event tells of the last close; the wait is short and only when somebody has the device open.
        for (long started = Stopwatch.GetTimestamp();
            GetStatus() is { } status && (expected is not { } file || IsOn(status, file)); Thread.Sleep(5))
        {
            if (Stopwatch.GetElapsedTime(started) > s_detachLimit)
                throw new LinuxException("detach", Path, LibC.EBUSY);
        }
    }

    /// <summary>Has the device take up the size that the file has now.</summary>
    /// <exception cref="LinuxException">The device is not attached.</exception>
    public void TakeUpSize()
    {
        using SafeFileHandle device = Fcntl.Open(Path, LibC.O_RDWR);
        if (Ioctl.ioctl(device, Loop.LOOP_SET_CAPACITY, 0) != 0)
            throw LinuxException.FromLastError("take up the new size of", Path);
    }

    /// <summary>Loads the loop driver if the kernel does not have it yet.</summary>
    /// <remarks>
    /// /dev/loop-control is no sign of it: udev makes that node for a module that may be loaded later.
    /// </remarks>
    /// <exception cref="LinuxException">The kernel has no such module, or refuses it.</exception>
    public static void RequireDriver() => KernelModule.Require("loop", "/sys/class/misc/loop-control");

    /// <summary>Whoever may read the file may hold it locked, for as long as they like.</summary>
    private static void Lock(SafeFileHandle file, string container)
    {
        for (long started = Stopwatch.GetTimestamp();
            FileLock.flock(file, FileLock.LOCK_EX | FileLock.LOCK_NB) != 0; Thread.Sleep(20))
        {
            if (!Marshal.GetLastPInvokeError().IsOneOf(LibC.EAGAIN, LibC.EINTR))
                throw LinuxException.FromLastError("lock", container);
            if (Stopwatch.GetElapsedTime(started) > s_lockLimit)
            {
                throw new LinuxException("lock", container, LibC.EBUSY,
                    "another program has it locked (flock): 'lslocks' names it; end that one");
            }
        }
    }

    private static unsafe LoopDevice Configure(SafeFileHandle file, string container, long offset)
    {
        RequireDriver();
        using SafeFileHandle control = Fcntl.Open(Control, LibC.O_RDWR);
        while (true)
        {
            int number = Ioctl.ioctl(control, Loop.LOOP_CTL_GET_FREE, 0);
            if (number < 0)
                throw LinuxException.FromLastError("find a free loop device for", container);

            string path = $"/dev/loop{number}";
            using SafeFileHandle device = Fcntl.Open(path, LibC.O_RDWR);
            // SAFETY: the structure is as C has it, on this stack; the name leaves its last byte zero.
            Loop.loop_config config = default;
            config.fd = (uint)file.DangerousGetHandle();
            config.info.lo_flags = Loop.LO_FLAGS_DIRECT_IO;
            config.info.lo_offset = (ulong)offset;
            Span<byte> name = new(config.info.lo_file_name, NameLength);
            Utf8.FromUtf16(container, name, out _, out _);
            if (Ioctl.ioctl(device, Loop.LOOP_CONFIGURE, &config) == 0)
                return new LoopDevice(path);
            // EBUSY: somebody else took this number between the two calls.
            if (Marshal.GetLastPInvokeError() != LibC.EBUSY)
                throw LinuxException.FromLastError($"attach loop device {path} to", container);
        }
    }

    private bool IsWholeFrom(long offset) => GetStatus() is { } status
        && (long)status.lo_offset == offset
        && status.lo_sizelimit == 0
        && (status.lo_flags & Loop.LO_FLAGS_READ_ONLY) == 0;

    /// <summary>
    /// Whether its file may be on a device, as far as sysfs and the mounts tell: to ask the loop driver may take for ever
    /// where the file is on a server that is gone.
    /// </summary>
    private bool MayBeOn(DeviceNumber device)
    {
        if (BackingPath is not { } path)
            return false;
        MountEntry? below = null;
        foreach (MountEntry mount in MountTable.Read())
        {
            bool isBelow = mount.MountPoint == "/" || path == mount.MountPoint
                || path.StartsWith(mount.MountPoint + "/", StringComparison.Ordinal);
            if (isBelow && mount.MountPoint.Length >= (below?.MountPoint.Length ?? 0))
                below = mount;
        }

        return below is null || below.Device == device
            || Array.IndexOf(s_remote, below.Type.Split('.')[0]) < 0;
    }

    private string? Attribute(string name) =>
        KernelText.TryRead($"/sys/block/{System.IO.Path.GetFileName(Path)}/{name}")?.TrimEnd('\n');

    private static bool IsOn(Loop.loop_info64? status, FileIdentity file) => status is { } known
        && known.lo_inode == file.Inode
        && DeviceNumber.FromHuge(known.lo_device) == file.Device;

    private Loop.loop_info64? GetStatus()
    {
        using SafeFileHandle device = Fcntl.open(Path, LibC.O_RDONLY | LibC.O_CLOEXEC, 0);
        return device.IsInvalid ? null : GetStatus(device);
    }

    private static unsafe Loop.loop_info64? GetStatus(SafeFileHandle device)
    {
        // SAFETY: the structure is as C has it, on this stack.
        Loop.loop_info64 status;
        return Ioctl.ioctl(device, Loop.LOOP_GET_STATUS64, &status) == 0 ? status : null;
    }

    /// <summary>Its path; what a record shows by itself would open the device.</summary>
    public override string ToString() => Path;
}
