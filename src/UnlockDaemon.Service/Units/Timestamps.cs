namespace UnlockDaemon.Service.Units;

/// <summary>Timestamps of a clock that nobody puts right.</summary>
internal static class Timestamps
{
    /// <summary>What <see cref="TimeProvider.GetTimestamp"/> gives after a while.</summary>
    /// <param name="time">The clock.</param>
    /// <param name="span">The while.</param>
    internal static long GetTimestampAfter(this TimeProvider time, TimeSpan span) =>
        time.GetTimestamp() + (long)(span.TotalSeconds * time.TimestampFrequency);
}
