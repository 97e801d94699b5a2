using System.Text.Json;
using Microsoft.Win32.SafeHandles;
using UnlockDaemon.Linux;
using UnlockDaemon.Linux.Storage;
using UnlockDaemon.Protocol;

namespace UnlockDaemon.Cli;

/// <summary>
/// The changes of key slots. All is asked before anything is written; from then on the order of the steps sees to it
/// that at every moment at least as many slots open the volume as before.
/// </summary>
internal sealed class KeyChange(Output output, KeyDialog dialog, string device, string? passphraseFile)
{
    internal const string NoNames =
        "the container is LUKS1, whose slots have no names: leave the name out, or use the number";
    private const string Existing = "A passphrase of the container: ";

    internal async Task<int> AddAsync(string? name, string? newFile, uint milliseconds, CancellationToken cancellation)
    {
        using LuksHeader header = LuksHeader.Read(device);
        if (FindNameFault(header, name) is { } fault)
            return output.Fail(ExitCode.Failure, fault);
        (OpenedSlot? opened, int code) = await dialog.OpenAsync(header, Existing,
            passphraseFile, cancellation);
        using OpenedSlot? existing = opened;
        if (existing is null)
            return code;
        using Passphrase? added = await dialog.AskNewAsync(newFile, "--new-passphrase-file", cancellation);
        if (added is null)
            return ExitCode.Failure;
        cancellation.ThrowIfCancellationRequested();
        using KeyLock alone = new();
        using LuksHeader now = LuksHeader.Read(device);
        if ((FindChange(now, existing.Slot) ?? FindNameFault(now, name)) is { } late)
            return output.Fail(ExitCode.Failure, late);
        int slot = Fill(now, existing.Key, added, Derivation(milliseconds), name);
        return Tell(now, slot, "added");
    }

    internal async Task<int> ChangeAsync(string? newFile, uint milliseconds, CancellationToken cancellation)
    {
        using LuksHeader header = LuksHeader.Read(device);
        (OpenedSlot? opened, int code) =
            await dialog.OpenAsync(header, "The passphrase to change: ", passphraseFile, cancellation);
        using OpenedSlot? old = opened;
        if (old is null)
            return code;
        output.Line($"changing {old.Slot}");
        using Passphrase? changed = await dialog.AskNewAsync(newFile, "--new-passphrase-file", cancellation);
        if (changed is null)
            return ExitCode.Failure;
        cancellation.ThrowIfCancellationRequested();
        using KeyLock alone = new();
        using LuksHeader now = LuksHeader.Read(device);
        if (FindChange(now, old.Slot) is { } late)
            return output.Fail(ExitCode.Failure, late);
        int slot = now.AddSlot(old.Key, changed, Derivation(milliseconds));
        // Killed in between: both passphrases open the volume, and 'key list' shows the name twice, or a slot without
        // one.
        now.ShareName(old.Slot.Number, slot);
        now.RemoveSlot(old.Slot.Number);
        return Tell(now, slot, "changed: the old passphrase opens nothing any more");
    }

    private static KeyDerivation Derivation(uint milliseconds) =>
        KeyDerivation.ForPassphrase(milliseconds, Instance.Current.Unit);

    internal async Task<int> RemoveAsync(string text, CancellationToken cancellation)
    {
        using LuksHeader header = LuksHeader.Read(device);
        SlotSearch search = new(header.Slots);
        if (search.FindFault(text) is { } fault)
            return output.Fail(ExitCode.Failure, fault);
        KeySlot gone = search.Find(text)!;
        KeySlot[] rest = [.. header.Slots.Where(slot => slot.IsActive && slot.Number != gone.Number)];
        if (rest.Length == 0)
        {
            return output.Fail(ExitCode.Failure,
                $"{gone} is the last one: without it nobody could open the volume. Add another first "
                    + "('unlockctl key add')");
        }

        (Passphrase? given, int code) = await dialog.AskAsync(
            $"A passphrase that remains when {gone} is gone: ", passphraseFile, cancellation);
        using Passphrase? passphrase = given;
        if (passphrase is null)
            return code;
        if (Array.Find(rest, slot => header.Opens(slot.Number, passphrase)) is not { } remaining)
        {
            return output.Fail(ExitCode.WrongPassphrase, gone.IsActive && header.Opens(gone.Number, passphrase)
                ? $"that is the passphrase of {gone} itself: give one of a slot that remains"
                : "wrong passphrase: nothing was removed");
        }

        cancellation.ThrowIfCancellationRequested();
        using KeyLock alone = new();
        using LuksHeader now = LuksHeader.Read(device);
        if (FindChange(now, gone, remaining) is { } late)
            return output.Fail(ExitCode.Failure, late);
        now.RemoveSlot(gone.Number);
        output.Line($"removed {gone}; {now.Slots.Count} left. Backups of the header still have it.");
        output.Object(KeyContainer.Describe(gone), ProtocolJson.Default.KeySlotInfo);
        return ExitCode.Success;
    }

    internal async Task<int> AddRecoveryAsync(string name, CancellationToken cancellation)
    {
        using LuksHeader header = LuksHeader.Read(device);
        string? given = header.IsLuks2 ? name : null;
        if (FindNameFault(header, given) is { } fault)
            return output.Fail(ExitCode.Failure, fault);
        (OpenedSlot? opened, int code) = await dialog.OpenAsync(header, Existing,
            passphraseFile, cancellation);
        using OpenedSlot? existing = opened;
        if (existing is null)
            return code;
        cancellation.ThrowIfCancellationRequested();
        using KeyLock alone = new();
        using LuksHeader now = LuksHeader.Read(device);
        if ((FindChange(now, existing.Slot) ?? FindNameFault(now, given)) is { } late)
            return output.Fail(ExitCode.Failure, late);
        using Passphrase key = new();
        RecoveryKey.Generate(key);
        int slot = Fill(now, existing.Key, key, KeyDerivation.ForGeneratedKey, given);
        try
        {
            Show(now.Slots.First(added => added.Number == slot), key);
            return ExitCode.Success;
        }
        catch (Exception failure) when (failure is LinuxException or IOException)
        {
            now.RemoveSlot(slot);
            throw;
        }
    }

    /// <summary>
    /// Says that another operator was quicker, while this one typed: a slot of the same number may be somebody else's.
    /// </summary>
    private static string? FindChange(LuksHeader now, params KeySlot[] known) => known.Except(now.Slots).Any()
        ? "the slots have been changed meanwhile: look at 'unlockctl key list'"
        : null;

    private static string? FindNameFault(LuksHeader header, string? name) => (header.IsLuks2, name) switch
    {
        (true, null) => "whose passphrase is it? --name NAME: each operator has a slot of his own",
        (false, not null) => NoNames,
        (true, { } given) => new SlotSearch(header.Slots).FindTaken(given),
        _ => null,
    };

    private static int Fill(
        LuksHeader header, VolumeKey key, Passphrase passphrase, KeyDerivation derivation, string? name)
    {
        int slot = header.AddSlot(key, passphrase, derivation);
        if (name is not null)
            header.NameSlot(slot, name);
        return slot;
    }

    private int Tell(LuksHeader header, int number, string what)
    {
        KeySlot slot = header.Slots.First(slot => slot.Number == number);
        output.Line($"{slot}: {what}");
        output.Object(KeyContainer.Describe(slot), ProtocolJson.Default.KeySlotInfo);
        return ExitCode.Success;
    }

    /// <summary>
    /// The key goes from locked memory to standard output, through no string and no stream of the runtime.
    /// </summary>
    private void Show(KeySlot slot, Passphrase key)
    {
        using LockedMemory shown = new(RecoveryKey.ShownLength);
        RecoveryKey.Show(key, shown.GetSpan());
        Console.Write(output.Json ? "{\"key\":\"" : $"The recovery key ({slot}):\n\n    ");
        LockedWrite.ToStandardOutput(shown.GetSpan());
        Console.WriteLine(output.Json
            ? $"\",\"slot\":{JsonSerializer.Serialize(KeyContainer.Describe(slot), ProtocolJson.Default.KeySlotInfo)}}}"
            : "\n\nIt is shown this once: write it down and keep it away from this machine. At the prompt it is typed "
                + "with or\nwithout the hyphens; a wrong digit is told with its group.");
    }
}

/// <summary>
/// Keeps two "unlockctl key" from changing slots at once: each could remove the slot that the other counts on.
/// </summary>
internal sealed class KeyLock : IDisposable
{
    // Of root alone: whoever may open a file may hold a lock on it, and keep a key that was to be removed.
    private const string Directory = "/run/unlockctl";
    private readonly SafeFileHandle _file;

    /// <exception cref="IOException">Another one is at work.</exception>
    internal KeyLock()
    {
        System.IO.Directory.CreateDirectory(Directory, UnixFileMode.UserRead | UnixFileMode.UserWrite
            | UnixFileMode.UserExecute);
        _file = OwnFile.TryLock(Path.Combine(Directory, "key.lock"))
            ?? throw new IOException("another 'unlockctl key' is changing key slots: try again when it is done");
    }

    public void Dispose() => _file.Dispose();
}
