namespace UnlockDaemon.Linux.Systemd;

/// <summary>The body of a JobRemoved signal: <c>uoss</c>.</summary>
internal static class RemovedJob
{
    /// <summary>Reads the job's path and what became of it.</summary>
    internal static (string Path, UnitJob Job) Read(BusMessage signal)
    {
        signal.ReadUInt32();
        string path = signal.ReadObjectPath();
        string unit = signal.ReadString();
        return (path, new UnitJob(unit, signal.ReadString()));
    }
}
