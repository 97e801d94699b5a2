namespace UnlockDaemon.Linux.Systemd;

/// <summary>A method call on its way: whom it goes to, and what becomes of the reply.</summary>
/// <remarks>All arguments that systemd and the bus take from us are texts.</remarks>
internal abstract class BusCall
{
    internal required string Destination { get; init; }

    internal required string Path { get; init; }

    internal required string Interface { get; init; }

    internal required string Member { get; init; }

    internal string[] Arguments { get; init; } = [];

    /// <summary>Takes the reply, on the bus's thread.</summary>
    internal abstract void Complete(BusMessage reply);

    /// <summary>Takes the news that there will be none.</summary>
    internal abstract void Fail(Exception reason);
}
