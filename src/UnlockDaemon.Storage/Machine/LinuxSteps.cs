using UnlockDaemon.Linux;
using UnlockDaemon.Linux.Storage;
using UnlockDaemon.Protocol;
using UnlockDaemon.Storage.Configuration;

namespace UnlockDaemon.Storage.Machine;

/// <summary>Does steps to the kernel, one call after the other; who calls waits as long as the kernel takes.</summary>
/// <param name="volume">The volume.</param>
/// <param name="swap">The swap space beside it; null for none.</param>
/// <param name="keepKey">Whether the key may outlive the mapping; see <see cref="KeptKey"/>.</param>
/// <param name="instance">Whose volume it is.</param>
/// <param name="look">Looks at it.</param>
internal sealed class LinuxSteps(
    VolumeConfiguration volume, SwapConfiguration? swap, bool keepKey, Instance instance, LinuxLook look)
{
    // An eviction as in systemd: time to end, then SIGKILL.
    private static readonly TimeSpan s_grace = TimeSpan.FromSeconds(5);

    private readonly string _name = MappingNames.NameFor(volume.MountPoint, instance);
    private readonly KeptKey _kept = new(MappingNames.NameFor(volume.MountPoint, instance));
    private readonly LinuxOpening _opening = new(volume, MappingNames.NameFor(volume.MountPoint, instance));
    private readonly LinuxFilesystem _filesystem = new(volume, look);
    private readonly LinuxSwap _swap = new(swap, instance);
    private readonly LinuxGrowth _growth = new(volume, look, MappingNames.NameFor(volume.MountPoint, instance),
        new KeptKey(MappingNames.NameFor(volume.MountPoint, instance)));

    /// <summary>Says that a step of swap is asked for, before its turn comes.</summary>
    /// <returns>The number that goes with the step.</returns>
    internal int Request(Step step) => step is Step.SwapOn or Step.SwapOff ? _swap.Request() : 0;

    /// <summary>Does a step.</summary>
    /// <param name="step">The step.</param>
    /// <param name="request">Its number from <see cref="Request"/>.</param>
    /// <param name="report">Told what is worth telling on the way.</param>
    /// <param name="cancellation">Ends it where that can be done.</param>
    internal async Task<StepResult> DoAsync(
        Step step, int request, StepReport report, CancellationToken cancellation) => step switch
        {
            Step.Attach => Attach(),
            Step.Map map => Map(map.Secret),
            Step.Check check => await _filesystem.CheckAsync(check.Reason, report, cancellation),
            Step.Mount => await _filesystem.MountAsync(cancellation),
            Step.Sync => _filesystem.Sync(),
            Step.Flush => Do(new ContainerFile(volume.Container).Flush),
            Step.Evict evict => Evict(evict.Processes, report, cancellation),
            Step.Unmount => _filesystem.Unmount(cancellation),
            Step.Unmap => Unmap(),
            Step.Detach => Detach(cancellation),
            Step.Protect => _filesystem.Protect(),
            Step.SwapOn => _swap.BringUp(request),
            Step.SwapOff => _swap.TakeDown(),
            Step.KeepKey => Do(_kept.KeepOn),
            Step.ExpireKey expire => Do(() => _kept.ExpireAfter(expire.After)),
            Step.ForgetKey => Do(_kept.Wipe),
            Step.WipeKeys => WipeKeys(report),
            Step.GrowMapping grow => _growth.GrowMapping(grow.Size, grow.Secret, report, cancellation),
            Step.GrowFilesystem => _growth.GrowFilesystem(report),
            _ => throw new ArgumentOutOfRangeException(nameof(step), step, message: null),
        };

    /// <summary>
    /// Takes back a mapping that came after all when nobody waited for it any more: whoever gave up on it, a panic
    /// perhaps, has looked for keys before there was this one.
    /// </summary>
    internal StepResult TakeBackMap()
    {
        _kept.Wipe();
        return Unmap();
    }

    private static StepResult Do(Action call)
    {
        call();
        return StepResult.Done;
    }

    private StepResult Attach()
    {
        Snapshot seen = look.Take(Aspects.Layers);
        if (seen.IsDevice || seen.Loops.Any(static loop => loop.IsWhole))
            return StepResult.Done;
        // A second device beside one that is there would show two states of one file.
        if (Diagnosis.OfGuest(volume, seen) is { } guest)
            return StepResult.Failed(guest);

        _ = LoopDevice.Attach(volume.Container);
        return StepResult.Done;
    }

    private StepResult Map(Passphrase? secret)
    {
        Snapshot seen = look.Take(Aspects.Layers);
        if (seen.IsMapped)
            return StepResult.Done;
        string? device = seen.IsDevice
            ? volume.Container
            : seen.Loops.FirstOrDefault(static loop => loop.IsWhole)?.Path;
        if (device is null)
            return StepResult.Failed(new(FaultKind.Call, $"{volume.Container} is not attached to a loop device"));
        return secret is null
            ? _opening.OpenBy(_kept, device)
            : _opening.Open(device, secret, keepKey ? _kept : null);
    }

    private StepResult Unmap()
    {
        Snapshot seen = look.Take(Aspects.Layers);
        // A stranger of that name is none of ours, nor is what is below it.
        if (seen.Mapping is { IsOurs: false })
            return StepResult.Done;
        if (seen.Mapping is { Stacked: [var above, ..] } mapping)
            return new(StepEnd.Busy, new Fault(FaultKind.InUse, $"{above} is stacked on {mapping.Path}"));
        if (seen.IsMapped)
            Deactivate(_name);
        // After a panic nothing leads from the mapping to dm-integrity's device below it any more.
        if (CryptMapping.Find(_name + MappingNames.IntegritySuffix) is { } integrity)
            Deactivate(integrity.Name);
        Snapshot left = look.Take(Aspects.Layers);
        return (left.Mapping?.Path ?? left.Integrity) is { } path
            ? StepResult.Failed(new(FaultKind.InUse, $"{path} is still there"))
            : StepResult.Done;
    }

    private static void Deactivate(string name)
    {
        try
        {
            CryptDevice.Deactivate(name);
        }
        catch (LinuxException) when (CryptMapping.Find(name) is null)
        {
            // Somebody had it removed at the last close, which was the unmount or the look at its superblock.
        }
    }

    /// <remarks>A device on a file without a name is the last that holds its content, so it stays.</remarks>
    private StepResult Detach(CancellationToken cancellation)
    {
        Snapshot seen = look.Take(Aspects.Layers);
        // Somebody may have attached the container a second time.
        foreach (LoopFacts loop in seen.Loops.Where(static loop => loop.IsWhole)
            .Concat(seen.Strays.Where(static stray => stray.BackingFile is not null)))
        {
            cancellation.ThrowIfCancellationRequested();
            // Between the look and the call the number may have become another file's.
            new LoopDevice(loop.Path).Detach(seen.Loops.Contains(loop) ? seen.Container.Identity : null);
        }

        return Diagnosis.OfLoss(volume, seen) is { } loss ? StepResult.Failed(loss) : StepResult.Done;
    }

    private static StepResult Evict(
        IReadOnlyList<ProcessHandle> processes, StepReport report, CancellationToken cancellation)
    {
        foreach (ProcessHandle process in processes)
        {
            cancellation.ThrowIfCancellationRequested();
            report($"ending pid {process.Pid}");
            if (!process.End(s_grace, s_grace))
            {
                return new(StepEnd.Busy, new Fault(FaultKind.InUse, $"pid {process.Pid} does not end, not even by "
                    + "SIGKILL: it waits for a device (state D in ps)"));
            }
        }

        return StepResult.Done;
    }

    private StepResult WipeKeys(StepReport report)
    {
        List<string> left = [];
        IReadOnlyList<CryptMapping> wiped = KeyWipe.WipeAllKeys(
            left, mapping => report($"the key of {mapping.Path} is wiped"), instance);
        KeyWipe.FailAll(wiped, left);
        lock (left)
            return left.Count == 0
                ? StepResult.Done
                : StepResult.Failed(new(FaultKind.Call, string.Join("; ", left)));
    }
}
