using Microsoft.Win32.SafeHandles;
using Tmds.Linux;
using UnlockDaemon.Linux.Interop;

namespace UnlockDaemon.Linux.Terminals;

/// <summary>
/// Waits for many file descriptors on one thread, for terminals and kernel files that no library of the runtime
/// waits for. Asleep in poll(2) until one of them is ready: no timer, no wake-up while nothing happens.
/// </summary>
public sealed class FilePoller : IDisposable
{
    private const int StackSize = 128 * 1024;
    private const int UsualFiles = 64;
    private readonly Lock _lock = new();
    private readonly List<Registration> _registrations = [];
    private readonly SafeFileHandle _wake;
    private readonly Thread _thread;
    private bool _stopping;

    /// <summary>Starts the thread.</summary>
    /// <exception cref="LinuxException">The kernel gives no eventfd.</exception>
    public FilePoller()
    {
        _wake = EventFd.eventfd(0, LibC.EFD_CLOEXEC | LibC.EFD_NONBLOCK);
        if (_wake.IsInvalid)
            throw LinuxException.FromLastError("make", "an eventfd");
        _thread = new Thread(Run, StackSize) { IsBackground = true, Name = "poll" };
        _thread.Start();
    }

    /// <summary>Completes when the file can be read, has an urgent condition (sysfs), or is hung up.</summary>
    /// <param name="file">An open file; must stay open until then.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <returns>A task that completes with the event, or is cancelled.</returns>
    public async Task WaitReadableAsync(SafeFileHandle file, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(file);
        Registration registration = new((int)file.DangerousGetHandle());
        await using CancellationTokenRegistration stop = cancellation.Register(
            () =>
            {
                // Off the list before the caller closes the descriptor, whose number may then mean another file.
                Remove(registration);
                registration.Ready.TrySetCanceled(cancellation);
            });
        lock (_lock)
        {
            if (!registration.Ready.Task.IsCompleted)
                _registrations.Add(registration);
        }

        Wake();
        await registration.Ready.Task;
    }

    /// <summary>Ends the thread.</summary>
    public void Dispose()
    {
        _stopping = true;
        Wake();
        _thread.Join();
        _wake.Dispose();
    }

    private void Remove(Registration registration)
    {
        lock (_lock)
            _registrations.Remove(registration);
        Wake();
    }

    private void Wake() => _ = EventFd.eventfd_write(_wake, 1);

    private void Run()
    {
        while (!_stopping)
            WaitForAny();
    }

    private void WaitForAny()
    {
        Registration[] waiting;
        lock (_lock)
            waiting = [.. _registrations];
        Span<pollfd> files = waiting.Length < UsualFiles
            ? stackalloc pollfd[waiting.Length + 1]
            : new pollfd[waiting.Length + 1];
        files[0] = new() { fd = (int)_wake.DangerousGetHandle(), events = LibC.POLLIN };
        for (int i = 0; i < waiting.Length; i++)
            files[i + 1] = new() { fd = waiting[i].Descriptor, events = (short)(LibC.POLLIN | LibC.POLLPRI) };

        if (Poll.poll(files, (nuint)files.Length, -1) <= 0)
            return;
        _ = EventFd.eventfd_read(_wake, out _);
        for (int i = 0; i < waiting.Length; i++)
        {
            if (files[i + 1].revents != 0)
                Complete(waiting[i]);
        }
    }

    private void Complete(Registration registration)
    {
        lock (_lock)
            _registrations.Remove(registration);
        registration.Ready.TrySetResult();
    }

    private sealed record Registration(int Descriptor)
    {
        internal TaskCompletionSource Ready { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
