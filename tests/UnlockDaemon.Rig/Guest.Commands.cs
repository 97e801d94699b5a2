using System.Text;

namespace UnlockDaemon.Rig;

/// <content>Commands and files.</content>
public sealed partial class Guest
{
    private bool _shared;
    private int _terminals;

    /// <summary>Runs a command as root, with bash, in a shell of the harness; up to three at the same time.</summary>
    /// <param name="command">The command, as long as need be. It has no terminal.</param>
    /// <param name="timeout">How long it may take, then the guest kills it; 60 s unless given.</param>
    /// <param name="input">Its standard input; empty unless given.</param>
    /// <param name="cancellationToken">Ends the wait; the shell is lost then.</param>
    /// <returns>What it did, also if it failed.</returns>
    /// <exception cref="TimeoutException">It took too long.</exception>
    /// <exception cref="EndOfStreamException">The guest has ended, or ends meanwhile.</exception>
    public async Task<CommandResult> RunAsync(string command, TimeSpan? timeout = null,
        ReadOnlyMemory<byte> input = default, CancellationToken cancellationToken = default)
    {
        TimeSpan limit = timeout ?? s_defaultTimeout;
        CommandShell shell = await TakeShellAsync(cancellationToken);
        CommandResult result = await shell.RunAsync(command, limit, input, cancellationToken);
        _idleShells.Writer.TryWrite(shell);
        return result.ExitCode is 124 or 137 && result.Duration >= limit
            ? throw new TimeoutException(
                $"'{command}' did not end within {limit.TotalSeconds} s; it had said:\n{result.LastWords}")
            : result;
    }

    /// <summary>Runs a command over SSH, as an operator does.</summary>
    /// <param name="command">The command.</param>
    /// <param name="input">Its standard input; empty unless given.</param>
    /// <param name="timeout">How long it may take; 60 s unless given.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>What it did; exit code 255 if SSH itself failed.</returns>
    public Task<CommandResult> SshAsync(string command, ReadOnlyMemory<byte> input = default, TimeSpan? timeout = null,
        CancellationToken cancellationToken = default) =>
        HostCommand.RunAsync("ssh", [.. SshArguments(), command], input, timeout, cancellationToken);

    /// <summary>Runs a command over SSH on a terminal, to type into; with none, a login shell.</summary>
    /// <param name="command">The command.</param>
    /// <returns>The running command.</returns>
    public Task<SshTerminal> OpenTerminalAsync(string command = "") => SshTerminal.StartAsync(
        [.. SshArguments(), command], Path.Combine(LogDirectory, $"ssh-{++_terminals}"), _start);

    /// <summary>Makes <see cref="ShareDirectory"/> appear in the guest as /mnt/host.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>When it is mounted.</returns>
    public async Task ShareAsync(CancellationToken cancellationToken = default)
    {
        if (_shared)
            return;
        (await RunAsync("mkdir -p /mnt/host && mount -t hostfs none /mnt/host",
            cancellationToken: cancellationToken)).Require();
        _shared = true;
    }

    /// <summary>Writes a file in the guest.</summary>
    /// <param name="path">Its path there.</param>
    /// <param name="contents">What it shall hold.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>When it is written.</returns>
    public Task WriteFileAsync(string path, string contents, CancellationToken cancellationToken = default) =>
        WriteFileAsync(path, Encoding.UTF8.GetBytes(contents), cancellationToken);

    /// <summary>Writes a file in the guest.</summary>
    /// <param name="path">Its path there.</param>
    /// <param name="contents">What it shall hold.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>When it is written.</returns>
    public async Task WriteFileAsync(string path, ReadOnlyMemory<byte> contents,
        CancellationToken cancellationToken = default) =>
        (await RunAsync($"cat >'{path}'", input: contents, cancellationToken: cancellationToken)).Require();

    /// <summary>Copies a file of the host into the guest, large ones too.</summary>
    /// <param name="hostPath">The file.</param>
    /// <param name="guestPath">Where it goes.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>When it is there.</returns>
    public async Task PushAsync(string hostPath, string guestPath, CancellationToken cancellationToken = default)
    {
        await ShareAsync(cancellationToken);
        string shared = Path.Combine(ShareDirectory, "push");
        File.Copy(hostPath, shared, overwrite: true);
        (await RunAsync($"cp /mnt/host/push '{guestPath}'", cancellationToken: cancellationToken)).Require();
        File.Delete(shared);
    }

    /// <summary>Copies a file of the guest to the host, large ones too.</summary>
    /// <param name="guestPath">The file.</param>
    /// <param name="hostPath">Where it goes.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>When it is there.</returns>
    public async Task PullAsync(string guestPath, string hostPath, CancellationToken cancellationToken = default)
    {
        await ShareAsync(cancellationToken);
        (await RunAsync($"cp '{guestPath}' /mnt/host/pull", cancellationToken: cancellationToken)).Require();
        File.Move(Path.Combine(ShareDirectory, "pull"), hostPath, overwrite: true);
    }

    private string[] SshArguments() => HostCommand.SshArguments(Address);

    /// <summary>Gives an order that takes the shell down with it, so that no answer is awaited.</summary>
    private async Task OrderAsync(string command, CancellationToken cancellationToken)
    {
        CommandShell shell = await TakeShellAsync(cancellationToken);
        await shell.SendAsync(command, s_defaultTimeout, default, cancellationToken);
    }

    /// <summary>Waits for a free shell, but not for one of a guest that is gone.</summary>
    private async Task<CommandShell> TakeShellAsync(CancellationToken cancellationToken)
    {
        Task<CommandShell> shell = _idleShells.Reader.ReadAsync(cancellationToken).AsTask();
        return await Task.WhenAny(Exited, shell) == shell
            ? await shell
            : throw new EndOfStreamException($"the guest has ended; {LogDirectory} has its last words");
    }
}
