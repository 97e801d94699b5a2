using Microsoft.Extensions.Logging.Abstractions;
using UnlockDaemon.Linux;
using UnlockDaemon.Linux.Systemd;
using UnlockDaemon.Protocol;
using UnlockDaemon.Service.Units;
using UnlockDaemon.Storage;
using UnlockDaemon.Storage.Configuration;
using UnlockDaemon.Storage.Machine;

namespace UnlockDaemon.Service.Volumes;

/// <summary>After the keys are wiped: kills the services, unmounts and detaches. Nobody else is killed.</summary>
internal sealed class PanicOperation(Executor executor, ServiceSet services, TimeProvider time)
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(15);

    /// <summary>Takes the rest down. Whatever fails, the rest is tried.</summary>
    /// <returns>Null when all is down; otherwise what is not.</returns>
    internal async Task<string?> RunAsync()
    {
        using Deadline limit = new(s_limit, time);
        List<string> left = [.. await KillServicesAsync(limit.Token)];
        // The keys again: an unlock that was under way may have made a mapping since.
        await AddAsync(left, new Step.WipeKeys(), limit.Token);
        // A key that is being derived may still make one: whoever gave up on it takes it back when it comes.
        await executor.Hanging.WaitAsync(limit.Token).ConfigureAwait(
            ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        if (!executor.Hanging.IsCompleted)
            left.Add("what the kernel was asked for before is not over, and ends by itself: 'unlockctl lock' then proves "
                + "that");
        await executor.TryLookAsync();
        foreach (Step step in Plan.AfterKill(executor.Now).Skip(1))
            await AddAsync(left, step, limit.Token);
        if (left.Count == 0)
            return null;
        return string.Join("; ", left.Concat(await NameHoldersAsync(limit.Token))) + ": end these, then 'unlockctl lock'";
    }

    private async Task AddAsync(List<string> left, Step step, CancellationToken limit)
    {
        StepResult result = await executor.DoAsync(step, limit);
        // What is on a layer that did not come down only says the same again.
        if (!result.IsDone && (left.Count == 0 || step is Step.WipeKeys or Step.SwapOff))
            left.Add(result.Reason);
    }

    private async Task<IEnumerable<string>> KillServicesAsync(CancellationToken limit)
    {
        try
        {
            return (await services.KillAsync(limit)).Select(static service => service.ToString());
        }
        catch (Exception failure)
        {
            return ["the services could not be killed: " + failure.Message];
        }
    }

    private async Task<IEnumerable<string>> NameHoldersAsync(CancellationToken limit)
    {
        try
        {
            Snapshot seen = await executor.LookAsync(Aspects.Holders, limit);
            return seen.Holders!.Take(3).Select(static holder => holder.Name);
        }
        catch (Exception failure) when (failure is LinuxException or SystemdException or OperationCanceledException)
        {
            return [];
        }
    }
}

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
