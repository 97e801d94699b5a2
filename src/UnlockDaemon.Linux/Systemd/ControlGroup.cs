using Microsoft.Win32.SafeHandles;
using Tmds.Linux;
using UnlockDaemon.Linux.Interop;

namespace UnlockDaemon.Linux.Systemd;

/// <summary>A unit's control group: tells whether any process of it is left. Source: cgroups(7), version 2.</summary>
public sealed class ControlGroup
{
    private const string Root = "/sys/fs/cgroup";

    private readonly string _root;
    private readonly string _directory;

    /// <summary>Names a control group, which need not exist.</summary>
    /// <param name="path">Its path as systemd gives it: <c>/system.slice/mariadb.service</c>.</param>
    /// <param name="root">Where control groups are mounted.</param>
    public ControlGroup(string path, string root = Root)
    {
        _root = root;
        _directory = root + path;
    }

    /// <summary>Whether this system has the one hierarchy of version 2, and no other way to tell is needed.</summary>
    public static bool IsSupported => IsHierarchy(Root);

    /// <summary>
    /// Whether it has no process, or is gone; never where control groups are not of version 2, as then nothing is known.
    /// </summary>
    public bool IsEmpty => KernelText.TryRead(EventsPath) is { } events
        ? !events.Contains("populated 1", StringComparison.Ordinal)
        : IsHierarchy(_root);

    private string EventsPath => _directory + "/cgroup.events";

    /// <summary>Lists the processes in it and in the groups below.</summary>
    /// <returns>Process identifiers.</returns>
    public IReadOnlyList<int> ReadProcesses()
    {
        var processes = new List<int>();
        try
        {
            foreach (string file in Directory.EnumerateFiles(_directory, "cgroup.procs", SearchOption.AllDirectories))
                foreach (string line in KernelText.Lines(file))
                    processes.Add(int.Parse(line));
        }
        catch (Exception exception) when (IsGone(exception))
        {
            // What is gone has no processes.
        }

        return processes;
    }

    /// <summary>Asks every process in it to end (SIGTERM).</summary>
    /// <exception cref="LinuxException">One may not be signalled.</exception>
    public void Terminate()
    {
        foreach (int pid in ReadProcesses())
        {
            using ProcessHandle? process = ProcessHandle.TryOpen(pid);
            // Once it is held the number cannot pass to another process; still in the group, it is the one meant.
            if (process is not null && ReadProcesses().Contains(pid))
                process.Terminate();
        }
    }

    /// <summary>Kills all that is in it at once, so that none can start another. Needs Linux 5.14.</summary>
    /// <exception cref="IOException">The kernel does not.</exception>
    public void Kill()
    {
        try
        {
            File.WriteAllText(_directory + "/cgroup.kill", "1");
        }
        catch (Exception exception) when (IsGone(exception))
        {
            // What is gone has no processes.
        }
    }

    /// <summary>Waits until the last process is gone.</summary>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <returns>When it is empty.</returns>
    /// <exception cref="OperationCanceledException">The waiting was ended.</exception>
    public Task WaitUntilEmptyAsync(CancellationToken cancellationToken) =>
        IsEmpty
            ? Task.CompletedTask
            : Task.Factory.StartNew(
                () => WaitUntilEmpty(cancellationToken),
                cancellationToken,
                TaskCreationOptions.LongRunning,
                TaskScheduler.Default);

    private static bool IsHierarchy(string root) => File.Exists(root + "/cgroup.controllers");

    private static bool IsGone(Exception exception) =>
        exception is FileNotFoundException or DirectoryNotFoundException

            // The file is open, its group removed: ENODEV.
            || exception is IOException io && io.HResult == LibC.ENODEV;

    private void WaitUntilEmpty(CancellationToken cancellationToken)
    {
        using SafeFileHandle wake = EventFd.eventfd(0, LibC.EFD_CLOEXEC);
        using CancellationTokenRegistration registration =
            cancellationToken.Register(() => _ = EventFd.eventfd_write(wake, 1));
        try
        {
            using SafeFileHandle events = File.OpenHandle(EventsPath);
            pollfd[] fds =
            [
                new() { fd = (int)wake.DangerousGetHandle(), events = LibC.POLLIN },
                new() { fd = (int)events.DangerousGetHandle(), events = LibC.POLLPRI },
            ];
            var content = new byte[256];
            while (true)
            {
                // Reading arms the descriptor for the next change.
                int length = RandomAccess.Read(events, content, 0);
                if (content.AsSpan(0, length).IndexOf("populated 1"u8) < 0)
                    return;
                cancellationToken.ThrowIfCancellationRequested();
                _ = Poll.poll(fds, (nuint)fds.Length, -1);
            }
        }
        catch (Exception exception) when (IsGone(exception))
        {
            // Removed: it was empty.
        }
    }
}
