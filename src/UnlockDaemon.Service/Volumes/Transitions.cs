using static UnlockDaemon.Service.Volumes.VolumeEvent;
using static UnlockDaemon.Service.Volumes.VolumeState;

namespace UnlockDaemon.Service.Volumes;

/// <summary>The states of the volume as one table.</summary>
public static class Transitions
{
    /// <summary>Where an event leads.</summary>
    /// <param name="state">The state it happens in.</param>
    /// <param name="happened">The event.</param>
    /// <returns>The next state, or null when the event cannot happen there.</returns>
    public static VolumeState? Next(VolumeState state, VolumeEvent happened) => (state, happened) switch
    {
        (Locked, FoundLocked) => Locked,
        (Locked, FoundMounted) => Starting,
        (Locked, FoundHalfUp) => Failed,

        (Locked or Failed, UnlockRequested) => Unlocking,
        (Ready or Degraded, UnlockRequested) => Starting,
        (Unlocking, NotOpened) => Locked,
        (Unlocking, Mounted) => Starting,
        (Unlocking, Stuck) => Failed,

        (Starting or Degraded, AllReady) => Ready,
        (Starting or Ready, NotAllReady) => Degraded,
        (Ready or Degraded, FoundUnmounted) => Failed,
        (Ready, AllReady) => Ready,
        (Degraded, NotAllReady) => Degraded,

        (Ready or Degraded or Failed, LockRequested) => Stopping,
        // In Locking already: a panic came meanwhile.
        (Stopping or Locking, ServicesStopped) => Locking,
        // From Failed: the disk answers again, after the lock has been given up.
        (Stopping or Locking or Failed, LockRefused) => Starting,
        // From Starting and Failed: a panic ends what a lock brought back, or left.
        (Locking or Locked or Starting or Failed, Detached) => Locked,
        (Locking or Stopping or Locked or Starting or Failed, Stuck) => Failed,

        (_, KeyWiped) => Locking,

        _ => null,
    };
}
