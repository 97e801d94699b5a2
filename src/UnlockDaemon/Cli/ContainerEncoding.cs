using UnlockDaemon.Linux;
using UnlockDaemon.Linux.Storage;
using UnlockDaemon.Protocol;
using UnlockDaemon.Storage.Configuration;

namespace UnlockDaemon.Cli;

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
