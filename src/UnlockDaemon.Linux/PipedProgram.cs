using System.Diagnostics;
using System.Text;
using Microsoft.Win32.SafeHandles;
using Tmds.Linux;
using UnlockDaemon.Linux.Interop;

namespace UnlockDaemon.Linux;

/// <summary>
/// A program that takes a secret on descriptor 3 and writes another to its standard output: pipes from and to locked
/// memory, where the runtime's own classes would have buffers of their own.
/// </summary>
internal sealed unsafe class PipedProgram : IDisposable
{
    private const int SecretDescriptor = 3;

    private readonly string _file;
    private readonly int _pid;
    private readonly SafeFileHandle _secret;
    private readonly SafeFileHandle _output;
    private readonly SafeFileHandle _messages;
    private bool _ended;

    /// <param name="file">The program, a <see cref="Tool"/>.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <exception cref="LinuxException">It is not there, or cannot be run.</exception>
    internal PipedProgram(string file, params string[] arguments)
    {
        _file = file;
        (SafeFileHandle secretEnd, _secret) = MakePipe();
        (_output, SafeFileHandle outputEnd) = MakePipe();
        (_messages, SafeFileHandle messagesEnd) = MakePipe();
        using (secretEnd)
        using (outputEnd)
        using (messagesEnd)
        {
            int error = Start(file, arguments, [secretEnd, outputEnd, messagesEnd], out _pid);
            if (error == 0)
                return;
            _ended = true;
            Dispose();
            throw new LinuxException("run", file, error);
        }
    }

    /// <summary>Gives it the secret, with the end of a line behind it.</summary>
    /// <param name="secret">The secret: short enough for a pipe to hold.</param>
    internal void Send(ReadOnlySpan<byte> secret)
    {
        // SAFETY: both are pinned, and no more of them is written than there is.
        fixed (byte* bytes = secret, end = "\n"u8)
        {
            // A program that did not want it has said why.
            _ = Unistd.write(_secret, bytes, (nuint)secret.Length);
            _ = Unistd.write(_secret, end, 1);
        }

        _secret.Dispose();
    }

    /// <summary>Takes what it writes, to its end.</summary>
    /// <param name="memory">Takes its output.</param>
    /// <param name="limit">How long it may take.</param>
    /// <returns>How many bytes there were, its messages, and whether it ended with 0.</returns>
    /// <exception cref="LinuxException">It took too long, or wrote more than the memory holds.</exception>
    internal (int Length, string Messages, bool Succeeded) Receive(Span<byte> memory, TimeSpan limit)
    {
        long started = Stopwatch.GetTimestamp();
        int length = ReadAll(_output, memory, started, limit);
        byte[] messages = new byte[4096];
        int count = ReadAll(_messages, messages, started, limit);
        int status = Reap();
        return (length, Encoding.UTF8.GetString(messages, 0, count), status == 0);
    }

    public void Dispose()
    {
        if (!_ended)
        {
            _ = LibC.kill(_pid, LibC.SIGKILL);
            _ = Reap();
        }

        _secret.Dispose();
        _output.Dispose();
        _messages.Dispose();
    }

    private static (SafeFileHandle Read, SafeFileHandle Write) MakePipe()
    {
        // SAFETY: pipe2 fills two numbers, and there is room for two.
        int* ends = stackalloc int[2];
        return LibC.pipe2(ends, LibC.O_CLOEXEC) == 0
            ? (new SafeFileHandle(ends[0], ownsHandle: true), new SafeFileHandle(ends[1], ownsHandle: true))
            : throw LinuxException.FromLastError("make", "a pipe");
    }

    private static int Start(string file, string[] arguments, SafeFileHandle[] ends, out int pid)
    {
        // SAFETY: the structures have the size that C gives them, and lie on this stack until they are destroyed.
        Spawn.posix_spawn_file_actions_t actions;
        Spawn.posix_spawnattr_t attributes;
        _ = Spawn.posix_spawn_file_actions_init(&actions);
        _ = Spawn.posix_spawnattr_init(&attributes);
        // Its output first: the number of a pipe's end may be that of the secret's.
        using SafeFileHandle nothing = Fcntl.Open("/dev/null", LibC.O_RDONLY);
        _ = Spawn.posix_spawn_file_actions_adddup2(&actions, nothing, 0);
        _ = Spawn.posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
        _ = Spawn.posix_spawn_file_actions_adddup2(&actions, ends[2], 2);
        _ = Spawn.posix_spawn_file_actions_adddup2(&actions, ends[0], SecretDescriptor);
        // The runtime ignores SIGPIPE, which is inherited.
        Spawn.sigset_t pipe = default;
        int bit = LibC.SIGPIPE - 1;
        pipe[bit / 8] = (byte)(1 << (bit % 8));
        Spawn.sigset_t none = default;
        _ = Spawn.posix_spawnattr_setsigdefault(&attributes, &pipe);
        _ = Spawn.posix_spawnattr_setsigmask(&attributes, &none);
        _ = Spawn.posix_spawnattr_setflags(&attributes, Spawn.POSIX_SPAWN_SETSIGDEF | Spawn.POSIX_SPAWN_SETSIGMASK);
        int error = Spawn.posix_spawn(out pid, Tool.Find(file) ?? "/nonexistent/" + file, &actions, &attributes,
            [file, .. arguments, null], [.. Tool.Environment, null]);
        _ = Spawn.posix_spawn_file_actions_destroy(&actions);
        _ = Spawn.posix_spawnattr_destroy(&attributes);
        if (error == 0)
            Tool.Unprotect(pid);
        return error;
    }

    private int ReadAll(SafeFileHandle file, Span<byte> memory, long started, TimeSpan limit)
    {
        int length = 0;
        // SAFETY: the memory is pinned, and read(2) is given room for what is left of it.
        fixed (byte* bytes = memory)
        {
            while (length < memory.Length)
            {
                Wait(file, limit - Stopwatch.GetElapsedTime(started));
                nint count = Unistd.read(file, bytes + length, (nuint)(memory.Length - length));
                if (count < 0)
                    throw LinuxException.FromLastError("read from", _file);
                if (count == 0)
                    return length;
                length += (int)count;
            }
        }

        throw new LinuxException("take what came from", _file, LibC.ENOSPC, "it is too long");
    }

    private void Wait(SafeFileHandle file, TimeSpan left)
    {
        if (left <= TimeSpan.Zero || !Poll.WaitReadable(file, left))
            throw new LinuxException("wait for", _file, LibC.EBUSY, "it took too long");
    }

    /// <returns>How it ended; 0 for an exit with 0.</returns>
    private int Reap()
    {
        int status;
        while (Spawn.waitpid(_pid, out status, 0) < 0
            && System.Runtime.InteropServices.Marshal.GetLastPInvokeError() == LibC.EINTR)
        {
            // A signal came first.
        }

        _ended = true;
        return status;
    }
}
