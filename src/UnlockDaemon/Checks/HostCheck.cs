using UnlockDaemon.Gates;
using UnlockDaemon.Linux;
using UnlockDaemon.Linux.Storage;
using UnlockDaemon.Linux.Systemd;
using UnlockDaemon.Linux.Terminals;
using UnlockDaemon.Protocol;
using UnlockDaemon.Storage;
using UnlockDaemon.Storage.Configuration;
using UnlockDaemon.Storage.Machine;

namespace UnlockDaemon.Checks;

/// <summary>Looks whether this instance has what the configuration needs.</summary>
/// <param name="configuration">The configuration.</param>
/// <param name="systemd">systemd on this instance.</param>
internal sealed class HostCheck(UnlockdConfiguration configuration, ISystemd systemd)
{
    /// <summary>Makes every check; changes nothing but loading the kernel modules that will be needed.</summary>
    /// <param name="cancellation">Ends the checks.</param>
    /// <returns>What was found, good and bad.</returns>
    public async Task<IReadOnlyList<Finding>> RunAsync(CancellationToken cancellation)
    {
        List<Finding> findings = [CheckKernel(), CheckModules(), CheckControlGroups(), CheckChecker(), .. CheckStorage(),
            .. AccessCheck.Run(configuration.Volume), .. CheckConsoles(), .. CheckSwap(),
            .. CheckSpace(), .. new InstanceCheck(configuration).Run()];
        foreach (ServiceConfiguration service in configuration.Services)
            findings.AddRange(await CheckUnitAsync(service, cancellation));
        ServiceGate gate = new(configuration);
        findings.AddRange((await gate.InspectAsync(systemd, cancellation)).Select(Describe));
        return findings;
    }

    private static Finding Good(string text) => new(FindingSeverity.Good, text);

    private static Finding Warning(string text) => new(FindingSeverity.Warning, text);

    private static Finding Error(string text) => new(FindingSeverity.Error, text);

    /// <summary>cgroup.kill came with that version: a panic kills the services by it.</summary>
    private static Finding CheckKernel()
    {
        Version oldest = new(5, 14);
        string release = KernelText.Read("/proc/sys/kernel/osrelease").Trim();
        return release.Split('.', '-') is [string major, string minor, ..]
            && Version.TryParse($"{major}.{minor}", out Version? running) && running < oldest
            ? Error($"the kernel is {release}: {oldest} at least is needed")
            : Good($"the kernel is {release}");
    }

    private static Finding CheckModules()
    {
        try
        {
            LoopDevice.RequireDriver();
            CryptDevice.RequireDmCrypt();
            return Good("kernel: loop and dm-crypt are there");
        }
        catch (LinuxException missing)
        {
            return Error(Fault.Of(missing).ToString());
        }
    }

    private static Finding CheckControlGroups() => ControlGroup.IsSupported
        ? Good("control groups are of version 2")
        : Error("control groups are not of version 2, so that no lock can prove that the services' processes are gone: "
            + "boot without systemd.unified_cgroup_hierarchy=0 and systemd.legacy_systemd_cgroup_controller");

    private Finding CheckChecker()
    {
        bool xfs = configuration.Volume.Filesystem == FilesystemType.Xfs;
        string program = xfs ? "mkfs.xfs" : "e2fsck";
        return Tool.Find(program) is not null
            ? Good($"{program} is installed")
            : Error($"{program} is not installed: 'apt install {(xfs ? "xfsprogs" : "e2fsprogs")}'");
    }

    private IEnumerable<Finding> CheckStorage()
    {
        Snapshot seen = new LinuxLook(configuration.Volume, configuration.Swap, Instance.Current).Take(Aspects.Entry);
        if (seen.IsMounted)
        {
            yield return Good($"{configuration.Volume.Container} is mounted on {configuration.Volume.MountPoint}");
            yield break;
        }

        yield return Diagnosis.OfEntry(configuration.Volume, seen) is { } fault
            ? Error(fault.ToString())
            : Good($"{configuration.Volume.Container} is a container, {configuration.Volume.MountPoint} is empty");
    }

    private IEnumerable<Finding> CheckConsoles()
    {
        IReadOnlyList<string> consoles = ConsoleNames.FindExisting(configuration.Consoles);
        yield return consoles.Count > 0
            ? Good($"consoles: {string.Join(", ", consoles)}")
            : Warning("none of the configured consoles exists: the passphrase can only be given by 'unlockctl unlock'");
    }

    /// <summary>
    /// Hibernation writes all memory, with the keys in it, to a disk. Source: admin-guide/pm/sleep-states.rst.
    /// </summary>
    private static IEnumerable<Finding> CheckHibernation()
    {
        const string Mode = "/sys/power/disk";
        string line = KernelText.Read("/proc/cmdline");
        if (line.Split(' ', '\n').Any(static word => word.StartsWith("resume=", StringComparison.Ordinal)))
            yield return Warning("the kernel's command line has resume=: hibernation would write keys to that "
                + "disk; take it out");
        else if (File.Exists(Mode) && !KernelText.Read(Mode).Contains("[disabled]", StringComparison.Ordinal)
            && !line.Contains("nohibernate", StringComparison.Ordinal) && SwapTable.Read().Any())
            yield return Warning("this machine can hibernate, which would write keys to swap: boot it "
                + "with nohibernate");
    }

    private IEnumerable<Finding> CheckSwap()
    {
        if (new LinuxSwap(configuration.Swap, Instance.Current).FindFault() is { } fault)
            yield return Error(fault);
        foreach (Finding hibernation in CheckHibernation())
            yield return hibernation;
        foreach (string device in SwapTable.Read().Select(static area => area.Path))
        {
            if (!device.StartsWith("/dev/zram", StringComparison.Ordinal) && !IsEncrypted(Path.GetFileName(device)))
                yield return Warning($"swap on {device} is in the clear: what services hold in memory may be "
                    + "written there");
        }
    }

    /// <summary>Whether a device, or all that it lies on, is of dm-crypt; a logical volume need not be.</summary>
    private static bool IsEncrypted(string device)
    {
        string uuid = $"/sys/class/block/{device}/dm/uuid", below = $"/sys/class/block/{device}/slaves";
        if (KernelText.TryRead(uuid)?.StartsWith("CRYPT-", StringComparison.Ordinal) == true)
            return true;
        return Directory.Exists(below) && Directory.GetFileSystemEntries(below) is { Length: > 0 } devices
            && Array.TrueForAll(devices, static entry => IsEncrypted(Path.GetFileName(entry)));
    }

    private IEnumerable<Finding> CheckSpace() =>
        SpaceBelow.FindShortage(new ContainerFile(configuration.Volume.Container)) is { } shortage
            ? [Warning(shortage)]
            : [];

    /// <summary>Looks whether a service's unit is there, and whether others fail at boot because it is gated.</summary>
    internal async Task<IReadOnlyList<Finding>> CheckUnitAsync(
        ServiceConfiguration service, CancellationToken cancellation)
    {
        UnitState unit = await systemd.GetUnitAsync(service.Unit, cancellation);
        if (unit.LoadState != "loaded")
        {
            return
            [
                Error($"service {service.Name}: unit {service.Unit} is {unit.LoadState}: "
                    + "install it, or name the right unit ('systemctl list-unit-files')"),
            ];
        }

        return
        [
            Good($"service {service.Name}: {service.Unit} is there"),
            .. unit.RequiredBy.Where(other => configuration.Services.All(known => known.Unit != other))
                .Select(other => Warning($"{other} requires {unit.Id}: it fails at each boot, and nobody starts it after "
                    + "the unlock: configure it as a service, or let it have Wants= instead of Requires=")),
        ];
    }

    private static Finding Describe(GateFile gate) => gate.Unit == Instance.Current.Unit
        ? DescribeOwn(gate)
        : DescribeGate(gate);

    private static Finding DescribeOwn(GateFile own) => own.State switch
    {
        GateState.Applied => Good($"{own.Unit} is stopped before the disks of the container"),
        GateState.Foreign => Warning($"{own.Path} was not written by unlockctl: move it away, then run "
            + "'unlockctl apply'"),
        _ => Warning($"at shutdown, what the container lies on may go before {own.Unit} has locked the volume: run "
            + "'unlockctl apply'"),
    };

    private static Finding DescribeGate(GateFile gate) => gate.State switch
    {
        GateState.Applied => Good($"{gate.Unit} is gated"),
        GateState.Unread => Error($"systemd has not read all files of {gate.Unit}, so that it may start while the volume "
            + "is locked: run 'unlockctl apply'"),
        GateState.Foreign => Error($"{gate.Path} was not written by unlockctl, so {gate.Unit} is not gated: move it "
            + "away, then run 'unlockctl apply'"),
        GateState.Stale => Warning($"{gate.Unit} is no longer configured but still gated: run 'unlockctl apply'"),
        _ => Error($"{gate.Unit} may start while the volume is locked: run 'unlockctl apply'"),
    };
}
