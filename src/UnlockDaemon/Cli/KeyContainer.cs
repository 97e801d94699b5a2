using UnlockDaemon.Containers;
using UnlockDaemon.Linux;
using UnlockDaemon.Linux.Storage;
using UnlockDaemon.Protocol;
using UnlockDaemon.Protocol.Messages;
using UnlockDaemon.Storage.Configuration;

namespace UnlockDaemon.Cli;

/// <summary>The container that "unlockctl key" works on, and what needs no passphrase or only one.</summary>
/// <param name="output">What is told.</param>
/// <param name="dialog">How passphrases are asked for.</param>
/// <param name="container">The container.</param>
/// <param name="path">What has its header: the container itself, or a file where that is detached.</param>
internal sealed class KeyContainer(Output output, KeyDialog dialog, string container, string path)
{
    /// <summary>How passphrases are asked for.</summary>
    internal KeyDialog Dialog => dialog;

    /// <summary>
    /// Where its header is read and written. While a loop device is on the container it is that one: libcryptsetup
    /// keeps those apart who use the same device.
    /// </summary>
    internal string Device => LoopDevice.FindByBackingFile(FileIdentity.Of(path))?.Path ?? path;

    /// <summary>Finds the container, and does the work on it.</summary>
    internal static async Task<int> RunAsync(
        Output output, string? given, Func<KeyContainer, Task<int>> work, CancellationToken cancellation)
    {
        // Ctrl-C is caught as soon as this call has returned; the work itself would not return before it is done.
        await Task.Yield();
        cancellation.ThrowIfCancellationRequested();
        if (!ProcessHardening.IsRoot)
            return output.Fail(ExitCode.Failure, "only root may do this: use sudo");
        string? container = given;
        if (given is null)
        {
            ConfigurationResult loaded = ConfigurationLoader.Load(Instance.Current.Configuration);
            if (loaded.Configuration is not { } configuration)
                return output.Fail(ExitCode.Failure, string.Join('\n', loaded.Errors));
            if (configuration.Volume.Format != ContainerFormat.Luks)
            {
                return output.Fail(ExitCode.Failure, $"{configuration.Volume.Container} is "
                    + $"{configuration.Volume.Format.Name()}: it has one passphrase and no key slots; only LUKS has");
            }

            container = configuration.Volume.Container;
            given = configuration.Volume.Header ?? container;
        }

        string path = Path.GetFullPath(given);
        return File.Exists(path)
            ? await work(new KeyContainer(
                output, new KeyDialog(output, ContainerEncoding.Of(path)), Path.GetFullPath(container!), path))
            : output.Fail(ExitCode.Failure, $"{path} is missing" + (given == container
                ? ""
                : $": a backup of a detached header is one itself, 'install -m 600 BACKUP {path}' puts it there"));
    }

    internal static KeySlotInfo Describe(KeySlot slot) => new(
        slot.Number, slot.Name, slot.Derivation, slot.MemoryKilobytes, slot.Iterations, slot.IsActive);

    internal Task<int> ListAsync()
    {
        using LuksHeader header = LuksHeader.Read(Device);
        IReadOnlyList<KeySlot> slots = header.Slots;
        output.Object(
            new KeySlotsReply(path, header.IsLuks2 ? "luks2" : "luks1", header.Uuid, [.. slots.Select(Describe)]),
            ProtocolJson.Default.KeySlotsReply);
        output.Line($"{path} ({(header.IsLuks2 ? "LUKS2" : "LUKS1: slots have no names")}, {header.Uuid})");
        foreach (KeySlot slot in slots)
        {
            string memory = slot.MemoryKilobytes > 0 ? $", {Sizes.Text(slot.MemoryKilobytes * 1024L)}" : "";
            output.Line($"  {slot.Number,2}  {slot.Name ?? "-",-20} {slot.Derivation}{memory}"
                + (slot.IsActive ? "" : ", does not open the volume"));
        }

        return Task.FromResult(ExitCode.Success);
    }

    internal Task<int> RenameAsync(string slot, string name)
    {
        using KeyLock alone = new();
        using LuksHeader header = LuksHeader.Read(Device);
        if (!header.IsLuks2)
            return Task.FromResult(output.Fail(ExitCode.Failure, KeyChange.NoNames));
        SlotSearch search = new(header.Slots);
        if ((search.FindFault(slot) ?? search.FindTaken(name)) is { } fault)
            return Task.FromResult(output.Fail(ExitCode.Failure, fault));
        KeySlot found = search.Find(slot)!;
        header.NameSlot(found.Number, name);
        KeySlot named = found with { Name = name };
        output.Line($"{named} is what was {found}");
        output.Object(Describe(named), ProtocolJson.Default.KeySlotInfo);
        return Task.FromResult(ExitCode.Success);
    }

    internal Task<int> BackupAsync(string file)
    {
        if (Path.Exists(file))
            return Task.FromResult(output.Fail(ExitCode.Failure,
                $"{file} exists: nothing is ever overwritten, choose another name"));
        using LuksHeader header = LuksHeader.Read(Device);
        header.Backup(file);
        output.Line($"the header of {path} with {header.Slots.Count} key slots is in {file}: keep it on another "
            + "machine. It opens with the passphrases of today, also when they are changed or removed later.");
        output.Object(new VolumeInfo(path, "luks", ""), ProtocolJson.Default.VolumeInfo);
        return Task.FromResult(ExitCode.Success);
    }

    internal async Task<int> RestoreAsync(string file, string? passphraseFile, CancellationToken cancellation)
    {
        HeaderRestore restore = new(container, path, file);
        if (restore.FindFault() is { } fault)
            return output.Fail(ExitCode.Failure, fault);
        (Passphrase? given, int code) =
            await dialog.AskAsync("A passphrase of the backup: ", passphraseFile, cancellation);
        using Passphrase? passphrase = given;
        if (passphrase is null)
            return code;
        using KeyLock alone = new();
        // It may have been unlocked while he typed.
        if (restore.FindFault() is { } late)
            return output.Fail(ExitCode.Failure, late);
        HeaderRestoreOutcome outcome = restore.Run(passphrase);
        if (outcome.Refusal is { } refusal)
            return output.Fail(outcome.WrongPassphrase ? ExitCode.WrongPassphrase : ExitCode.Failure, refusal);
        output.Line($"the header in {file} is that of {path} again; what was there before is in {restore.OldHeader}");
        output.Object(new VolumeInfo(path, "luks", ""), ProtocolJson.Default.VolumeInfo);
        return ExitCode.Success;
    }
}

/// <summary>
/// What the daemon converts a container's passphrases to. What makes a passphrase has to do the same, or no prompt
/// would open the volume with it.
/// </summary>
internal static class ContainerEncoding
{
    /// <summary>Of the configured container or its header; null for every other, and where there is none.</summary>
    internal static PassphraseEncoding? Of(string path) =>
        ConfigurationLoader.Load(Instance.Current.Configuration).Configuration?.Volume is { } volume
        && (IsSame(path, volume.Container) || IsSame(path, volume.Header))
            ? volume.Encoding
            : null;

    private static bool IsSame(string path, string? configured) => configured is not null
        && (path == configured
            || (FileIdentity.TryOf(path) is { } identity && identity == FileIdentity.TryOf(configured)));
}
