using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Tmds.Linux;
using UnlockDaemon.Linux.Interop;

namespace UnlockDaemon.Linux;

/// <summary>One process, which stays the same one whoever gets its number after it.</summary>
public sealed class ProcessHandle : IDisposable
{
    private readonly SafeFileHandle _process;

    private ProcessHandle(int pid, SafeFileHandle process)
    {
        Pid = pid;
        _process = process;
    }

    /// <summary>Its number.</summary>
    public int Pid { get; }

    /// <summary>Whether it has ended; its parent need not have noticed.</summary>
    public bool HasEnded => WaitForEnd(TimeSpan.Zero);

    /// <summary>Takes hold of a process.</summary>
    /// <param name="pid">Its number.</param>
    /// <returns>Null when there is no such process.</returns>
    /// <exception cref="LinuxException">It cannot be had.</exception>
    public static ProcessHandle? TryOpen(int pid)
    {
        SafeFileHandle process = PidFd.pidfd_open(pid, 0);
        if (!process.IsInvalid)
            return new ProcessHandle(pid, process);
        // EINVAL: no process can have that number, or it is a thread of another one.
        return Marshal.GetLastPInvokeError().IsOneOf(LibC.ESRCH, LibC.EINVAL)
            ? null
            : throw LinuxException.FromLastError("take hold of process", $"{pid}");
    }

    /// <summary>Asks it to end (SIGTERM), and after a while does not ask any more (SIGKILL).</summary>
    /// <param name="grace">How long it has to end by itself.</param>
    /// <param name="limit">How long it has after SIGKILL; a process that waits for a device can outlive that.</param>
    /// <returns>Whether it has ended.</returns>
    /// <exception cref="LinuxException">It may not be signalled.</exception>
    public bool End(TimeSpan grace, TimeSpan limit)
    {
        Terminate();
        if (WaitForEnd(grace))
            return true;
        Send(LibC.SIGKILL);
        return WaitForEnd(limit);
    }

    /// <summary>Asks it to end (SIGTERM).</summary>
    /// <exception cref="LinuxException">It may not be signalled.</exception>
    public void Terminate() => Send(LibC.SIGTERM);

    /// <inheritdoc/>
    public void Dispose() => _process.Dispose();

    private void Send(int signal)
    {
        if (PidFd.pidfd_send_signal(_process, signal, 0, 0) != 0 && Marshal.GetLastPInvokeError() != LibC.ESRCH)
            throw LinuxException.FromLastError("end process", $"{Pid}");
    }

    private bool WaitForEnd(TimeSpan limit) => Poll.WaitReadable(_process, limit);
}
