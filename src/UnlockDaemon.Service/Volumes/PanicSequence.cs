using System.Diagnostics;
using Microsoft.Extensions.Logging.Abstractions;
using UnlockDaemon.Linux;
using UnlockDaemon.Linux.Storage;
using UnlockDaemon.Linux.Systemd;
using UnlockDaemon.Protocol;
using UnlockDaemon.Service.Configuration;
using UnlockDaemon.Service.Units;

namespace UnlockDaemon.Service.Volumes;

/// <summary>
/// An emergency: the key first, then the rest. Needs nothing but the kernel for the key, so that unlockctl can do it
/// too when the daemon does not answer.
/// </summary>
public sealed class PanicSequence
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(15);

    // What is on its way to a disk that works has arrived by then.
    private static readonly TimeSpan s_wipeLimit = TimeSpan.FromSeconds(5);
    private readonly StorageStack _stack;
    private readonly ServiceSet _services;
    private readonly EventHub _events;

    internal PanicSequence(StorageStack stack, ServiceSet services, EventHub events)
    {
        _stack = stack;
        _services = services;
        _events = events;
    }

    /// <summary>
    /// Wipes the keys of every mapping that is this instance's, whatever is configured now: those in use first and all at
    /// once, since a disk that does not answer holds up the wiping of its own; then those that were kept for later. What
    /// reads or writes there waits from then on, until <see cref="FailAll"/>. Whatever fails, the rest is done.
    /// </summary>
    /// <param name="left">Gets what went wrong.</param>
    /// <param name="told">Told of each mapping as its key is gone, one at a time.</param>
    /// <param name="everyInstance">Whether those of all other instances are meant too.</param>
    /// <returns>The mappings that have no key any more.</returns>
    public static IReadOnlyList<CryptMapping> WipeAllKeys(
        ICollection<string> left, Action<CryptMapping> told, bool everyInstance = false)
    {
        Predicate<string> isMeant = everyInstance ? MappingLayer.IsAnyInstances : MappingLayer.IsOurs;
        IReadOnlyList<CryptMapping> mappings = [];
        Guard(() => mappings = MappingLayer.FindAll(isMeant), left);
        List<CryptMapping> wiped = [];
        (CryptMapping Mapping, Thread Wiping)[] work = [.. mappings.Select(mapping => (mapping, new Thread(Wipe) { IsBackground = true }))];
        foreach ((CryptMapping mapping, Thread wiping) in work)
            wiping.Start(mapping);
        long started = Stopwatch.GetTimestamp();
        foreach ((CryptMapping mapping, Thread wiping) in work)
        {
            TimeSpan patience = s_wipeLimit - Stopwatch.GetElapsedTime(started);
            if (wiping.Join(patience > TimeSpan.Zero ? patience : TimeSpan.Zero))
                continue;
            lock (left)
                left.Add($"{mapping.Path} still has its key: its disk does not answer");
        }

        Guard(() => KeptKey.WipeAll(isMeant), left);
        lock (wiped)
            return [.. wiped];

        void Wipe(object? subject)
        {
            CryptMapping mapping = (CryptMapping)subject!;
            bool isCrypt = false;
            if (!Try(mapping, () => isCrypt = TryWipe(mapping), left) || !isCrypt)
                return;
            lock (wiped)
            {
                wiped.Add(mapping);
                // On a bare thread its exception would end the process, and with it the wiping of the other keys.
                Guard(() => told(mapping), left);
            }
        }
    }

    /// <summary>Has all that waits for mappings without a key fail. Takes its time: udev is waited for.</summary>
    /// <param name="wiped">The mappings.</param>
    /// <param name="left">Gets what went wrong.</param>
    public static void FailAll(IEnumerable<CryptMapping> wiped, ICollection<string> left)
    {
        ArgumentNullException.ThrowIfNull(wiped);
        foreach (CryptMapping mapping in wiped)
        {
            _ = Try(mapping, () =>
            {
                if (!mapping.IsOnNothing)
                    mapping.FailAll();
            }, left);
        }
    }

    /// <summary>Takes the rest down in this process, when no daemon does it.</summary>
    /// <param name="configuration">The volume and its services.</param>
    /// <returns>Null when all is down; otherwise what is not.</returns>
    public static async Task<string?> TakeDownAloneAsync(UnlockdConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        using SystemdConnection systemd = new();
        using ServiceSet services = new(configuration.Services, systemd, NullLogger<ServiceSet>.Instance);
        StorageStack stack = new(configuration.Volume, keepKey: false, configuration.Swap);
        string? left = await new PanicSequence(stack, services, new EventHub()).TakeDownAsync();
        // A daemon that is stuck knows nothing of this. systemd starts it again, and it looks at the kernel.
        try
        {
            string group = await systemd.GetControlGroupAsync(Instance.Current.Unit, CancellationToken.None);
            if (group.Length > 0)
                new ControlGroup(group).Kill();
        }
        catch (SystemdException)
        {
            // Without systemd nobody would start it again.
        }

        return left;
    }

    /// <summary>Wipes the keys of every mapping that is this instance's.</summary>
    /// <returns>Null when all are wiped; otherwise what went wrong.</returns>
    internal string? WipeKeys()
    {
        List<string> left = [];
        IReadOnlyList<CryptMapping> wiped = WipeAllKeys(
            left, mapping => _events.Publish("step", "mapping", $"the key of {mapping.Path} is wiped"));
        FailAll(wiped, left);
        return left.Count == 0 ? null : string.Join("; ", left);
    }

    /// <summary>Kills the services, unmounts and detaches. Nobody else is killed.</summary>
    /// <returns>Null when all is down; otherwise what is not.</returns>
    internal async Task<string?> TakeDownAsync()
    {
        using CancellationTokenSource limit = new(s_limit);
        List<string?> left = [.. await KillServicesAsync(limit.Token)];
        // Again: an unlock that was under way may have made a mapping since.
        left.Add(WipeKeys());
        left.Add(await Task.Run(() => _stack.TakeDown((layer, text) => _events.Publish("step", layer, text))));
        // Afterwards: with the services killed there is memory for what they had in swap.
        left.Add(await _stack.Swap.TakeDownAsync(limit.Token));
        string[] reasons = [.. left.OfType<string>()];
        if (reasons.Length == 0)
            return null;
        IEnumerable<Holder> holders = _stack.Filesystem.FindHolders().Take(3);
        return string.Join("; ", reasons.Concat(holders.Select(static holder => holder.Name)))
            + ": end these, then 'unlockctl lock'";
    }

    private static bool TryWipe(CryptMapping mapping)
    {
        if (!mapping.IsCrypt())
            return false;
        mapping.WipeKey();
        return true;
    }

    /// <summary>What goes wrong counts only while the mapping is there: without it there is no key.</summary>
    private static bool Try(CryptMapping mapping, Action step, ICollection<string> left) => Guard(step, left,
        () => CryptMapping.Find(mapping.Name) is not null);

    /// <summary>Does a step of which no failure, of whatever kind, may keep the next from being done.</summary>
    private static bool Guard(Action step, ICollection<string> left, Func<bool>? counts = null)
    {
        try
        {
            step();
            return true;
        }
        catch (Exception failure)
        {
            if (counts is null || counts())
            {
                lock (left)
                    left.Add(failure.Message);
            }

            return false;
        }
    }

    private async Task<IEnumerable<string>> KillServicesAsync(CancellationToken limit)
    {
        try
        {
            return (await _services.KillAsync(limit)).Select(static service => service.ToString());
        }
        catch (Exception failure) when (failure is LinuxException or SystemdException or OperationCanceledException
            or IOException or UnauthorizedAccessException)
        {
            return ["the services could not be killed: " + failure.Message];
        }
    }
}
