using Microsoft.Extensions.Logging;
using UnlockDaemon.Linux;
using UnlockDaemon.Linux.Systemd;
using UnlockDaemon.Linux.Terminals;
using UnlockDaemon.Service.Configuration;
using UnlockDaemon.Service.Volumes;

namespace UnlockDaemon.Service.Prompts;

/// <summary>Asks for the passphrase everywhere at once while the volume wants one, and is silent otherwise.</summary>
internal sealed partial class PromptService : IDisposable
{
    private static readonly string[] s_otherAgents =
        ["systemd-ask-password-console.path", "systemd-ask-password-console.service"];

    private readonly UnlockdConfiguration _configuration;
    private readonly Volume _volume;
    private readonly SystemdConnection _systemd;
    private readonly EventHub _events;
    private readonly ILogger _logger;
    private readonly FilePoller _poller = new();

    internal PromptService(UnlockdConfiguration configuration, Volume volume, SystemdConnection systemd, EventHub events,
        ILogger logger)
    {
        _configuration = configuration;
        _volume = volume;
        _systemd = systemd;
        _events = events;
        _logger = logger;
    }

    /// <summary>Keeps gettys off the consoles before the first of them starts.</summary>
    internal void ReserveConsoles()
    {
        foreach (string console in ConsoleNames.FindExisting(_configuration.Consoles))
            new ConsoleLogin(_systemd, console).Reserve();
    }

    /// <summary>Runs until cancelled, and then gives the consoles back.</summary>
    internal async Task RunAsync(CancellationToken cancellation)
    {
        try
        {
            while (true)
            {
                if (!_volume.WantsPassphrase)
                    await ConsoleLogin.ReturnAllAsync(_systemd, cancellation);
                await _volume.WaitUntilAsync(static volume => volume.WantsPassphrase, cancellation);
                await AskEverywhereAsync(cancellation);
            }
        }
        catch (OperationCanceledException)
        {
            await ConsoleLogin.ReturnAllAsync(_systemd, CancellationToken.None);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _poller.Dispose();

    private async Task AskEverywhereAsync(CancellationToken cancellation)
    {
        ReserveConsoles();
        string[] consoles = [.. ConsoleNames.FindExisting(_configuration.Consoles)];
        LogAsking(string.Join(", ", consoles));
        string mountPoint = _configuration.Volume.MountPoint;
        ConsolePrompt[] prompts =
            Array.ConvertAll(consoles, name => new ConsolePrompt(name, _volume, _poller, _events, mountPoint));

        using CancellationTokenSource asking = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        List<Task> dialogs =
        [
            .. Array.ConvertAll(prompts, prompt => RunConsoleAsync(prompt, asking.Token, cancellation)),
            RunQuietlyAsync("password agents", token => AskAgentsAsync(mountPoint, token), asking.Token),
            RunQuietlyAsync("kernel messages", token => new ScreenNoise(_poller).WatchAsync(Redraw, token), asking.Token),
            RunQuietlyAsync("boot messages", token => WatchBootAsync(Redraw, token), asking.Token),
        ];
        await _volume.WaitUntilAsync(static volume => !volume.WantsPassphrase, cancellation)
            .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await asking.CancelAsync();
        await Task.WhenAll(dialogs);
        cancellation.ThrowIfCancellationRequested();

        void Redraw() => Array.ForEach(prompts, static prompt => prompt.Redraw());
    }

    /// <summary>systemd, too, writes over the prompt while it boots: once it has finished, the prompt is shown again.</summary>
    private async Task WatchBootAsync(Action finished, CancellationToken cancellation)
    {
        using IDisposable watch = await _systemd.WatchStartupAsync(finished, cancellation);
        await Task.Delay(Timeout.Infinite, cancellation);
    }

    /// <summary>One console: the prompt, or somebody's login, or the prompt again.</summary>
    private async Task RunConsoleAsync(
        ConsolePrompt prompt, CancellationToken asking, CancellationToken stopping)
    {
        ConsoleLogin login = new(_systemd, prompt.Console);
        using EventHub.Subscription progress = _events.Subscribe();
        bool lent = false;
        await RunQuietlyAsync(prompt.Console, async token =>
        {
            while (true)
            {
                await login.TakeAsync(lent, token);
                lent = false;
                await prompt.AskAsync(login.IsConfigured, token);
                lent = true;
                await login.LendAsync(token);
            }
        }, asking);
        if (!lent && _volume.State is VolumeState.Starting or VolumeState.Ready or VolumeState.Degraded)
            await RunQuietlyAsync(prompt.Console, token => prompt.FollowAsync(progress, token), stopping);
    }

    private async Task AskAgentsAsync(string mountPoint, CancellationToken cancellation)
    {
        // systemd's own console agent would answer the question on the very consoles that are prompted on here.
        foreach (string unit in s_otherAgents)
            await _systemd.StopUnitAsync(unit, cancellation);
        PasswordAgentPrompt prompt = new(_volume, _poller, $"Passphrase of {mountPoint} on {Environment.MachineName}");
        await prompt.AskAsync(cancellation);
    }

    /// <summary>A console that is hung up or a bus that is away must not end the other prompts.</summary>
    private async Task RunQuietlyAsync(string subject, Func<CancellationToken, Task> dialog, CancellationToken cancellation)
    {
        TimeSpan pause = TimeSpan.FromSeconds(1);
        while (!cancellation.IsCancellationRequested)
        {
            try
            {
                await dialog(cancellation);
                return;
            }
            catch (OperationCanceledException)
            {
                return;
            }
            catch (Exception failure) when (failure is LinuxException or IOException or SystemdException)
            {
                LogLost(subject, failure.Message, pause.TotalSeconds);
            }

            await Task.Delay(pause, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            pause = pause < TimeSpan.FromMinutes(5) ? pause * 2 : pause;
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "asking for the passphrase on {Consoles}, password agents and the control socket")]
    private partial void LogAsking(string consoles);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Subject}: {Reason}; trying again in {Seconds} s")]
    private partial void LogLost(string subject, string reason, double seconds);
}
