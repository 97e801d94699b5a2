using UnlockDaemon.Linux;
using UnlockDaemon.Linux.Storage;
using UnlockDaemon.Storage.Machine;

namespace UnlockDaemon.Cli;

/// <summary>How "unlockctl key" and "unlockctl create" ask for passphrases, converted as the daemon does.</summary>
internal sealed class KeyDialog(Output output, PassphraseEncoding? encoding)
{
    private const int TypedTries = 3;

    /// <summary>Takes an existing passphrase from a file, or from the operator.</summary>
    /// <returns>The passphrase, or null and the exit code; why was told.</returns>
    internal async Task<(Passphrase? Passphrase, int ExitCode)> AskAsync(
        string prompt, string? file, CancellationToken cancellation)
    {
        using Passphrase? typed = await TakeAsync(prompt, file, cancellation);
        if (typed is null)
            return (null, ExitCode.Failure);
        return TryConvertExisting(typed, out string why) is { } passphrase
            ? (passphrase, ExitCode.Success)
            : (null, output.Fail(ExitCode.WrongPassphrase, why));
    }

    /// <summary>Takes a new passphrase from a file, or twice from the operator.</summary>
    /// <returns>The passphrase, or null when there is none; why was told.</returns>
    internal async Task<Passphrase?> AskNewAsync(string? file, string option, CancellationToken cancellation)
    {
        using Passphrase? typed = file is not null ? PassphraseSource.ReadFile(file)
            : HasTerminal(option) ? await AskTwiceAsync(cancellation)
            : null;
        if (typed is null)
            return null;
        string? fault = FindFault(typed);
        Passphrase? passphrase = fault is null ? TryConvert(typed) : null;
        if (passphrase is null)
            output.Fail(ExitCode.Failure, fault ?? $"choose another passphrase: {LinuxOpening.NoPlaceIn(encoding!)}");
        return passphrase;
    }

    /// <summary>Opens a slot with an existing passphrase; typed ones may be mistyped twice.</summary>
    /// <returns>What was opened, or null and the exit code; why was told.</returns>
    internal async Task<(OpenedSlot? Slot, int ExitCode)> OpenAsync(
        LuksHeader header, string prompt, string? file, CancellationToken cancellation)
    {
        for (int left = file is null ? TypedTries : 1; ; left--)
        {
            using Passphrase? typed = await TakeAsync(prompt, file, cancellation);
            if (typed is null)
                return (null, ExitCode.Failure);
            using Passphrase? passphrase = TryConvertExisting(typed, out string why);
            if (passphrase is not null && header.TryOpen(passphrase, out VolumeKey? key) is { } number)
                return (new OpenedSlot(header.Slots.First(slot => slot.Number == number), key!), ExitCode.Success);
            if (left == 1)
                return (null, output.Fail(ExitCode.WrongPassphrase, why));
            output.Line(Wording.Sentence(why));
        }
    }

    private async Task<Passphrase?> TakeAsync(string prompt, string? file, CancellationToken cancellation)
    {
        if (file is not null)
            return PassphraseSource.ReadFile(file);
        if (!HasTerminal("--passphrase-file"))
            return null;
        Passphrase? typed = await PassphraseSource.AskAsync(prompt, cancellation);
        if (typed is null)
            output.Fail(ExitCode.Failure, "given up: nothing was changed");
        return typed;
    }

    /// <summary>Converts what is to open a slot.</summary>
    /// <param name="typed">As it was typed.</param>
    /// <param name="why">What to say when it opens none.</param>
    /// <returns>Null when it need not be tried.</returns>
    private Passphrase? TryConvertExisting(Passphrase typed, out string why)
    {
        RecoveryKeyReading reading = RecoveryKey.Read(typed);
        Passphrase? converted = reading.IsSlip ? null : TryConvert(typed);
        why = reading.Complaint
            ?? "wrong passphrase" + (converted is null ? ": " + LinuxOpening.NoPlaceIn(encoding!) : "");
        return converted;
    }

    private Passphrase? TryConvert(Passphrase typed) => encoding is null ? typed.Copy() : encoding.TryConvert(typed);

    private bool HasTerminal(string option)
    {
        if (PassphraseSource.HasTerminal)
            return true;
        output.Fail(ExitCode.Failure,
            $"there is no terminal to type the passphrase on: use {option} FILE, or - for standard input");
        return false;
    }

    /// <summary>Says why a new passphrase will not do; null when it will.</summary>
    internal static string? FindFault(Passphrase passphrase) =>
        passphrase.Length == 0 ? "the passphrase is empty"
        : RecoveryKey.Read(passphrase).IsSlip
            ? "at the prompt these digits would be taken for a recovery key with a slip: choose another passphrase"
        : null;

    private async Task<Passphrase?> AskTwiceAsync(CancellationToken cancellation)
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
