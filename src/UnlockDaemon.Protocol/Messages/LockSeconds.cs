namespace UnlockDaemon.Protocol.Messages;

/// <summary>How long a lock took, in seconds.</summary>
/// <param name="Services">Until the services were stopped.</param>
/// <param name="Unmount">From then until the container was detached.</param>
/// <param name="Total">In all, with the checks.</param>
public sealed record LockSeconds(double Services, double Unmount, double Total);
