namespace UnlockDaemon.Storage.Configuration;

/// <summary>How the volume is locked.</summary>
/// <param name="Deadline">The longest locking may take before it is given up and the services are started
/// again.</param>
/// <param name="HoldLimit">When a hold ends by itself, so that a migration that never came to its end does not leave
/// the services down in silence.</param>
/// <param name="KeepKey">
/// How long the kernel keeps the key after a lock with a hold, so that the end of the hold unlocks by itself; null for
/// not at all.
/// </param>
public sealed record LockConfiguration(TimeSpan Deadline, TimeSpan HoldLimit, TimeSpan? KeepKey = null)
{
    /// <summary>What is taken when nothing is said.</summary>
    public static LockConfiguration Default { get; } = new(TimeSpan.FromSeconds(90), TimeSpan.FromMinutes(30));
}
