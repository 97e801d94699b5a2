using UnlockDaemon.Linux;
using UnlockDaemon.Linux.Storage;

namespace UnlockDaemon.Cli;

/// <summary>How "unlockctl key" and "unlockctl create" ask for passphrases.</summary>
internal static class KeyDialog
{
    private const int TypedTries = 3;

    /// <summary>Takes a passphrase from a file, or from the operator.</summary>
    /// <returns>The passphrase, or null when he gave up or cannot be asked; that was told.</returns>
    internal static async Task<Passphrase?> AskAsync(
        Output output, string prompt, string? file, CancellationToken cancellation)
    {
        if (file is not null)
            return PassphraseSource.ReadFile(file);
        if (!HasTerminal(output, "--passphrase-file"))
            return null;
        Passphrase? typed = await PassphraseSource.AskAsync(prompt, cancellation);
        if (typed is null)
            output.Fail(ExitCode.Failure, "given up: nothing was changed");
        return typed;
    }

    /// <summary>Takes a new passphrase from a file, or twice from the operator.</summary>
    /// <returns>The passphrase, or null when there is none; why was told.</returns>
    internal static async Task<Passphrase?> AskNewAsync(
        Output output, string? file, string option, CancellationToken cancellation)
    {
        Passphrase? passphrase = file is not null ? PassphraseSource.ReadFile(file)
            : HasTerminal(output, option) ? await AskTwiceAsync(output, cancellation)
            : null;
        if (passphrase is null || FindFault(passphrase) is not { } fault)
            return passphrase;
        output.Fail(ExitCode.Failure, fault);
        passphrase.Dispose();
        return null;
    }

    /// <summary>Opens a slot with an existing passphrase; typed ones may be mistyped twice.</summary>
    /// <returns>What was opened, or null and the exit code; why was told.</returns>
    internal static async Task<(OpenedSlot? Slot, int ExitCode)> OpenAsync(
        Output output, LuksHeader header, string prompt, string? file, CancellationToken cancellation)
    {
        for (int left = file is null ? TypedTries : 1; ; left--)
        {
            using Passphrase? passphrase = await AskAsync(output, prompt, file, cancellation);
            if (passphrase is null)
                return (null, ExitCode.Failure);
            RecoveryKeyReading reading = RecoveryKey.Read(passphrase);
            if (!reading.IsSlip && header.TryOpen(passphrase, out VolumeKey? key) is { } number)
                return (new OpenedSlot(header.Slots.First(slot => slot.Number == number), key!), ExitCode.Success);
            string why = reading.Complaint ?? "wrong passphrase";
            if (left == 1)
                return (null, output.Fail(ExitCode.WrongPassphrase, why));
            output.Line(Wording.Sentence(why));
        }
    }

    private static bool HasTerminal(Output output, string option)
    {
        if (PassphraseSource.HasTerminal)
            return true;
        output.Fail(ExitCode.Failure,
            $"there is no terminal to type the passphrase on: use {option} FILE, or - for standard input");
        return false;
    }

    private static string? FindFault(Passphrase passphrase) =>
        passphrase.Length == 0 ? "the passphrase is empty"
        : RecoveryKey.Read(passphrase).IsSlip
            ? "at the prompt these digits would be taken for a recovery key with a slip: choose another passphrase"
        : null;

    private static async Task<Passphrase?> AskTwiceAsync(Output output, CancellationToken cancellation)
    {
        Passphrase? first = await PassphraseSource.AskAsync("New passphrase: ", cancellation);
        using Passphrase? second =
            first is null ? null : await PassphraseSource.AskAsync("The same again: ", cancellation);
        if (second is not null && first!.Bytes.SequenceEqual(second.Bytes))
            return first;
        output.Fail(ExitCode.Failure, second is null
            ? "given up: nothing was changed"
            : "the two are not the same: nothing was changed, try again");
        first?.Dispose();
        return null;
    }
}
