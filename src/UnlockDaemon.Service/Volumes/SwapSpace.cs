using Tmds.Linux;
using UnlockDaemon.Linux;
using UnlockDaemon.Linux.Storage;
using UnlockDaemon.Protocol;
using UnlockDaemon.Protocol.Messages;
using UnlockDaemon.Service.Configuration;

namespace UnlockDaemon.Service.Volumes;

/// <summary>
/// Encrypted swap space: up while the instance runs, locked or not, so that none in the clear is needed; away, with its
/// key, while the volume is being locked, as it may hold what the services had in memory. What is up although it is not
/// configured any more is taken down.
/// </summary>
internal sealed class SwapSpace(SwapConfiguration? configuration)
{
    private readonly Lock _lock = new();
    private readonly EncryptedSwap _swap = new(configuration?.Path ?? "", $"unlockd.swap{Instance.Current.Suffix}");
    private volatile bool _wanted;
    private string? _trouble;

    internal LayerInfo[] Observe() => configuration is null && _swap.Mapping is null ? []
        : _swap.IsActive
            ? [new("swap", true, $"{_swap.Mapping!.Path}, {_swap.Mapping.Size >> 20} MiB under a random key")]
        : [new("swap", false, _trouble ?? "")];

    /// <summary>What is left of it; null when it is all down.</summary>
    internal string? FindLeft() => _swap.Mapping is { } mapping ? $"swap on {mapping.Path}" : null;

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

    /// <summary>Has the next bring-up make it, unless it is taken down before that.</summary>
    internal void Want() => _wanted = true;

    /// <summary>Brings it up under a new key, unless it is up or has been taken down since it was wanted.</summary>
    /// <returns>Null when it is up or not wanted; otherwise why not.</returns>
    internal string? TryBringUp()
    {
        if (configuration is null)
            return _swap.Mapping is null ? null : TakeDown();
        lock (_lock)
        {
            if (!_wanted || _swap.IsActive)
                return _trouble = null;
            try
            {
                if ((_trouble = FindFault()) is not null)
                    return _trouble;
                // What a daemon that was killed left half up.
                _swap.TakeDown();
                _swap.BringUp(configuration.Size);
                return null;
            }
            catch (LinuxException failure)
            {
                return _trouble = Advice.For(failure);
            }
            catch (IOException failure)
            {
                return _trouble = $"cannot make swap {configuration.Path}: {failure.Message}";
            }
        }
    }

    /// <summary>Takes it down, or gives up at the deadline: what is under way then goes on, and does no harm.</summary>
    /// <returns>Null when it is down; otherwise why not.</returns>
    internal async Task<string?> TakeDownAsync(CancellationToken deadline)
    {
        if (configuration is null && _swap.Mapping is null)
            return null;
        // A bring-up that has not begun yet does not begin any more; one that has is waited for.
        _wanted = false;
        try
        {
            return await Task.Run(TakeDown, CancellationToken.None).WaitAsync(deadline);
        }
        catch (OperationCanceledException)
        {
            return "what is in swap was not back in memory before the deadline";
        }
    }

    private string? TakeDown()
    {
        lock (_lock)
        {
            try
            {
                _swap.TakeDown();
                return null;
            }
            catch (LinuxException full) when (full.Errno == LibC.ENOMEM)
            {
                return "there is not memory enough to take back what is in swap: end what takes most of it "
                    + "('top -o RES')";
            }
            catch (LinuxException failure)
            {
                return failure.Message;
            }
        }
    }
}
