using UnlockDaemon.Linux.Storage;
using UnlockDaemon.Protocol;

namespace UnlockDaemon.Storage;

/// <summary>How mappings are called, so that one can tell whose each of them is.</summary>
internal static class MappingNames
{
    /// <summary>Begins the names of mappings on containers that are being made; a process's number follows.</summary>
    internal const string CreationPrefix = "unlockd-create-";

    /// <summary>
    /// libcryptsetup's name for dm-integrity's device, below a mapping with authenticated encryption.
    /// </summary>
    internal const string IntegritySuffix = "_dif";

    /// <summary>What the names of the two mappings of a conversion go on with.</summary>
    internal const string ConversionSuffix = "-convert-";

    private const string AnyPrefix = "unlockd";
    private const string UsualPrefix = AnyPrefix + "-";
    private const string OtherPrefix = AnyPrefix + "@";

    /// <summary>
    /// Name of the mapping for a mount point: "unlockd-secure" for /var/secure, or "unlockd@NAME" in an instance with a
    /// name, so that no two are the same.
    /// </summary>
    internal static string NameFor(string mountPoint, Instance instance) => instance.IsUsual
        ? UsualPrefix + Path.GetFileName(mountPoint)
        : OtherPrefix + instance.Name;

    /// <summary>Name of the mapping of an instance's swap space.</summary>
    internal static string SwapNameFor(Instance instance) => $"{AnyPrefix}.swap{instance.Suffix}";

    /// <summary>Whether a mapping of this name is that of any instance's volume.</summary>
    internal static bool IsAnyInstances(string name) => name.StartsWith(UsualPrefix, StringComparison.Ordinal)
        || name.StartsWith(OtherPrefix, StringComparison.Ordinal);

    /// <summary>Whether a mapping of this name is that of this instance's volume.</summary>
    internal static bool Belongs(string name, Instance instance) => instance.IsUsual
        ? name.StartsWith(UsualPrefix, StringComparison.Ordinal)
        : name == OtherPrefix + instance.Name || name == OtherPrefix + instance.Name + IntegritySuffix
            || name.StartsWith(OtherPrefix + instance.Name + ConversionSuffix, StringComparison.Ordinal);

    /// <summary>The mappings of unlockd, swap spaces too, whosever they are and whatever is configured now.</summary>
    /// <exception cref="Linux.LinuxException">The kernel's list cannot be read.</exception>
    internal static IReadOnlyList<CryptMapping> FindAll() => CryptMapping.FindAll(AnyPrefix);

    /// <summary>
    /// What was unlocked under a configuration that is gone, or that names another volume now: no lock takes it down.
    /// What unlockctl maps for a moment, to make a container or to try a header's backup, is none of it.
    /// </summary>
    /// <param name="all">All mappings.</param>
    /// <param name="own">Name of the volume's mapping.</param>
    /// <param name="instance">The instance.</param>
    /// <param name="configured">The instances that have a configuration.</param>
    internal static IEnumerable<CryptMapping> Forgotten(
        IEnumerable<CryptMapping> all, string own, Instance instance, IReadOnlyList<Instance> configured) =>
        all.Where(mapping => IsAnyInstances(mapping.Name)
            && mapping.Name != own && mapping.Name != own + IntegritySuffix
            && !mapping.Name.StartsWith(CreationPrefix, StringComparison.Ordinal)
            && !mapping.Name.StartsWith(LuksHeaderFile.MappingPrefix, StringComparison.Ordinal)
            && (Belongs(mapping.Name, instance) || !configured.Any(other => Belongs(mapping.Name, other))));
}
