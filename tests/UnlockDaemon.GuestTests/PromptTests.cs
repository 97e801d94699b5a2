using System.Text;
using System.Text.RegularExpressions;
using UnlockDaemon.Rig;
using Xunit;

namespace UnlockDaemon.GuestTests;

/// <summary>The prompt on the consoles, and the other ways that a passphrase comes in.</summary>
public sealed partial class PromptTests(UnlockdGuest fixture) : UnlockdTest(fixture)
{
    [Fact]
    public async Task AsksWithoutEchoUntilThePassphraseIsRight()
    {
        await PromptAgainAsync();
        await Guest.Tty1.SendAsync("nonsense-typed\r", Cancellation);
        await Guest.Tty1.ExpectAsync("Wrong passphrase.", Soon, Cancellation);
        await Guest.Tty1.ExpectAsync("Passphrase: ", Soon, Cancellation);
        await Guest.Tty1.SendAsync(UnlockdGuest.Passphrase + "\r", Cancellation);
        await Guest.Tty1.ExpectAsync("ready: all services are ready", TimeSpan.FromMinutes(1), Cancellation);
        await Guest.Tty1.ExpectAsync("login:", Soon, Cancellation);

        Assert.DoesNotContain("nonsense-typed", Guest.Tty1.Transcript, StringComparison.Ordinal);
        Assert.DoesNotContain(UnlockdGuest.Passphrase, Guest.Tty1.Transcript, StringComparison.Ordinal);
        Assert.Equal("ready", await StateAsync());
    }

    [Fact]
    public async Task OtherConsolesEndTheirPromptAtOnce()
    {
        await PromptAgainAsync();
        Guest.TtyS0.SkipReceived();
        await Guest.Tty1.SendAsync(UnlockdGuest.Passphrase + "\r", Cancellation);
        ConsoleMatch first = await Guest.Tty1.ExpectAsync("is mounted", Soon, Cancellation);
        ConsoleMatch second = await Guest.TtyS0.ExpectAsync("is mounted", Soon, Cancellation);
        double apart = Math.Abs((second.At - first.At).TotalMilliseconds);
        Assert.True(apart < 100, $"the prompts ended {apart:0} ms apart");
    }

    [Fact]
    public async Task EditingKeysWork()
    {
        await PromptAgainAsync();
        await Guest.Tty1.SendAsync(
            "rubbish\u0015corrext\u007f\u007fct horse bätt\u007f\u007f\u007fattery\r", Cancellation);
        await Guest.Tty1.ExpectAsync("is mounted", Soon, Cancellation);
    }

    [Fact]
    public async Task OperatorMayLogInInsteadAndThePromptReturnsAfterwards()
    {
        await PromptAgainAsync();
        await Guest.Tty1.SendAsync("\u0004", Cancellation);
        await Guest.Tty1.ExpectAsync("login:", Soon, Cancellation);
        await Guest.Tty1.SendAsync("root\r", Cancellation);
        await Guest.Tty1.ExpectAsync("Password:", Soon, Cancellation);
        await Guest.Tty1.SendAsync("root\r", Cancellation);
        await Guest.Tty1.ExpectAsync(Prompt(), Soon, Cancellation);
        await Guest.Tty1.SendAsync("unlockctl status | head -n 1; exit\r", Cancellation);
        await Guest.Tty1.ExpectAsync(": locked since", Soon, Cancellation);
        await Guest.Tty1.ExpectAsync("Passphrase: ", Soon, Cancellation);
    }

    [Fact]
    public async Task KernelMessageIsFollowedByThePrompt()
    {
        await PromptAgainAsync();
        await RunAsync("echo '<1>a loud message' >/dev/kmsg");
        await Guest.Tty1.ExpectAsync("Passphrase: ", Soon, Cancellation);
    }

    [Fact]
    public async Task TerminalThatWasResetDoesNotEchoAtTheNextPrompt()
    {
        await PromptAgainAsync();
        await RunAsync("stty sane </dev/tty1");
        await Guest.Tty1.SendAsync("\r", Cancellation);
        await Guest.Tty1.ExpectAsync("Passphrase: ", Soon, Cancellation);
        Assert.Contains(" -echo ", await RunAsync("stty -a </dev/tty1"), StringComparison.Ordinal);

        await RunAsync("stty sane </dev/tty1; echo '<1>a loud message' >/dev/kmsg");
        await Guest.Tty1.ExpectAsync("Passphrase: ", Soon, Cancellation);
        Assert.Contains(" -echo ", await RunAsync("stty -a </dev/tty1"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task PasswordAgentUnlocks()
    {
        // Unlike PBKDF2, Argon2 takes a passphrase with a zero byte behind it for another one.
        await RunAsync("""
            printf 'typed for the agent' >/root/agent
            cryptsetup luksAddKey -q --key-file /root/passphrase --pbkdf argon2id --pbkdf-memory 16384 \
                --pbkdf-parallel 1 --pbkdf-force-iterations 4 /var/encrypt_file /root/agent
            """);
        await PromptAgainAsync();
        await RunAsync("for i in $(seq 50); do ls /run/systemd/ask-password/ask.* 2>/dev/null && break; "
            + "sleep 0.1; done");
        string question = await RunAsync("cat /run/systemd/ask-password/ask.unlockd");
        await using SshTerminal terminal = await Guest.OpenTerminalAsync("systemd-tty-ask-password-agent --query");
        await terminal.Console.ExpectAsync("Passphrase of /var/secure", Soon, Cancellation);
        await terminal.Console.SendAsync("typed for the agent\r", Cancellation);
        await Guest.Tty1.ExpectAsync("is mounted", Soon, Cancellation);
        await RunAsync("cryptsetup luksRemoveKey -q /var/encrypt_file /root/agent; rm /root/agent");
        Assert.Contains("Echo=0", question, StringComparison.Ordinal);
    }

    [Fact]
    public async Task UnlockctlAsksOverSshWithoutEcho()
    {
        await using SshTerminal terminal = await Guest.OpenTerminalAsync("unlockctl unlock");
        await terminal.Console.ExpectAsync("Passphrase: ", Soon, Cancellation);
        await terminal.Console.SendAsync("wrong-over-ssh\r", Cancellation);
        await terminal.Console.ExpectAsync("Wrong passphrase.", Soon, Cancellation);
        await terminal.Console.ExpectAsync("Passphrase: ", Soon, Cancellation);
        await terminal.Console.SendAsync(UnlockdGuest.Passphrase + "\r", Cancellation);
        await terminal.Console.ExpectAsync("all services are ready", TimeSpan.FromMinutes(1), Cancellation);
        Assert.DoesNotContain("wrong-over-ssh", terminal.Console.Transcript, StringComparison.Ordinal);
    }

    [Fact]
    public async Task PassphraseIsExactBytes()
    {
        // 512 bytes: spaces at both ends, KOI8-R, UTF-8.
        byte[] passphrase = new byte[512];
        Array.Fill(passphrase, (byte)0xD4);
        Encoding.UTF8.GetBytes(" пароль ").CopyTo(passphrase, 0);
        passphrase[511] = (byte)' ';
        await Guest.WriteFileAsync("/root/bytes", passphrase, Cancellation);
        await RunAsync("cryptsetup luksAddKey -q --pbkdf pbkdf2 --pbkdf-force-iterations 1000 --key-file "
            + "/root/passphrase /var/encrypt_file /root/bytes");
        try
        {
            await RunAsync("unlockctl unlock --passphrase-file /root/bytes; unlockctl lock");
            await PromptAgainAsync();
            await Guest.Tty1.SendAsync((byte[])[.. passphrase, (byte)'\r'], Cancellation);
            await Guest.Tty1.ExpectAsync("is mounted", Soon, Cancellation);
        }
        finally
        {
            await RunAsync("cryptsetup luksRemoveKey -q /var/encrypt_file /root/bytes");
        }
    }

    [GeneratedRegex(@"[#$] $", RegexOptions.None, 1000)]
    private static partial Regex Prompt();
}
