using UnlockDaemon.Linux;
using UnlockDaemon.Linux.Storage;
using UnlockDaemon.Protocol;
using UnlockDaemon.Storage.Configuration;

namespace UnlockDaemon.Checks;

/// <summary>Looks whether two instances want the same container, mount point or unit.</summary>
/// <param name="configuration">The configuration of this one.</param>
internal sealed class InstanceCheck(UnlockdConfiguration configuration)
{
    /// <summary>Compares with every other instance that has a configuration.</summary>
    internal IEnumerable<Finding> Run()
    {
        foreach (Instance other in Instance.Configured().Where(static instance => instance != Instance.Current))
        {
            ConfigurationResult loaded = ConfigurationLoader.Load(other.Configuration);
            if (loaded.Configuration is null)
            {
                yield return new(FindingSeverity.Warning, Mistakes(other));
                continue;
            }

            foreach (string clash in FindClashes(loaded.Configuration))
            {
                yield return new(FindingSeverity.Error,
                    $"{clash}, which {other.Configuration} names as well: change one of the two");
            }
        }
    }

    // Without quotes: a command in quotes is made one of the instance that is spoken of, and this is another.
    internal static string Mistakes(Instance other) =>
        $"{other.Configuration} has mistakes; this names them: unlockctl check"
            + (other.IsUsual ? "" : $" --instance {other.Name}");

    internal IEnumerable<string> FindClashes(UnlockdConfiguration other)
    {
        VolumeConfiguration ours = configuration.Volume;
        if (AreOneFile(ours.Container, other.Volume.Container))
            yield return $"the container is {ours.Container}";
        if (AbsolutePath.IsWithin(ours.MountPoint, other.Volume.MountPoint)
            || AbsolutePath.IsWithin(other.Volume.MountPoint, ours.MountPoint))
            yield return $"the volume is mounted on {ours.MountPoint}, at or around {other.Volume.MountPoint}";
        foreach (ServiceConfiguration service in configuration.Services)
        {
            if (other.Services.Any(theirs => theirs.Unit == service.Unit))
                yield return $"service {service.Name} is {service.Unit}";
        }
    }

    private static bool AreOneFile(string ours, string theirs)
    {
        if (ours == theirs)
            return true;
        try
        {
            return File.Exists(ours) && File.Exists(theirs) && FileIdentity.Of(ours) == FileIdentity.Of(theirs);
        }
        catch (LinuxException)
        {
            return false;
        }
    }
}
