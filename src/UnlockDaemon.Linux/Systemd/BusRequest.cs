using UnlockDaemon.Linux.Interop;

namespace UnlockDaemon.Linux.Systemd;

/// <summary>A method call whose reply is read into a value.</summary>
/// <param name="read">
/// Reads the reply. It runs on the bus's thread before any later message is looked at, so what it remembers (a job's
/// path, a unit's state) is there when the signal that follows comes.
/// </param>
internal sealed class BusRequest<T>(Func<BusMessage, T> read) : BusCall
{
    private readonly TaskCompletionSource<T> _reply = new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal Task<T> Reply => _reply.Task;

    internal override void Complete(BusMessage reply)
    {
        try
        {
            if (reply.Type == LibSystemd.SD_BUS_MESSAGE_METHOD_ERROR)
                Fail(new BusErrorException(reply.Error.Name, reply.Error.Message));
            else
                _reply.TrySetResult(read(reply));
        }
        catch (LinuxException exception)
        {
            Fail(exception);
        }
    }

    internal override void Fail(Exception reason) => _reply.TrySetException(reason);
}
