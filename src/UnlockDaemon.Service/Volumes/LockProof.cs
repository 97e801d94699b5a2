using UnlockDaemon.Linux;
using UnlockDaemon.Linux.Storage;
using UnlockDaemon.Protocol.Messages;
using UnlockDaemon.Service.Configuration;
using UnlockDaemon.Service.Units;

namespace UnlockDaemon.Service.Volumes;

/// <summary>Looks at the kernel again after a lock. No return code of the lock itself counts here.</summary>
internal sealed class LockProof(VolumeConfiguration configuration, StorageStack stack, ServiceSet services)
{
    /// <summary>Makes every check, also after one has failed.</summary>
    internal async Task<IReadOnlyList<CheckResult>> CheckAsync(CancellationToken cancellation) =>
    [
        await CheckServicesAsync(cancellation),
        Check("filesystem unmounted", FindMounts(), "in no mount namespace"),
        CheckSuperblock(),
        Check("mapping gone", FindMappings(), "the device mapper has none of that name or on that container"),
        Check("key gone", FindKeys(), stack.Mapping.Kept.Exists
            ? "no key of dm-crypt in a kernel keyring; unlockd's own keeps one for a while, as lock.keep_key says"
            : "no key of it in a kernel keyring"),
        Check("container detached", FindUsers(), stack.Container.IsBlockDevice
            ? "it is a block device, and no other device of the kernel is on it"
            : "no loop device on its inode"),
        CheckFlushed(),
        .. CheckSwap(),
    ];

    private static CheckResult Check(string name, IEnumerable<string> leftovers, string good)
    {
        string found = string.Join(", ", leftovers);
        return new CheckResult(name, found.Length == 0, found.Length == 0 ? good : found);
    }

    private async Task<CheckResult> CheckServicesAsync(CancellationToken cancellation) =>
        Check("services stopped", await services.FindRunningAsync(cancellation), "inactive, control groups empty");

    private IEnumerable<string> FindMounts()
    {
        HashSet<string> seen = [];
        foreach ((int pid, MountEntry mount) in MountTable.ReadAll())
        {
            bool ours = mount.MountPoint == configuration.MountPoint
                || mount.Source == "/dev/mapper/" + MappingLayer.NameFor(configuration.MountPoint);
            if (ours && seen.Add(mount.MountPoint))
                yield return $"{mount.Source} on {mount.MountPoint}, seen by pid {pid}";
        }
    }

    private CheckResult CheckSuperblock()
    {
        (bool clean, string detail) = stack.Filesystem.Record.Judge();
        return new CheckResult("superblock clean", clean, detail);
    }

    private IEnumerable<string> FindMappings() => stack.Mapping.Leftovers().Select(static mapping => mapping.Path)
        .Concat(stack.Mapping.FindForgotten().Select(static mapping => $"{mapping.Path}, which no configuration names "
            + "any more: unmount what is on it, then 'cryptsetup close' it"));

    /// <summary>
    /// libcryptsetup puts a LUKS2 key into the kernel as a key named "cryptsetup:UUID-d0" while it maps a device. A
    /// name with another container's UUID is of another device.
    /// </summary>
    private IEnumerable<string> FindKeys()
    {
        string name = FindUuid() is { } uuid ? "cryptsetup:" + uuid : "cryptsetup:";
        return KeyTable.Read().Where(line => line.Contains(name, StringComparison.Ordinal));
    }

    /// <summary>Null also when the header cannot be read: then a key of any container counts.</summary>
    private string? FindUuid()
    {
        try
        {
            return stack.FindUuid();
        }
        catch (LinuxException)
        {
            return null;
        }
    }

    private IEnumerable<string> FindUsers()
    {
        IEnumerable<string> strays =
            stack.Loop.Strays.Select(static stray => $"{stray.Path} on what was the container");
        if (FileIdentity.TryOf(configuration.Container) is not { } container)
            return strays;
        if (stack.Container.DeviceNumber is { } number)
            return FindDevicesOn(number);
        return LoopDevice.FindAll().Where(device => device.IsAttachedTo(container)).Select(static device => device.Path)
            .Concat(strays);
    }

    private static IEnumerable<string> FindDevicesOn(DeviceNumber number) =>
        Directory.EnumerateFileSystemEntries($"/sys/dev/block/{number}/holders")
            .Select(static entry => Path.GetFileName(entry))
            .Concat(LoopDevice.FindAll().Where(device => device.IsOn(number)).Select(static device => device.Path));

    /// <summary>Made where swap is configured; of any other swap, "unlockctl check" warns.</summary>
    private IEnumerable<CheckResult> CheckSwap()
    {
        if (stack.Swap.Observe() is not [])
            yield return Check("swap off", stack.Swap.FindLeft() is { } left ? [left] : [],
                "its mapping is gone, and the key with it");
    }

    private CheckResult CheckFlushed()
    {
        try
        {
            stack.Container.Flush();
            return new CheckResult("container flushed", true, "fsync and syncfs succeeded");
        }
        catch (LinuxException failure)
        {
            return new CheckResult("container flushed", false, failure.Message);
        }
    }
}
