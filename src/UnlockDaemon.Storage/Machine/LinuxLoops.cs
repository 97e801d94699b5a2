using System.Text;
using UnlockDaemon.Linux;
using UnlockDaemon.Linux.Storage;

namespace UnlockDaemon.Storage.Machine;

/// <summary>
/// Finds the loop devices of a container. Which file a device is on only its ioctl says for sure, and that asks the
/// file's server: only such devices are asked whose file can be the container, by what sysfs says of it.
/// </summary>
/// <param name="container">The container's path.</param>
internal sealed class LinuxLoops(string container)
{
    // What the kernel keeps of the path that a device was attached by: LO_NAME_SIZE, less the zero at the end.
    private const int KeptLength = 63;

    // What the kernel appends to the path of a file that was unlinked.
    private const string Deleted = " (deleted)";

    private readonly byte[] _path = Encoding.UTF8.GetBytes(container);

    /// <summary>Finds the devices on the container, and those on a file that was at its path.</summary>
    /// <param name="facts">What is at the path now.</param>
    /// <param name="mounts">The mounts.</param>
    /// <param name="below">Kernel names of the devices below the volume's mapping.</param>
    internal (IReadOnlyList<LoopFacts> Loops, IReadOnlyList<LoopFacts> Strays) Find(
        ContainerFacts facts, IReadOnlyList<MountEntry> mounts, IReadOnlySet<string> below)
    {
        List<LoopFacts> loops = [];
        List<LoopFacts> strays = [];
        LoopDevice[] all = LoopDevice.FindAll();
        if (all.Length == 0)
            return (loops, strays);
        string path = LinuxPaths.Resolve(container) ?? container;
        DeviceNumber? filesystem = LinuxPaths.FilesystemOf(path, mounts);
        foreach (LoopDevice device in all)
        {
            string name = Path.GetFileName(device.Path);
            if (KernelText.TryRead($"/sys/block/{name}/loop/backing_file")?.TrimEnd('\n') is not { } shown)
                continue;
            bool isBelow = below.Contains(name);
            string file = Strip(shown);
            if (!isBelow && Path.GetFileName(file) != Path.GetFileName(path)
                && (filesystem is null || LinuxPaths.FilesystemOf(file, mounts) != filesystem))
                continue;
            if (facts.Identity is { } identity && device.IsAttachedTo(identity))
                loops.Add(Describe(device, name, shown));
            else if (device.WasAttachedBy(container) && (isBelow || !IsAnother(shown, path)))
                strays.Add(Describe(device, name, shown));
        }

        // A container that is a device itself has nothing between it and the mapping.
        return (facts.Kind == ContainerKind.Device ? [] : [.. Order(loops)], [.. Order(strays)]);
    }

    /// <summary>The loop devices on a block device.</summary>
    internal static IEnumerable<LoopDevice> FindOn(DeviceNumber number) => LoopDevice.FindAll().Where(device =>
        KernelText.TryRead($"/sys/block/{Path.GetFileName(device.Path)}/loop/backing_file")
            ?.StartsWith("/dev/", StringComparison.Ordinal) == true
        && device.IsOn(number));

    /// <summary>
    /// Whether it is simply another container: of a long path the kernel keeps the beginning alone, which two can
    /// share.
    /// </summary>
    private bool IsAnother(string shown, string path) =>
        _path.Length >= KeptLength && shown != path && shown != container
        && Encoding.UTF8.GetBytes(shown).AsSpan().StartsWith(_path.AsSpan(0, KeptLength))
        && File.Exists(shown);

    private static LoopFacts Describe(LoopDevice device, string name, string shown)
    {
        string directory = "/sys/block/" + name;
        bool isWhole = IsZero(directory + "/loop/offset") && IsZero(directory + "/loop/sizelimit")
            && IsZero(directory + "/ro");
        return new(device.Path, LinuxContainer.NumberOf(directory), LinuxContainer.SizeOf(directory) ?? 0,
            shown.EndsWith(Deleted, StringComparison.Ordinal) ? null : shown, isWhole);
    }

    private static IOrderedEnumerable<LoopFacts> Order(IEnumerable<LoopFacts> devices) => devices
        .OrderByDescending(static device => device.IsWhole)
        .ThenBy(static device => device.Path.Length).ThenBy(static device => device.Path, StringComparer.Ordinal);

    private static bool IsZero(string attribute) => KernelText.TryRead(attribute)?.Trim() == "0";

    private static string Strip(string shown) =>
        shown.EndsWith(Deleted, StringComparison.Ordinal) ? shown[..^Deleted.Length] : shown;
}
