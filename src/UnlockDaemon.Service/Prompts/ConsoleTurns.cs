using UnlockDaemon.Linux.Terminals;

namespace UnlockDaemon.Service.Prompts;

/// <summary>Of several instances that are locked, one prompts on a console, and asks the password agents.</summary>
internal static class ConsoleTurns
{
    /// <summary>The turn at the password agents, beside those at the consoles.</summary>
    internal const string Agents = "password-agents";

    // No instance's runtime directory, which goes away with it; no instance can have a dot in its name.
    private const string Directory = "/run/unlockd.consoles";

    /// <summary>Waits for the turn.</summary>
    /// <param name="name">The console, as below /dev.</param>
    /// <param name="poller">Waits.</param>
    /// <param name="cancellation">Ends the wait.</param>
    internal static Task<Turn> TakeAsync(string name, FilePoller poller, CancellationToken cancellation)
    {
        System.IO.Directory.CreateDirectory(
            Directory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        // "pts/0" is a name, too.
        return Turn.TakeAsync($"{Directory}/{name.Replace('/', '-')}", poller, cancellation);
    }
}
