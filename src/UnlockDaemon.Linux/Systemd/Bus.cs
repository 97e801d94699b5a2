using System.Diagnostics;
using Microsoft.Win32.SafeHandles;
using UnlockDaemon.Linux.Interop;

namespace UnlockDaemon.Linux.Systemd;

/// <summary>
/// One connection to the system bus, and the thread that alone touches it: sends calls, hands replies to their callers
/// and signals to the receiver. Without traffic the thread sleeps in poll(2) with no time limit.
/// </summary>
/// <remarks>
/// No callback is registered with sd-bus. Replies to a message sent with sd_bus_send, and signals, match none of its
/// own handlers, and sd_bus_process hands such messages out (process_running in sd-bus.c, the same in 252 and 257).
/// </remarks>
internal sealed class Bus : IDisposable
{
    // The default of 8 MiB would count against a locked or limited address space; sd-bus needs a few pages.
    private const int StackSize = 256 * 1024;

    private readonly Action<BusMessage> _signalled;
    private readonly Action<Exception> _ended;
    private readonly SafeFileHandle _wake;
    private readonly Lock _lock = new();
    private readonly Dictionary<ulong, BusCall> _pending = [];
    private List<BusCall> _outgoing = [];
    private Exception? _end;
    private volatile bool _closing;

    /// <summary>Begins to connect; what goes wrong on the way reaches the callers.</summary>
    /// <param name="signalled">Takes signals, on the bus's thread; must not wait.</param>
    /// <param name="ended">Told, on the bus's thread, why the connection is gone; last of all.</param>
    internal Bus(Action<BusMessage> signalled, Action<Exception> ended)
    {
        _signalled = signalled;
        _ended = ended;
        _wake = EventFd.eventfd(0, EventFd.EFD_CLOEXEC | EventFd.EFD_NONBLOCK);
        if (_wake.IsInvalid)
            throw LinuxException.FromLastError("create", "an eventfd");
        new Thread(Run, StackSize) { IsBackground = true, Name = "system bus" }.Start();
    }

    /// <summary>Whether the connection is gone.</summary>
    internal bool IsLost
    {
        get
        {
            lock (_lock)
                return _end is not null;
        }
    }

    /// <summary>Queues a call; calls go out in the order they were given.</summary>
    internal void Send(BusCall call)
    {
        Exception? end;
        lock (_lock)
        {
            end = _end;
            if (end is null)
            {
                _outgoing.Add(call);
                Wake();
            }
        }

        if (end is not null)
            call.Fail(end);
    }

    /// <summary>Ends the connection and the thread; calls under way fail.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            _closing = true;
            if (_end is null)
                Wake();
        }
    }

    private void Wake() => _ = EventFd.eventfd_write(_wake, 1);

    private void Run()
    {
        Exception end = new ObjectDisposedException(nameof(Bus));
        try
        {
            Check(LibSystemd.sd_bus_open_system(out SdBusHandle bus), "connect to");
            using (bus)
                Serve(bus);
        }
        catch (LinuxException exception)
        {
            end = exception;
        }

        End(end);
    }

    private void Serve(SdBusHandle bus)
    {
        // Not on the heap: while the thread sleeps in poll(2) they are pinned, and hold what lies before them there.
        Span<Poll.pollfd> fds = [default, new() { fd = (int)_wake.DangerousGetHandle(), events = Poll.POLLIN }];
        while (!_closing)
        {
            SendOutgoing(bus);
            if (!Process(bus))
                Wait(bus, fds);
        }
    }

    private bool Process(SdBusHandle bus)
    {
        int result = LibSystemd.sd_bus_process(bus, out SdBusMessageHandle handle);
        using (handle)
        {
            Check(result, "read from");
            if (!handle.IsInvalid)
                Dispatch(new BusMessage(handle));
        }

        return result > 0;
    }

    private void Dispatch(BusMessage message)
    {
        switch (message.Type)
        {
            case LibSystemd.SD_BUS_MESSAGE_METHOD_RETURN or LibSystemd.SD_BUS_MESSAGE_METHOD_ERROR:
                if (_pending.Remove(message.ReplyCookie, out BusCall? call))
                    call.Complete(message);
                break;
            case LibSystemd.SD_BUS_MESSAGE_SIGNAL:
                _signalled(message);
                break;
        }
    }

    private void SendOutgoing(SdBusHandle bus)
    {
        List<BusCall> calls;
        lock (_lock)
        {
            if (_outgoing.Count == 0)
                return;
            calls = _outgoing;
            _outgoing = [];
        }

        foreach (BusCall call in calls)
            SendNow(bus, call);
    }

    private void SendNow(SdBusHandle bus, BusCall call)
    {
        int result = LibSystemd.sd_bus_message_new_method_call(
            bus, out SdBusMessageHandle message, call.Destination, call.Path, call.Interface, call.Member);
        using (message)
        {
            // systemd is there or it is not; the bus must not try to start it.
            if (result >= 0)
                result = LibSystemd.sd_bus_message_set_auto_start(message, 0);
            foreach (string argument in call.Arguments)
                if (result >= 0)
                    result = LibSystemd.sd_bus_message_append_basic(
                        message, LibSystemd.SD_BUS_TYPE_STRING, argument);
            ulong cookie = 0;
            if (result >= 0)
                result = LibSystemd.sd_bus_send(bus, message, out cookie);
            if (result >= 0)
                _pending.Add(cookie, call);
            else
                call.Fail(new LinuxException("send to", "the system bus", -result));
        }
    }

    private void Wait(SdBusHandle bus, Span<Poll.pollfd> fds)
    {
        fds[0].fd = Check(LibSystemd.sd_bus_get_fd(bus), "poll");
        fds[0].events = (short)Check(LibSystemd.sd_bus_get_events(bus), "poll");
        Check(LibSystemd.sd_bus_get_timeout(bus, out ulong deadline), "poll");
        if (Poll.poll(fds, (nuint)fds.Length, Milliseconds(deadline)) > 0 && fds[1].revents != 0)
            _ = EventFd.eventfd_read(_wake, out _);
    }

    private void End(Exception end)
    {
        List<BusCall> calls;
        lock (_lock)
        {
            _end = end;
            calls = [.. _pending.Values, .. _outgoing];
            _wake.Dispose();
        }

        foreach (BusCall call in calls)
            call.Fail(end);
        _ended(end);
    }

    private static int Milliseconds(ulong deadline)
    {
        if (deadline == ulong.MaxValue)
            return -1;
        var now = (ulong)Stopwatch.GetElapsedTime(0).Ticks / TimeSpan.TicksPerMicrosecond;
        return deadline <= now ? 0 : (int)Math.Min((deadline - now + 999) / 1000, int.MaxValue);
    }

    private static int Check(int result, string operation) =>
        result >= 0 ? result : throw new LinuxException(operation, "the system bus", -result);
}
