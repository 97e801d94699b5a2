using Microsoft.Extensions.Logging;
using Microsoft.Win32.SafeHandles;
using UnlockDaemon.Linux.Systemd;
using UnlockDaemon.Linux.Terminals;
using UnlockDaemon.Service.Volumes;
using UnlockDaemon.Storage;
using UnlockDaemon.Storage.Configuration;

namespace UnlockDaemon.Service.Prompts;

/// <summary>
/// The dialogs on all consoles while the volume wants a passphrase; a console that appears meanwhile gets its own.
/// </summary>
/// <param name="configuration">Which consoles, and what is asked for.</param>
/// <param name="volume">The volume.</param>
/// <param name="systemd">Takes consoles from their gettys.</param>
/// <param name="poller">Waits for keys.</param>
/// <param name="events">What happens to the volume.</param>
/// <param name="logger">Told of consoles that come and go.</param>
/// <param name="asking">Ends the asking.</param>
/// <param name="stopping">Ends everything, the report on the services too.</param>
internal sealed partial class ConsoleDialogs(
    UnlockdConfiguration configuration, Volume volume, ISystemd systemd, FilePoller poller, EventHub events,
    ILogger logger, CancellationToken asking, CancellationToken stopping)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, ConsolePrompt> _prompts = new(StringComparer.Ordinal);
    private readonly List<Task> _dialogs = [];
    private readonly LastingDialog _lasting = new(logger);
    private readonly ILogger _logger = logger;

    /// <summary>Starts a dialog on each console that exists and has none yet.</summary>
    /// <returns>Their names.</returns>
    internal IReadOnlyList<string> StartMissing()
    {
        lock (_lock)
        {
            string[] missing = [.. ConsoleNames.FindExisting(configuration.Consoles, except: _prompts.Keys)];
            foreach (string console in missing)
            {
                ConsolePrompt prompt = new(console, volume, poller, events, configuration.Volume.MountPoint);
                _prompts.Add(console, prompt);
                _dialogs.Add(RunAsync(prompt, console));
            }

            return missing;
        }
    }

    /// <summary>Starts a dialog on each console that appears, until cancelled.</summary>
    internal async Task WatchAsync(CancellationToken cancellation)
    {
        using SafeFileHandle nodes = DeviceNodes.Watch();
        while (true)
        {
            foreach (string console in StartMissing())
                LogAppeared(console);
            await poller.WaitReadableAsync(nodes, cancellation);
            DeviceNodes.Drain(nodes);
        }
    }

    /// <summary>Shows all prompts again.</summary>
    internal void Redraw() => ForEach(static prompt => prompt.Redraw());

    /// <summary>Tells something on all consoles, above the prompt.</summary>
    internal void Tell(string text) => ForEach(prompt => prompt.Tell(text));

    /// <summary>Waits until all dialogs have ended; none is started any more.</summary>
    internal Task WhenEndedAsync()
    {
        lock (_lock)
            return Task.WhenAll(_dialogs);
    }

    private void ForEach(Action<ConsolePrompt> action)
    {
        ConsolePrompt[] prompts;
        lock (_lock)
            prompts = [.. _prompts.Values];
        Array.ForEach(prompts, action);
    }

    private async Task RunAsync(ConsolePrompt prompt, string console)
    {
        await AskAsync(prompt, console);
        if (asking.IsCancellationRequested)
            return;
        // Unplugged. It may have been plugged in again before it is forgotten here.
        lock (_lock)
            _prompts.Remove(console);
        StartMissing();
    }

    /// <summary>One console: the prompt, or a login, or the prompt again; then how the services come up.</summary>
    private async Task AskAsync(ConsolePrompt prompt, string console)
    {
        ConsoleLogin login = new(systemd, console);
        using EventHub.Subscription progress = events.Subscribe();
        bool lent = false;
        bool taken = false;
        Turn? turn = null;
        Func<bool> exists = () => Terminal.Exists("/dev/" + console);
        await _lasting.RunAsync(console, async token =>
        {
            turn ??= await ConsoleTurns.TakeAsync(console, poller, token);
            using CancellationTokenSource greeting = CancellationTokenSource.CreateLinkedTokenSource(token);
            Task greetings = GreetOthersAsync(prompt, turn, greeting.Token);
            try
            {
                while (true)
                {
                    taken = false;
                    await login.TakeAsync(lent, token);
                    (taken, lent) = (true, false);
                    await prompt.AskAsync(login.IsConfigured, token);
                    (taken, lent) = (false, true);
                    await login.LendAsync(token);
                }
            }
            finally
            {
                await greeting.CancelAsync();
                await greetings.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }, exists, asking);
        // Where somebody is logged in, or another instance prompts, nothing is written.
        if (taken && asking.IsCancellationRequested
            && volume.State is VolumeState.Starting or VolumeState.Ready or VolumeState.Degraded)
            await _lasting.RunAsync(console, token => prompt.FollowAsync(login.IsConfigured, progress, token), exists,
                stopping);
        prompt.Dispose();
        // A login need not wait for what the other consoles still tell.
        if (taken && asking.IsCancellationRequested && !volume.WantsPassphrase)
            await login.ReturnAsync();
        turn?.Dispose();
    }

    /// <summary>Another instance came that is locked, too: the prompt is for it as well.</summary>
    private async Task GreetOthersAsync(ConsolePrompt prompt, Turn turn, CancellationToken cancellation)
    {
        try
        {
            while (true)
            {
                await turn.WaitForOthersAsync(poller, cancellation);
                await prompt.GreetAgainAsync();
            }
        }
        catch (OperationCanceledException)
        {
            // Asked no more.
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "{Console} has appeared: asking there, too")]
    private partial void LogAppeared(string console);
}

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
