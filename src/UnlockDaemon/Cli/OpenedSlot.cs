using UnlockDaemon.Linux.Storage;

namespace UnlockDaemon.Cli;

/// <summary>A slot that a passphrase opened, and the volume key that was in it.</summary>
internal sealed record OpenedSlot(KeySlot Slot, VolumeKey Key) : IDisposable
{
    public void Dispose() => Key.Dispose();
}
