using Microsoft.Extensions.Logging.Abstractions;
using UnlockDaemon.Linux.Systemd;
using UnlockDaemon.Protocol;
using UnlockDaemon.Service.Units;
using UnlockDaemon.Storage.Configuration;
using UnlockDaemon.Storage.Machine;

namespace UnlockDaemon.Service.Volumes;

/// <summary>What a panic does after the keys are wiped, in this process, when no daemon does it.</summary>
public static class LonePanic
{
    /// <summary>Kills the services, unmounts and detaches.</summary>
    /// <param name="configuration">The volume and its services.</param>
    /// <param name="instance">Whose they are.</param>
    /// <returns>Null when all is down; otherwise what is not.</returns>
    public static async Task<string?> TakeDownAsync(UnlockdConfiguration configuration, Instance instance)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        ArgumentNullException.ThrowIfNull(instance);
        using SystemdConnection systemd = new();
        Strand strand = new();
        using ServiceSet services = new(configuration.Services, systemd, strand, NullLogger<ServiceSet>.Instance);
        LinuxMachine machine = new(configuration.Volume, configuration.Swap, keepKey: false, instance,
            services.FindRunningAsync, services.FindProcessesAsync);
        Executor executor = new(machine, new EventHub(), TimeProvider.System);
        string? left = await strand.RunAsync(new PanicOperation(executor, services, TimeProvider.System).RunAsync);
        // A daemon that is stuck knows nothing of this. systemd starts it again, and it looks at the kernel.
        try
        {
            string group = await systemd.GetControlGroupAsync(instance.Unit, CancellationToken.None);
            if (group.Length > 0)
                new ControlGroup(group).Kill();
        }
        catch (SystemdException)
        {
            // Without systemd nobody would start it again.
        }

        return left;
    }
}
