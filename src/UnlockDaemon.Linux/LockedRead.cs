using Microsoft.Win32.SafeHandles;
using Tmds.Linux;
using UnlockDaemon.Linux.Interop;

namespace UnlockDaemon.Linux;

/// <summary>Reads secrets from files straight into locked memory: no stream, no pooled buffer in between.</summary>
public static unsafe class LockedRead
{
    /// <summary>Opens a file to read a secret from.</summary>
    /// <param name="path">The file.</param>
    /// <returns>The open file.</returns>
    /// <exception cref="LinuxException">It cannot be opened.</exception>
    public static SafeFileHandle Open(string path) => Fcntl.Open(path, LibC.O_RDONLY);

    /// <summary>Reads to the end.</summary>
    /// <param name="file">The open file.</param>
    /// <param name="name">What to call it in an error.</param>
    /// <param name="passphrase">Takes the bytes.</param>
    /// <exception cref="LinuxException">A read failed, or there is more than a passphrase can hold: EFBIG.</exception>
    public static void All(SafeFileHandle file, string name, Passphrase passphrase)
    {
        ArgumentNullException.ThrowIfNull(passphrase);
        while (true)
        {
            if (passphrase.Free.IsEmpty)
                throw new LinuxException("take a passphrase from", name, LibC.EFBIG);
            // SAFETY: the room is in locked memory, and no more is read than it holds.
            fixed (byte* free = passphrase.Free)
            {
                nint count = Unistd.read(file, free, (nuint)passphrase.Free.Length);
                if (count < 0)
                    throw LinuxException.FromLastError("read", name);
                if (count == 0)
                    return;
                passphrase.Advance((int)count);
            }
        }
    }
}
