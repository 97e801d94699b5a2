namespace UnlockDaemon.Service.Units;

/// <summary>How a service does. Why it does so is told beside it.</summary>
public enum ServiceState
{
    /// <summary>Down.</summary>
    Stopped,

    /// <summary>On its way up: asked for, started by systemd, or not yet past its probe.</summary>
    Starting,

    /// <summary>Does its work.</summary>
    Ready,

    /// <summary>Should be up and is not.</summary>
    Failed,

    /// <summary>On its way down.</summary>
    Stopping,
}
