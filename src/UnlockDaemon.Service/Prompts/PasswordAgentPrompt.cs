using System.Net.Sockets;
using Microsoft.Win32.SafeHandles;
using UnlockDaemon.Linux;
using UnlockDaemon.Linux.Terminals;
using UnlockDaemon.Protocol;
using UnlockDaemon.Service.Volumes;

namespace UnlockDaemon.Service.Prompts;

/// <summary>
/// Asks systemd's password agents (systemd-tty-ask-password-agent and others): a file that describes the question,
/// and a datagram socket that the answer comes to. Source: https://systemd.io/PASSWORD_AGENTS
/// </summary>
internal sealed class PasswordAgentPrompt(Volume volume, FilePoller poller, string question)
{
    private const string Directory = "/run/systemd/ask-password";
    private static readonly string s_answers = Instance.Current.RuntimeDirectory + "/ask-password";
    private static readonly string s_request = Path.Combine(Directory, "ask.unlockd" + Instance.Current.Suffix);
    private readonly RetryDelay _delay = new();

    /// <summary>Asks until cancelled; after a wrong answer a new question is put. Who calls it has the turn.</summary>
    internal async Task AskAsync(CancellationToken cancellation)
    {
        if (!System.IO.Directory.Exists(Directory))
            return;
        File.Delete(s_answers);
        using Socket socket = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint(s_answers));
        File.SetUnixFileMode(s_answers, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        socket.Blocking = false;
        try
        {
            while (true)
            {
                PutQuestion();
                using Passphrase passphrase = await ReceiveAsync(socket, cancellation);
                File.Delete(s_request);
                (UnlockAttempt attempt, _) = await Siblings.TryAllAsync(volume, passphrase, static _ => { });
                bool wrong = attempt.Outcome == UnlockOutcome.WrongPassphrase;
                await Task.Delay(wrong ? _delay.Next() : TimeSpan.FromSeconds(1), cancellation);
            }
        }
        finally
        {
            File.Delete(s_request);
            File.Delete(s_answers);
        }
    }

    /// <summary>Agents look at files named ask.* that are moved into the directory whole.</summary>
    private void PutQuestion()
    {
        string draft = Path.Combine(Directory, "tmp.unlockd" + Instance.Current.Suffix);
        File.WriteAllText(draft,
            $"[Ask]\nPID={Environment.ProcessId}\nSocket={s_answers}\nAcceptCached=0\nEcho=0\nNotAfter=0\n"
            + $"Id=unlockd{Instance.Current.Suffix}\nMessage={question}\n");
        File.Move(draft, s_request, overwrite: true);
    }

    /// <summary>
    /// The passphrase in an answer, which is "+" and the passphrase, with or without a zero byte at its end.
    /// </summary>
    /// <returns>Nothing where there is none: "-" means that the agent was told to give up.</returns>
    internal static ReadOnlySpan<byte> Read(ReadOnlySpan<byte> answer)
    {
        if (answer is not [(byte)'+', .. var passphrase])
            return [];
        int end = passphrase.IndexOf((byte)0);
        return end < 0 ? passphrase : passphrase[..end];
    }

    private async Task<Passphrase> ReceiveAsync(Socket socket, CancellationToken cancellation)
    {
        using SafeFileHandle file = new(socket.Handle, ownsHandle: false);
        // One more than the longest, so that what is too long is seen to be.
        using LockedMemory datagram = new(Passphrase.MaximumLength + 3);
        while (true)
        {
            await poller.WaitReadableAsync(file, cancellation);
            int count = socket.Receive(datagram.GetSpan(), SocketFlags.None, out SocketError error);
            if (error != SocketError.Success
                || Read(datagram.GetSpan()[..count]) is not { Length: > 0 and <= Passphrase.MaximumLength } answer)
                continue;
            Passphrase passphrase = new();
            answer.CopyTo(passphrase.Free);
            passphrase.Advance(answer.Length);
            return passphrase;
        }
    }
}

/// <summary>How long to wait after wrong passphrases: growing, never giving up.</summary>
internal sealed class RetryDelay
{
    private static readonly int[] s_seconds = [1, 2, 3, 5, 8, 10];
    private int _failures;

    /// <summary>Counts one more wrong passphrase.</summary>
    /// <returns>How long to wait before asking again: 1 s after the first, 10 s at most.</returns>
    internal TimeSpan Next()
    {
        int seconds = s_seconds[Math.Min(_failures, s_seconds.Length - 1)];
        _failures++;
        return TimeSpan.FromSeconds(seconds);
    }
}
