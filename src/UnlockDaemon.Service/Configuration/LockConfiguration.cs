namespace UnlockDaemon.Service.Configuration;

/// <summary>How the volume is locked.</summary>
/// <param name="Deadline">The longest locking may take before it is given up and the services are started
/// again.</param>
public sealed record LockConfiguration(TimeSpan Deadline)
{
    /// <summary>What is taken when nothing is said.</summary>
    public static LockConfiguration Default { get; } = new(TimeSpan.FromSeconds(90));
}
