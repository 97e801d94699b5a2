using System.Security.Cryptography;
using UnlockDaemon.Linux;
using UnlockDaemon.Linux.Storage;
using UnlockDaemon.Protocol;
using UnlockDaemon.Storage.Configuration;

namespace UnlockDaemon.Storage.Machine;

/// <summary>Looks for whatever can be left of a volume.</summary>
/// <param name="volume">The volume.</param>
/// <param name="instance">Whose volume it is.</param>
/// <param name="name">Name of its mapping.</param>
internal sealed class LinuxLeftovers(VolumeConfiguration volume, Instance instance, string name)
{
    private const int SealedLength = 64 << 10;
    private const int SectorSize = 512;

    /// <summary>Looks.</summary>
    /// <param name="seen">The layers.</param>
    /// <param name="mounts">The mounts of our own namespace.</param>
    /// <param name="mappings">The mappings of unlockd.</param>
    /// <param name="last">The volume's mapping as it is, or was when it was there last; null if it never was.</param>
    /// <param name="services">What runs of the services.</param>
    /// <exception cref="LinuxException">The kernel does not say.</exception>
    internal LeftoverFacts Look(Snapshot seen, MountEntry[] mounts, IReadOnlyList<CryptMapping> mappings,
        LinuxDevice? last, IReadOnlyList<string> services) => new(services,
        [.. FindMounts(mounts, last)],
        [.. FindMappings(mappings)],
        [.. FindKeys()],
        [.. FindDevices(seen)]);

    /// <summary>What the encrypted superblock looks like; null when it cannot be read.</summary>
    /// <param name="seen">The layers: while it is mapped it changes, and of a device the kernel would show later what was
    /// read now.</param>
    internal string? ReadSeal(Snapshot seen) => seen.IsMapped ? null : ReadSeal();

    private IEnumerable<string> FindMounts(MountEntry[] own, LinuxDevice? last)
    {
        // Other namespaces may well have something else at that path; ours may not.
        HashSet<int> inPlace =
            [.. own.Where(mount => mount.MountPoint == volume.MountPoint).Select(static mount => mount.Id)];
        DeviceNumber? number = last is { HasItsNumber: true } ? last.Number : null;
        HashSet<string> seen = [];
        foreach ((int pid, MountEntry mount) in MountTable.ReadAll())
        {
            bool ours = mount.Device == number || mount.Source == "/dev/mapper/" + name || inPlace.Contains(mount.Id);
            if (ours && seen.Add(mount.MountPoint))
                yield return $"{mount.Source} on {mount.MountPoint}, seen by pid {pid}";
        }
    }

    private IEnumerable<string> FindMappings(IReadOnlyList<CryptMapping> mappings) => mappings
        .Where(mapping => mapping.Name == name || mapping.Name == name + MappingNames.IntegritySuffix)
        .Select(static mapping => mapping.Path)
        .Concat(MappingNames.Forgotten(mappings, name, instance, Instance.Configured())
            .Select(static mapping => $"{mapping.Path}, which no configuration names any more: unmount what is on it, "
                + "then 'cryptsetup close' it"));

    /// <summary>
    /// libcryptsetup puts a LUKS2 key into the kernel as a key named "cryptsetup:UUID-d0" while it maps a device. A
    /// name with another container's UUID is of another device, and no other format has such keys.
    /// </summary>
    private IEnumerable<string> FindKeys()
    {
        if (volume.Format != ContainerFormat.Luks)
            return [];
        string key = FindUuid() is { } uuid ? "cryptsetup:" + uuid : "cryptsetup:";
        return KeyTable.Read().Where(line => line.Contains(key, StringComparison.Ordinal));
    }

    /// <summary>Null also when the header cannot be read: then a key of any container counts.</summary>
    private string? FindUuid()
    {
        try
        {
            return new ContainerFile(volume.Header ?? volume.Container).Uuid;
        }
        catch (LinuxException)
        {
            return null;
        }
    }

    private static IEnumerable<string> FindDevices(Snapshot seen) =>
        (seen.Container.Number is { } number ? FindDevicesOn(number) : seen.Loops.Select(static loop => loop.Path))
            .Concat(seen.Strays.Select(static stray => $"{stray.Path} on what was the container"));

    private static IEnumerable<string> FindDevicesOn(DeviceNumber number) =>
        Directory.EnumerateFileSystemEntries($"/sys/dev/block/{number}/holders")
            .Select(static entry => Path.GetFileName(entry))
            .Concat(LinuxLoops.FindOn(number).Select(static device => device.Path));

    private string? ReadSeal()
    {
        try
        {
            if (FindDataOffset() is not { } offset)
                return null;
            byte[] data = new byte[SealedLength];
            int count = DeviceRead.At(volume.Container, offset, data);
            return count == 0 ? null : Convert.ToHexString(SHA256.HashData(data.AsSpan(0, count)));
        }
        catch (LinuxException)
        {
            return null;
        }
    }

    private long? FindDataOffset() => volume.Cipher is { } cipher
        ? cipher.Offset * SectorSize
        : LuksSummary.TryRead(new ContainerFile(volume.Header ?? volume.Container))?.DataOffset;
}
