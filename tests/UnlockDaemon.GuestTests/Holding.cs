namespace UnlockDaemon.GuestTests;

/// <summary>One way of holding the volume at /var/secure, done in the guest.</summary>
/// <param name="Name">What it is called in the tables.</param>
/// <param name="Kind">What unlockd calls it.</param>
/// <param name="Path">What unlockd says is held; "*" stands for any text.</param>
/// <param name="Begin">Commands that hold it; a process does it as holder.service.</param>
/// <param name="End">Commands that let it go, also if it could not be begun.</param>
public sealed record Holding(string Name, string Kind, string Path, string Begin, string End)
{
    /// <summary>/root/holder.py KIND PATH: holds a volume, says that it does (sd_notify), and waits.</summary>
    public const string Program = """
        import ctypes, os, socket, sys, threading
        kind, path = sys.argv[1:]
        libc = ctypes.CDLL(None)
        notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        notify.connect(os.environ["NOTIFY_SOCKET"])
        def thread_of_its_own(done):
            libc.unshare(0x400)  # CLONE_FILES
            os.open(path, os.O_RDONLY)
            done.set()
            threading.Event().wait()
        if kind in ("file", "deleted"):
            os.open(path, os.O_RDONLY)
            if kind == "deleted":
                os.unlink(path)
        elif kind == "cwd":
            os.chdir(path)
        elif kind == "root":
            os.chroot(path)
        elif kind == "map":
            fd = os.open(path, os.O_RDONLY)
            libc.mmap(None, ctypes.c_size_t(4096), 1, 2, fd, ctypes.c_long(0))  # PROT_READ, MAP_PRIVATE
            os.close(fd)
        elif kind == "thread":
            done = threading.Event()
            threading.Thread(target=thread_of_its_own, args=(done,), daemon=True).start()
            done.wait()
        elif kind == "socket":
            bound = socket.socket(socket.AF_UNIX)
            bound.bind(path)
        notify.send(b"READY=1")
        threading.Event().wait()
        """;

    private const string Held = "/var/secure/held";
    private const string Mapping = "/dev/mapper/unlockd-secure";
    private const string Unit = "systemd-run -qG --unit=holder -p KillSignal=SIGKILL -p Type=notify "
        + "-p NotifyAccess=all";
    private const string StopUnit = "systemctl stop holder";

    /// <summary>Whether it is a process that holds it, and not the kernel.</summary>
    public bool IsProcess => End.StartsWith(StopUnit, StringComparison.Ordinal);

    /// <summary>All that can be had beside a mounted file system.</summary>
    public static IReadOnlyList<Holding> All { get; } =
    [
        Process("open file", "file", $"{Held}/file", "file"),
        Process("working directory", "cwd", Held, "cwd"),
        Process("root directory", "root", Held, "root"),
        new("executable", "executable", $"{Held}/sleeper",
            $"systemd-run -qG --unit=holder -p Type=exec {Held}/sleeper infinity", StopUnit),
        Process("mapped file, closed", "map", $"{Held}/file", "map"),
        Process("deleted open file", "file", $"{Held}/gone (deleted)", "deleted", $"{Held}/gone",
            $"echo x >{Held}/gone;"),
        Process("file of one thread", "file", $"{Held}/file", "thread"),
        Process("bound socket", "socket", $"{Held}/socket", "socket") with { End = $"{StopUnit}; rm {Held}/socket" },
        Process("the device itself", "device", "/dev/dm-*", "file", Mapping),
        new("container", "file", $"{Held}/file",
            $"{Unit} unshare --fork --pid --mount --propagation slave --kill-child python3 /root/holder.py "
                + $"file {Held}/file",
            StopUnit),
        new("private mount namespace", "mount-namespace", "/var/secure",
            $"{Unit} unshare --mount --propagation private python3 /root/holder.py none -", StopUnit),
        new("bind mount of a service", "mount-namespace", "/mnt",
            $"{Unit} -p BindPaths={Held}:/mnt python3 /root/holder.py none -", StopUnit),
        new("swap file", "swap", $"{Held}/swap file",
            $"fallocate -l 1M '{Held}/swap file'; mkswap -q '{Held}/swap file'; swapon '{Held}/swap file'",
            $"swapoff '{Held}/swap file'; rm -f '{Held}/swap file'"),
        new("loop device on a file", "loop", "/dev/loop9", $"losetup /dev/loop9 {Held}/file", "losetup -d /dev/loop9"),
        new("loop device on the device", "loop", "/dev/loop9", $"losetup /dev/loop9 {Mapping}",
            "losetup -d /dev/loop9"),
        new("mount below", "mount", Held, $"mount -t tmpfs none {Held}", $"umount {Held}"),
        new("bind mount elsewhere", "mount", "/mnt", $"mount --bind {Held} /mnt", "umount /mnt"),
        new("NFS export", "nfs-export", Held,
            """
            modprobe nfsd
            echo "nfsd 127.0.0.1 4000000000 tester" >/proc/net/rpc/auth.unix.ip/channel
            echo "tester /var/secure/held 4000000000 0 65534 65534 0" >/proc/net/rpc/nfsd.export/channel
            """,
            "for c in nfsd.fh nfsd.export auth.unix.ip; do date +%s >/proc/net/rpc/$c/flush; done"),
    ];

    private static Holding Process(
        string name, string kind, string path, string way, string? argument = null, string before = "") =>
        new(name, kind, path, $"{before} {Unit} python3 /root/holder.py {way} {argument ?? path}", StopUnit);
}
