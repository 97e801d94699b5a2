using Tmds.Linux;
using UnlockDaemon.Linux;
using UnlockDaemon.Linux.Storage;
using UnlockDaemon.Protocol;
using UnlockDaemon.Storage.Configuration;

namespace UnlockDaemon.Storage.Machine;

/// <summary>
/// Encrypted swap space: up while the instance runs, locked or not, so that none in the clear is needed; away, with its
/// key, while the volume is being locked, as it may hold what the services had in memory. What is up although it is not
/// configured any more is taken down.
/// </summary>
/// <param name="configuration">The swap space; null for none.</param>
/// <param name="instance">Whose it is.</param>
internal sealed class LinuxSwap(SwapConfiguration? configuration, Instance instance)
{
    private readonly Lock _lock = new();
    private readonly EncryptedSwap _swap =
        new(configuration?.Path ?? "", MappingNames.SwapNameFor(instance));

    private int _lastRequest;

    /// <summary>
    /// Says that something is asked for: what was asked for before it, and has not begun, does not begin any more.
    /// </summary>
    /// <returns>The number of the request.</returns>
    internal int Request() => Interlocked.Increment(ref _lastRequest);

    /// <summary>Says why it cannot be brought up; null when it can, or is up, or is not wanted.</summary>
    internal string? FindFault()
    {
        try
        {
            return configuration is null || _swap.IsActive ? null : _swap.FindFault(configuration.Size);
        }
        catch (LinuxException busy) when (busy.Errno == LibC.EBUSY)
        {
            return $"swap {configuration!.Path} is in use by something else: name another device";
        }
        catch (LinuxException failure)
        {
            return failure.Message;
        }
    }

    /// <summary>Brings it up under a new key, unless it is up, or is to be taken down by now.</summary>
    /// <param name="request">The request for that.</param>
    internal StepResult BringUp(int request)
    {
        lock (_lock)
        {
            if (configuration is null)
                return _swap.Mapping is null ? StepResult.Done : TakeDown();
            if (request != Volatile.Read(ref _lastRequest) || _swap.IsActive)
                return StepResult.Done;
            if (FindFault() is { } fault)
                return StepResult.Failed(new(FaultKind.Call, fault));
            return Make(configuration);
        }
    }

    /// <summary>Takes it down. A bring-up that has begun is waited for.</summary>
    internal StepResult TakeDown()
    {
        lock (_lock)
        {
            if (configuration is null && _swap.Mapping is null)
                return StepResult.Done;
            try
            {
                _swap.TakeDown();
                return StepResult.Done;
            }
            catch (LinuxException full) when (full.Errno == LibC.ENOMEM)
            {
                return StepResult.Failed(new(FaultKind.Call, "there is not memory enough to take back what is in swap: "
                    + "end what takes most of it ('top -o RES')"));
            }
            catch (LinuxException failure)
            {
                return StepResult.Failed(new(FaultKind.Call, failure.Message));
            }
        }
    }

    private StepResult Make(SwapConfiguration wanted)
    {
        try
        {
            // What a daemon that was killed left half up.
            _swap.TakeDown();
            _swap.BringUp(wanted.Size);
            return StepResult.Done;
        }
        catch (IOException failure)
        {
            return StepResult.Failed(new(FaultKind.Call, $"cannot make swap {wanted.Path}: {failure.Message}"));
        }
    }
}
