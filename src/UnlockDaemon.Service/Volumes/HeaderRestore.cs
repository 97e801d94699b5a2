using UnlockDaemon.Linux;
using UnlockDaemon.Linux.Storage;

namespace UnlockDaemon.Service.Volumes;

/// <summary>Writes the backup of a LUKS header back, once it is certain that it is the header of this very container.</summary>
/// <param name="container">The container.</param>
/// <param name="file">The backup.</param>
public sealed class HeaderRestore(string container, string file)
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
        if (LoopDevice.FindByBackingFile(FileIdentity.Of(container)) is { } loop)
            return $"{container} is in use ({loop.Path}): 'unlockctl lock' first";
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

        LuksHeaderFile.KeepOld(container, header.DataOffset, OldHeader);
        _backup.WriteTo(container);
        using LuksHeader restored = LuksHeader.Read(container);
        bool opens = restored.TryOpen(passphrase, out VolumeKey? again) is not null;
        again?.Dispose();
        return new(WrongPassphrase: false, opens
            ? null
            : $"the header was written, and still does not open: what was there before is in {OldHeader}");
    }

    private string? FindMisfit(LuksHeader header, VolumeKey key)
    {
        string present = "the container has no readable header";
        try
        {
            using LuksHeader now = LuksHeader.Read(container);
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
