using Tmds.Linux;
using UnlockDaemon.Linux;
using UnlockDaemon.Rig.Interop;

namespace UnlockDaemon.Rig;

/// <summary>
/// A program with file descriptors of our choice, in a session of its own, that dies with this process however that
/// ends, and takes all its children with it.
/// </summary>
/// <remarks>
/// It runs in a PID namespace of its own, under a shell that is the first process there (the program itself should not
/// be: to that one, abort(3) does nothing). When the shell ends, the kernel ends everything in there, and only then is
/// the end reported. Two PR_SET_PDEATHSIG (setpriv's and unshare's) carry our own death to it. That signal is sent
/// when the <em>thread</em> that started the program ends, which is why a thread stays for each program.
/// </remarks>
internal sealed class ChildProcess
{
    private readonly TaskCompletionSource<int> _exited = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<int> _started = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private ChildProcess(IReadOnlyList<string> command, IReadOnlyList<int> inherited, string log, int terminal)
    {
        Thread thread = new(() => Run(command, inherited, log, terminal)) { IsBackground = true, Name = command[0] };
        thread.Start();
    }

    /// <summary>Ends with the exit code, or 128 and the signal's number, when no process of it is left.</summary>
    internal Task<int> Exited => _exited.Task;

    /// <summary>Starts a program.</summary>
    /// <param name="command">The program, looked for in PATH, and its arguments.</param>
    /// <param name="inherited">File descriptors that it gets under the same numbers.</param>
    /// <param name="log">The file that its standard error is appended to, and its output if it has no terminal.</param>
    /// <param name="terminal">The descriptor that is its standard input and output; none if negative.</param>
    /// <returns>The running program.</returns>
    internal static async Task<ChildProcess> StartAsync(IReadOnlyList<string> command,
        IReadOnlyList<int> inherited, string log, int terminal = -1)
    {
        string[] prefix =
        [
            "setpriv", "--pdeathsig", "KILL", "unshare", "--pid", "--fork", "--kill-child=KILL", "--",
            "sh", "-c", "\"$@\"; exit $?", "sh",
        ];
        ChildProcess child = new([.. prefix, .. command], inherited, log, terminal);
        await child._started.Task;
        return child;
    }

    /// <summary>Kills it with SIGKILL and awaits the end of all its processes.</summary>
    internal async Task KillAsync()
    {
        int outer = await _started.Task;
        try
        {
            string children = await File.ReadAllTextAsync($"/proc/{outer}/task/{outer}/children");
            int target = children.Length == 0 ? outer : int.Parse(children.Split(' ')[0]);
            // Fails only if it has ended by itself since; then there is nothing to do.
            _ = Signal.kill(target, LibC.SIGKILL);
        }
        catch (IOException)
        {
            // It has ended, and there is no such process any more.
        }

        await Exited;
    }

    private void Run(IReadOnlyList<string> command, IReadOnlyList<int> inherited, string log, int terminal)
    {
        int error = Start(command, inherited, log, terminal, out int pid);
        if (error != 0)
        {
            _started.SetException(new LinuxException("start", command[0], error));
            return;
        }

        _started.SetResult(pid);
        int status;
        while (Wait.waitpid(pid, out status, 0) == -1)
        {
            // Interrupted by a signal: only EINTR is possible for a child that nobody else waits for.
        }

        _exited.SetResult(Wait.ExitCode(status));
    }

    private static unsafe int Start(IReadOnlyList<string> command, IReadOnlyList<int> inherited, string log,
        int terminal, out int pid)
    {
        Spawn.posix_spawn_file_actions_t actions;
        Spawn.posix_spawnattr_t attributes;
        Spawn.sigset_t all = default, none = default;
        ((Span<byte>)all).Fill(0xff);
        Spawn.posix_spawn_file_actions_init(&actions);
        Spawn.posix_spawnattr_init(&attributes);
        Spawn.posix_spawnattr_setflags(&attributes,
            Spawn.POSIX_SPAWN_SETSID | Spawn.POSIX_SPAWN_SETSIGDEF | Spawn.POSIX_SPAWN_SETSIGMASK);
        Spawn.posix_spawnattr_setsigdefault(&attributes, &all);
        Spawn.posix_spawnattr_setsigmask(&attributes, &none);
        Spawn.posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", Spawn.O_RDONLY, 0);
        Spawn.posix_spawn_file_actions_addopen(&actions, 1, log,
            Spawn.O_WRONLY | Spawn.O_CREAT | Spawn.O_APPEND, 0x1a4);
        Spawn.posix_spawn_file_actions_adddup2(&actions, 1, 2);
        for (int fd = 0; fd < 2 && terminal >= 0; fd++)
            Spawn.posix_spawn_file_actions_adddup2(&actions, terminal, fd);
        // A descriptor duplicated onto itself loses its close-on-exec flag.
        foreach (int fd in inherited)
            Spawn.posix_spawn_file_actions_adddup2(&actions, fd, fd);
        int error = Spawn.posix_spawnp(out pid, command[0], &actions, &attributes, [.. command, null], Environment());
        Spawn.posix_spawn_file_actions_destroy(&actions);
        Spawn.posix_spawnattr_destroy(&attributes);
        return error;
    }

    private static string?[] Environment()
    {
        List<string?> variables = [];
        foreach (System.Collections.DictionaryEntry variable in System.Environment.GetEnvironmentVariables())
            variables.Add($"{variable.Key}={variable.Value}");
        variables.Add(null);
        return [.. variables];
    }
}
