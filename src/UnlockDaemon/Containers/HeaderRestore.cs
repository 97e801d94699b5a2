using UnlockDaemon.Linux;
using UnlockDaemon.Linux.Storage;

namespace UnlockDaemon.Containers;

/// <summary>
/// Writes the backup of a LUKS header back, once it is certain that it is the header of this very container.
/// </summary>
/// <param name="container">The container.</param>
/// <param name="place">What has its header: the container itself, or a file where that is detached.</param>
/// <param name="file">The backup.</param>
internal sealed class HeaderRestore(string container, string place, string file)
{
    private const string NoFit = "it is not the header of this container";

    private readonly LuksHeaderFile _backup = new(file);

    /// <summary>Where what the container has now is kept.</summary>
    public string OldHeader { get; } = file + ".old";

    /// <summary>Says why nothing can be restored now, whatever the passphrase.</summary>
    /// <returns>The reason and what to do, or null.</returns>
    /// <exception cref="LinuxException">The backup has no LUKS header, or a file is missing.</exception>
    public string? FindFault()
    {
        using LuksHeader header = LuksHeader.Read(file);
        long size = new ContainerFile(container).Size;
        if (FindUser() is { } user)
            return $"{container} is in use ({user}): 'unlockctl lock' first";
        if (size <= header.DataOffset)
            return $"{container} has {size} bytes, and its data would begin at {header.DataOffset}: {NoFit}";
        return Path.Exists(OldHeader)
            ? $"{OldHeader} exists, and the present header is to be kept there: move it away, then try again"
            : null;
    }

    /// <summary>Looks whether the backup fits, and writes it.</summary>
    /// <param name="passphrase">What opens a slot of the backup.</param>
    /// <returns>Whether it was restored, and otherwise why not.</returns>
    /// <exception cref="LinuxException">A step failed.</exception>
    /// <exception cref="IOException">The present header could not be kept; it was not touched.</exception>
    public HeaderRestoreOutcome Run(Passphrase passphrase)
    {
        using LuksHeader header = LuksHeader.Read(file);
        if (header.TryOpen(passphrase, out VolumeKey? key) is null)
            return new(WrongPassphrase: true, $"wrong passphrase: it opens no key slot of {file}");
        using (key)
        {
            if (FindMisfit(header, key!) is { } misfit)
                return new(WrongPassphrase: false, misfit);
        }

        LuksHeaderFile.KeepOld(
            place, place == container ? header.DataOffset : new ContainerFile(place).Size, OldHeader);
        _backup.WriteTo(place);
        using LuksHeader restored = LuksHeader.Read(place);
        bool opens = restored.TryOpen(passphrase, out VolumeKey? again) is not null;
        again?.Dispose();
        return new(WrongPassphrase: false, opens
            ? null
            : $"the header was written, and still does not open: what was there before is in {OldHeader}");
    }

    /// <summary>The loop device on the container, or what lies on the device that the container is.</summary>
    private string? FindUser() => new ContainerFile(container).DeviceNumber is { } device
        ? Directory.EnumerateFileSystemEntries($"/sys/dev/block/{device}/holders")
            .Select(Path.GetFileName).FirstOrDefault()
        : LoopDevice.FindByBackingFile(FileIdentity.Of(container))?.Path;

    private string? FindMisfit(LuksHeader header, VolumeKey key)
    {
        string present = "the container has no readable header";
        try
        {
            using LuksHeader now = LuksHeader.Read(place);
            if (now.Uuid == header.Uuid && now.IsItsKey(key))
                return null;
            present = now.Uuid == header.Uuid
                ? "the header that is there has the same UUID and another key"
                : $"the UUID there is {now.Uuid}, in the backup {header.Uuid}";
        }
        catch (LinuxException)
        {
            // Overwritten or torn: then the data must tell.
        }

        return _backup.FindFilesystem(container, key) is null
            ? $"{file} was not restored: {present}, and with the key of the backup no file system is found: {NoFit}"
            : null;
    }
}

/// <summary>What came of restoring a header.</summary>
/// <param name="WrongPassphrase">The passphrase opens no slot of the backup.</param>
/// <param name="Refusal">Why it was not restored, and what to do; null when it was.</param>
internal sealed record HeaderRestoreOutcome(bool WrongPassphrase, string? Refusal);
