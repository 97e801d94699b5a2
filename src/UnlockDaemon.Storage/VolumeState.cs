namespace UnlockDaemon.Storage;

/// <summary>What the volume and its services are doing. Why is never part of the state.</summary>
public enum VolumeState
{
    /// <summary>Nothing of it is in the kernel.</summary>
    Locked,

    /// <summary>A passphrase is being tried, or the layers are coming up.</summary>
    Unlocking,

    /// <summary>Mounted; services are being started.</summary>
    Starting,

    /// <summary>Mounted, all services ready.</summary>
    Ready,

    /// <summary>Mounted, but a service is not ready.</summary>
    Degraded,

    /// <summary>Services are being stopped.</summary>
    Stopping,

    /// <summary>The layers are coming down.</summary>
    Locking,

    /// <summary>Half up: some layers are there, and a person is needed.</summary>
    Failed,
}
