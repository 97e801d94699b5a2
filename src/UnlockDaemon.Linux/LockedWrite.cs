using Microsoft.Win32.SafeHandles;
using UnlockDaemon.Linux.Interop;

namespace UnlockDaemon.Linux;

/// <summary>Writes secrets from locked memory straight to a file: no stream, no pooled buffer in between.</summary>
public static unsafe class LockedWrite
{
    private const int StandardOutput = 1;

    /// <summary>Writes to standard output. What was written there before must have been flushed.</summary>
    /// <param name="secret">Bytes in locked memory.</param>
    /// <exception cref="LinuxException">It is closed, or its disk is full.</exception>
    public static void ToStandardOutput(ReadOnlySpan<byte> secret)
    {
        using SafeFileHandle file = new(StandardOutput, ownsHandle: false);
        while (!secret.IsEmpty)
        {
            // SAFETY: the secret is in locked memory, and as long as it says.
            fixed (byte* bytes = secret)
            {
                nint count = Unistd.write(file, bytes, (nuint)secret.Length);
                if (count < 0)
                    throw LinuxException.FromLastError("write to", "standard output");
                secret = secret[(int)count..];
            }
        }
    }
}
