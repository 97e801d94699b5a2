using UnlockDaemon.Linux;
using UnlockDaemon.Linux.Terminals;
using UnlockDaemon.Protocol;
using UnlockDaemon.Service.Volumes;
using UnlockDaemon.Storage;

namespace UnlockDaemon.Service.Prompts;

/// <summary>The dialog on one console: asks until the volume is unlocked, from here or elsewhere.</summary>
internal sealed class ConsolePrompt(
    string console, Volume volume, FilePoller poller, EventHub events, string mountPoint) : IDisposable
{
    // Services that take longer are waited for by people who want to log in, and by the prompt of another instance.
    private static readonly TimeSpan s_following = TimeSpan.FromMinutes(2);

    private readonly RetryDelay _delay = new();
    private Terminal? _terminal;
    private bool _asking;

    private static string PromptLine => "Passphrase: ";

    /// <summary>Shows the prompt again: something else has written on the screen.</summary>
    internal void Redraw()
    {
        if (!_asking || _terminal is not { } terminal)
            return;
        try
        {
            Show(terminal, "\r");
        }
        catch (Exception gone) when (gone is LinuxException or ObjectDisposedException)
        {
            // It was hung up, or closed meanwhile: the dialog there sees that itself.
        }
    }

    /// <summary>Tells something above the prompt.</summary>
    internal void Tell(string text)
    {
        try
        {
            _terminal?.Write($"\r  {text}\n{(_asking ? PromptLine : "")}");
        }
        catch (ObjectDisposedException)
        {
            // The dialog has ended meanwhile: this is called from other threads.
        }
    }

    /// <summary>Asks on the console until cancelled.</summary>
    /// <param name="canLogIn">Whether there is a login to go to instead.</param>
    /// <param name="cancellation">
    /// Ends the prompt: the volume is unlocked, or on hold. The terminal stays without echo until <see cref="Dispose"/>,
    /// since somebody may be in the middle of a passphrase.
    /// </param>
    /// <returns>When the operator wants to log in.</returns>
    internal async Task AskAsync(bool canLogIn, CancellationToken cancellation)
    {
        Terminal terminal = Open();
        try
        {
            terminal.Write(await GreetAsync(canLogIn));
            while (true)
            {
                using Passphrase passphrase = new();
                EntryKey ended = await ReadAsync(terminal, passphrase, cancellation);
                if (ended == EntryKey.Login && canLogIn)
                {
                    Dispose();
                    return;
                }

                if (ended == EntryKey.Enter && passphrase.Length > 0)
                    await TryAsync(terminal, passphrase, cancellation);
            }
        }
        catch (Exception lost) when (lost is not OperationCanceledException)
        {
            Dispose();
            throw;
        }
    }

    /// <summary>
    /// After the unlock: tells how the services come up, until they are, it takes long, or somebody wants to log in.
    /// </summary>
    /// <param name="canLogIn">Whether there is a login to go to instead.</param>
    /// <param name="subscription">What happens.</param>
    /// <param name="cancellation">Ends the report.</param>
    internal async Task FollowAsync(
        bool canLogIn, EventHub.Subscription subscription, CancellationToken cancellation)
    {
        Terminal terminal = _terminal ?? Open();
        terminal.Write($"\r\n{Environment.MachineName}: {mountPoint} is mounted; starting services."
            + $"{(canLogIn ? " Ctrl-D: log in now." : "")}\n");
        using CancellationTokenSource following = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        following.CancelAfter(s_following);
        Task leaving = WaitForLoginKeyAsync(terminal, following);
        try
        {
            await TellOfServicesAsync(terminal, subscription, following.Token);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            terminal.Write($"{Environment.MachineName}: services are still starting: "
                + $"{Instance.Current.Address("'unlockctl status'")}\n");
        }
        finally
        {
            await following.CancelAsync();
            await leaving.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private static async Task TellOfServicesAsync(
        Terminal terminal, EventHub.Subscription subscription, CancellationToken cancellation)
    {
        bool started = false;
        await foreach (News happened in subscription.ReadAsync(cancellation))
        {
            // What happened while the prompt was up is old news.
            started |= happened is News.StateChanged { State: VolumeState.Starting };
            if (!started)
                continue;
            if (happened is News.ServiceChanged { Service: var service })
                terminal.Write($"  {service.Name,-16} {service}\n");
            if (happened is News.StateChanged { State: not VolumeState.Starting and var state, Text: var text })
            {
                terminal.Write($"{Environment.MachineName}: {Volume.JsonName(state)}: {text}\n");
                return;
            }
        }
    }

    /// <summary>Takes what is typed, so that none of it is left to a login, and cancels at Ctrl-D.</summary>
    private async Task WaitForLoginKeyAsync(Terminal terminal, CancellationTokenSource following)
    {
        while (true)
        {
            await poller.WaitReadableAsync(terminal.File, following.Token);
            while (terminal.TryRead(out byte key))
            {
                if (key == PassphraseEntry.CtrlD)
                    await following.CancelAsync();
            }
        }
    }

    /// <summary>Gives the terminal its echo back.</summary>
    public void Dispose()
    {
        _terminal?.Dispose();
        _terminal = null;
    }

    private Terminal Open()
    {
        Dispose();
        Terminal terminal = Terminal.Open("/dev/" + console);
        try
        {
            terminal.EnterRawMode();
            return _terminal = terminal;
        }
        catch
        {
            terminal.Dispose();
            throw;
        }
    }

    /// <summary>Names what is locked anew, with that of other instances, above the prompt.</summary>
    internal async Task GreetAgainAsync() => Tell(await DescribeAsync());

    private async Task<string> GreetAsync(bool canLogIn) =>
        $"\r\n{await DescribeAsync()}{(canLogIn ? " Ctrl-D: log in instead." : "")}\n"
        + (volume is { State: VolumeState.Failed, LastError: { } trouble } ? trouble + "\n" : "");

    private async Task<string> DescribeAsync()
    {
        List<(Instance Instance, string MountPoint)> others = await Siblings.FindLockedAsync();
        return others.Count == 0
            ? $"{Environment.MachineName}: {mountPoint} is locked."
            : $"{Environment.MachineName}: {mountPoint}, "
                + $"{string.Join(", ", others.Select(static other => other.MountPoint))} are locked.";
    }

    private async Task<EntryKey> ReadAsync(Terminal terminal, Passphrase passphrase, CancellationToken cancellation)
    {
        PassphraseEntry entry = new(passphrase, terminal.IsUtf8);
        try
        {
            Show(terminal, "");
            _asking = true;
            while (true)
            {
                await poller.WaitReadableAsync(terminal.File, cancellation);
                while (terminal.TryRead(out byte key))
                {
                    EntryKey meaning = entry.Feed(key);
                    if (meaning is EntryKey.Enter or EntryKey.Cancel or EntryKey.Login)
                        return meaning;
                    if (meaning == EntryKey.Refused)
                        terminal.Write("\a");
                }
            }
        }
        finally
        {
            _asking = false;
            terminal.Write("\n");
        }
    }

    /// <summary>
    /// Somebody may have reset the terminal since it was last shown: nothing typed must ever be seen.
    /// </summary>
    private static void Show(Terminal terminal, string before)
    {
        terminal.EnterRawMode();
        terminal.Write(before + PromptLine);
    }

    private async Task TryAsync(Terminal terminal, Passphrase passphrase, CancellationToken cancellation)
    {
        events.Publish(new News.PassphraseTried(console));
        (UnlockAttempt attempt, bool others) = await Siblings.TryAllAsync(
            volume, passphrase, text => terminal.Write($"{Environment.MachineName}: {text}\n"));
        switch (attempt.Outcome)
        {
            case UnlockOutcome.Mounted:
                await Task.Delay(Timeout.Infinite, cancellation);
                break;
            case UnlockOutcome.WrongPassphrase when others:
                terminal.Write($"{Environment.MachineName}: {mountPoint} has another passphrase.\n");
                break;
            case UnlockOutcome.WrongPassphrase:
                TimeSpan delay = _delay.Next();
                string why = Wording.Sentence(attempt.Reason);
                terminal.Write(delay > TimeSpan.Zero ? $"{why} Next try in {delay.TotalSeconds:0} s.\n" : $"{why}\n");
                await Task.Delay(delay, cancellation);
                break;
            default:
                terminal.Write($"Not unlocked: {Instance.Current.Address(attempt.Reason)}\n");
                break;
        }

        terminal.DiscardInput();
    }
}
