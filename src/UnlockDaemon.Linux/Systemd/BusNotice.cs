using UnlockDaemon.Linux.Interop;

namespace UnlockDaemon.Linux.Systemd;

/// <summary>A method call that nobody waits for.</summary>
/// <remarks>
/// Matches and Subscribe are sent so: they fail only with the connection, which is noticed elsewhere, or because they
/// are in force already.
/// </remarks>
internal sealed class BusNotice : BusCall
{
    /// <summary>Takes the reply, unless it is an error, on the bus's thread.</summary>
    internal Action<BusMessage>? Replied { get; init; }

    internal override void Complete(BusMessage reply)
    {
        if (reply.Type == LibSystemd.SD_BUS_MESSAGE_METHOD_RETURN)
            Replied?.Invoke(reply);
    }

    internal override void Fail(Exception reason)
    {
        // Nobody waits.
    }
}
