using Microsoft.Extensions.Logging;
using Microsoft.Win32.SafeHandles;
using UnlockDaemon.Linux.Systemd;
using UnlockDaemon.Linux.Terminals;
using UnlockDaemon.Service.Parts;
using UnlockDaemon.Service.Volumes;
using UnlockDaemon.Storage.Configuration;

namespace UnlockDaemon.Service.Prompts;

/// <summary>Asks for the passphrase everywhere at once while the volume wants one, and is silent otherwise.</summary>
internal sealed partial class PromptService : DaemonPart
{
    private static readonly string[] s_otherAgents =
        ["systemd-ask-password-console.path", "systemd-ask-password-console.service"];

    private static readonly TimeSpan s_returning = TimeSpan.FromSeconds(5);

    private readonly UnlockdConfiguration _configuration;
    private readonly Volume _volume;
    private readonly SystemdConnection _systemd;
    private readonly EventHub _events;
    private readonly ILogger _logger;
    private readonly FilePoller _poller = new();

    internal PromptService(UnlockdConfiguration configuration, Volume volume, SystemdConnection systemd,
        EventHub events, ILogger logger)
    {
        _configuration = configuration;
        _volume = volume;
        _systemd = systemd;
        _events = events;
        _logger = logger;
    }

    /// <inheritdoc/>
    public override Task StartAsync(CancellationToken cancellationToken)
    {
        if (_volume.WantsPassphrase)
            ReserveConsoles();
        return base.StartAsync(cancellationToken);
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        _poller.Dispose();
        base.Dispose();
    }

    /// <summary>Keeps gettys off the consoles before the first of them starts.</summary>
    private void ReserveConsoles()
    {
        foreach (string console in ConsoleNames.FindExisting(_configuration.Consoles))
            new ConsoleLogin(_systemd, console).Reserve();
    }

    /// <summary>Asks until told to end, and then gives the consoles back.</summary>
    protected override async Task RunAsync(CancellationToken stopping)
    {
        try
        {
            while (true)
            {
                if (!_volume.WantsPassphrase)
                    await ConsoleLogin.ReturnAllAsync(_systemd);
                await _volume.WaitUntilAsync(static volume => volume.WantsPassphrase, stopping);
                await AskEverywhereAsync(stopping);
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            await ConsoleLogin.ReturnAllAsync(_systemd);
        }
    }

    private async Task AskEverywhereAsync(CancellationToken cancellation)
    {
        ReserveConsoles();
        string mountPoint = _configuration.Volume.MountPoint;
        using CancellationTokenSource asking = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        ConsoleDialogs consoles =
            new(_configuration, _volume, _systemd, _poller, _events, _logger, asking.Token, cancellation);
        LogAsking(string.Join(", ", consoles.StartMissing()));
        Task[] dialogs =
        [
            RunAsync("new consoles", consoles.WatchAsync),
            RunAsync("progress", token => TellOfChecksAsync(consoles.Tell, token)),
            RunAsync("password agents", token => AskAgentsAsync(mountPoint, token)),
            RunAsync("kernel messages", token => new ScreenNoise(_poller).WatchAsync(consoles.Redraw, token)),
            RunAsync("boot messages", token => WatchBootAsync(consoles.Redraw, token)),
        ];
        await _volume.WaitUntilAsync(static volume => !volume.WantsPassphrase, cancellation)
            .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await asking.CancelAsync();
        await Task.WhenAll(dialogs);
        await consoles.WhenEndedAsync();
        cancellation.ThrowIfCancellationRequested();

        Task RunAsync(string subject, Func<CancellationToken, Task> dialog) =>
            new LastingDialog(_logger).RunAsync(subject, dialog, null, asking.Token);
    }

    /// <summary>A check of the file system can take long: all consoles show how far it is.</summary>
    private async Task TellOfChecksAsync(Action<string> tell, CancellationToken cancellation)
    {
        using EventHub.Subscription events = _events.Subscribe();
        await foreach (News happened in events.ReadAsync(cancellation))
        {
            if (happened is News.CheckGoesOn check)
                tell(check.Text);
        }
    }

    /// <summary>
    /// systemd, too, writes over the prompt while it boots: once it has finished, the prompt is shown again.
    /// </summary>
    private async Task WatchBootAsync(Action finished, CancellationToken cancellation)
    {
        using IDisposable watch = await _systemd.WatchStartupAsync(finished, cancellation);
        await Task.Delay(Timeout.Infinite, cancellation);
    }

    private async Task AskAgentsAsync(string mountPoint, CancellationToken cancellation)
    {
        // Whoever has the turn tries an answer on all.
        using Turn turn = await ConsoleTurns.TakeAsync(ConsoleTurns.Agents, _poller, cancellation);
        // systemd's own console agent would answer the question on the very consoles that are prompted on here.
        bool wasActive = (await _systemd.GetUnitAsync(s_otherAgents[0], cancellation)).IsActive;
        try
        {
            foreach (string unit in s_otherAgents)
                await _systemd.StopUnitAsync(unit, cancellation);
            PasswordAgentPrompt prompt =
                new(_volume, _poller, $"Passphrase of {mountPoint} on {Environment.MachineName}");
            await prompt.AskAsync(cancellation);
        }
        finally
        {
            // Others ask by it, too: for a disk of crypttab, or as they start.
            using CancellationTokenSource limit = new(s_returning);
            if (wasActive)
                await ((Task)_systemd.StartUnitAsync(s_otherAgents[0], limit.Token))
                    .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    [LoggerMessage(Level = LogLevel.Information,
        Message = "asking for the passphrase on {Consoles}, password agents and the control socket")]
    private partial void LogAsking(string consoles);
}

/// <summary>Notices when the kernel writes to the consoles, so that a prompt can be shown again below it.</summary>
internal sealed class ScreenNoise(FilePoller poller)
{
    // Messages come in bursts: one redraw after the last of them.
    private static readonly TimeSpan s_quiet = TimeSpan.FromMilliseconds(200);

    /// <summary>Calls back after every burst of messages that reached the consoles.</summary>
    internal async Task WatchAsync(Action interrupted, CancellationToken cancellation)
    {
        using SafeFileHandle messages = KernelMessages.Open();
        while (true)
        {
            await poller.WaitReadableAsync(messages, cancellation);
            bool shown = KernelMessages.DrainAnyShown(messages);
            if (!shown)
                continue;
            await Task.Delay(s_quiet, cancellation);
            KernelMessages.DrainAnyShown(messages);
            interrupted();
        }
    }
}
