using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;
using Tmds.Linux;
using UnlockDaemon.Linux.Interop;

namespace UnlockDaemon.Linux.Terminals;

/// <summary>A terminal that is read byte by byte, without echo, and gets its old attributes back in the end.</summary>
public sealed unsafe class Terminal : IDisposable
{
    private readonly LockedMemory _input = new(1);
    private readonly termios _before;
    private bool _raw;

    private Terminal(SafeFileHandle file, string path)
    {
        File = file;
        Path = path;
        if (Termios.tcgetattr(file, out _before) != 0)
        {
            LinuxException failure = LinuxException.FromLastError("read terminal attributes of", path);
            file.Dispose();
            throw failure;
        }
    }

    /// <summary>The open terminal, to wait on.</summary>
    public SafeFileHandle File { get; }

    /// <summary>Its device node.</summary>
    public string Path { get; }

    /// <summary>Whether characters on it are UTF-8 sequences and not single bytes.</summary>
    public bool IsUtf8 => (_before.c_iflag & LibC.IUTF8) != 0;

    /// <summary>Opens a terminal; never waits for a carrier, and never makes it the controlling terminal.</summary>
    /// <param name="path">The device node.</param>
    /// <returns>The terminal, as yet with its own attributes.</returns>
    /// <exception cref="LinuxException">
    /// There is no such device, nothing is behind it (EIO), or it is no terminal.
    /// </exception>
    public static Terminal Open(string path) =>
        new(Fcntl.Open(path, LibC.O_RDWR | LibC.O_NOCTTY | LibC.O_NONBLOCK), path);

    /// <summary>Whether a line of this name has a terminal behind it: opening it works.</summary>
    /// <param name="path">The device node.</param>
    public static bool Exists(string path)
    {
        using SafeFileHandle file =
            Fcntl.open(path, LibC.O_RDWR | LibC.O_NOCTTY | LibC.O_NONBLOCK | LibC.O_CLOEXEC, 0);
        return !file.IsInvalid && Termios.tcgetattr(file, out _) == 0;
    }

    /// <summary>No echo, no line editing, no signals, eight bits: every byte typed arrives as it is.</summary>
    /// <exception cref="LinuxException">The terminal is gone.</exception>
    public void EnterRawMode()
    {
        termios raw = _before;
        raw.c_iflag &= ~(LibC.ISTRIP | LibC.INLCR | LibC.IGNCR | LibC.ICRNL | LibC.IXON);
        raw.c_iflag |= LibC.IGNBRK;
        raw.c_lflag &= ~(LibC.ECHO | LibC.ECHONL | LibC.ICANON | LibC.ISIG | LibC.IEXTEN);
        raw.c_cflag |= LibC.CLOCAL | LibC.CREAD;
        raw.c_oflag |= LibC.OPOST | LibC.ONLCR;
        raw.c_cc[LibC.VMIN] = 1;
        raw.c_cc[LibC.VTIME] = 0;
        if (Termios.tcsetattr(File, LibC.TCSANOW, raw) != 0)
            throw LinuxException.FromLastError("set terminal attributes of", Path);
        _raw = true;
    }

    /// <summary>Drops what was typed and not read.</summary>
    public void DiscardInput() => _ = Termios.tcflush(File, LibC.TCIFLUSH);

    /// <summary>Takes the next byte that was typed; it passes through locked memory only.</summary>
    /// <param name="value">The byte.</param>
    /// <returns>False when there is none yet.</returns>
    /// <exception cref="LinuxException">The terminal was hung up: EIO.</exception>
    public bool TryRead(out byte value)
    {
        Span<byte> input = _input.GetSpan();
        // SAFETY: the input is one byte of locked memory.
        fixed (byte* buffer = input)
        {
            nint count = Unistd.read(File, buffer, 1);
            int error = Marshal.GetLastPInvokeError();
            value = input[0];
            input[0] = 0;
            return count switch
            {
                1 => true,
                -1 when error.IsOneOf(LibC.EAGAIN, LibC.EINTR) => false,
                _ => throw new LinuxException("read", Path, count == 0 ? LibC.EIO : error),
            };
        }
    }

    /// <summary>Writes text as far as the terminal takes it: one that is stuck does not make us stuck.</summary>
    /// <param name="text">The text; "\n" starts a new line.</param>
    public void Write(string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        // SAFETY: the bytes are pinned, and no more of them is written than there is.
        fixed (byte* buffer = bytes)
            _ = Unistd.write(File, buffer, (nuint)bytes.Length);
    }

    /// <summary>Gives the terminal its attributes back, if it was given others, and closes it.</summary>
    public void Dispose()
    {
        // A login may have set its own since this one was opened.
        if (_raw)
        {
            // A login would take it for a name, and show it. Not TCSAFLUSH, which does so but first waits until all that
            // was written is out: a serial line may be stuck.
            DiscardInput();
            _ = Termios.tcsetattr(File, LibC.TCSANOW, _before);
        }

        File.Dispose();
        ((IDisposable)_input).Dispose();
    }
}
