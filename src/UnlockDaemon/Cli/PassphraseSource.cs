using Microsoft.Win32.SafeHandles;
using UnlockDaemon.Linux;
using UnlockDaemon.Linux.Terminals;

namespace UnlockDaemon.Cli;

/// <summary>Where unlockctl takes a passphrase from: a file, standard input, or the operator's fingers.</summary>
internal static class PassphraseSource
{
    private const string OwnTerminal = "/dev/tty";

    /// <summary>Whether somebody can be asked.</summary>
    internal static bool HasTerminal => Terminal.Exists(OwnTerminal);

    /// <summary>Reads exact bytes from a file, or from standard input for "-".</summary>
    /// <exception cref="LinuxException">It cannot be read, or is too long.</exception>
    internal static Passphrase ReadFile(string path)
    {
        using SafeFileHandle file = path == "-"
            ? new SafeFileHandle(0, ownsHandle: false)
            : LockedRead.Open(path);
        Passphrase passphrase = new();
        try
        {
            LockedRead.All(file, path == "-" ? "standard input" : path, passphrase);
            return passphrase;
        }
        catch
        {
            passphrase.Dispose();
            throw;
        }
    }

    /// <summary>Asks on the operator's terminal, without echo.</summary>
    /// <returns>The passphrase, or null when he gave up (Ctrl-C, or Ctrl-D at the start).</returns>
    internal static async Task<Passphrase?> AskAsync(string prompt, CancellationToken cancellation)
    {
        using FilePoller poller = new();
        using Terminal terminal = Terminal.Open(OwnTerminal);
        terminal.EnterRawMode();
        terminal.Write(prompt);
        Passphrase passphrase = new();
        PassphraseEntry entry = new(passphrase, terminal.IsUtf8);
        while (true)
        {
            await poller.WaitReadableAsync(terminal.File, cancellation);
            while (terminal.TryRead(out byte key))
            {
                switch (entry.Feed(key))
                {
                    case EntryKey.Enter:
                        terminal.Write("\n");
                        return passphrase;
                    case EntryKey.Cancel or EntryKey.Login:
                        terminal.Write("\n");
                        passphrase.Dispose();
                        return null;
                    case EntryKey.Refused:
                        terminal.Write("\a");
                        break;
                }
            }
        }
    }
}
