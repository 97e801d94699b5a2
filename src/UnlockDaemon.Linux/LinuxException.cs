using System.Runtime.InteropServices;

namespace UnlockDaemon.Linux;

/// <summary>
/// A call to the operating system that failed: what was tried, on what, and the error number it gave.
/// </summary>
/// <remarks>
/// Reads as a sentence for the operator:
/// "cannot attach loop device /dev/loop3 to /var/encrypt_file: Device or resource busy".
/// </remarks>
public sealed class LinuxException : Exception
{
    /// <summary>Describes a failure with a known error number.</summary>
    /// <param name="operation">What was tried, as it follows "cannot": "open", "unmount".</param>
    /// <param name="subject">The path, device or unit it was tried on.</param>
    /// <param name="errno">The error number, positive, as in errno(3).</param>
    /// <param name="reason">The library's own words, when it has better ones than the error number's.</param>
    public LinuxException(string operation, string subject, int errno, string? reason = null)
        : base($"cannot {operation} {subject}: {reason ?? Marshal.GetPInvokeErrorMessage(errno)}")
    {
        Operation = operation;
        Subject = subject;
        Errno = errno;
    }

    /// <summary>What was tried.</summary>
    public string Operation { get; }

    /// <summary>What it was tried on.</summary>
    public string Subject { get; }

    /// <summary>The error number, positive.</summary>
    public int Errno { get; }

    /// <summary>Describes the failure of the native call just made, from the thread's saved errno.</summary>
    /// <param name="operation">What was tried, as it follows "cannot".</param>
    /// <param name="subject">What it was tried on.</param>
    /// <returns>The exception, to be thrown by the caller.</returns>
    internal static LinuxException FromLastError(string operation, string subject) =>
        new(operation, subject, Marshal.GetLastPInvokeError());
}
