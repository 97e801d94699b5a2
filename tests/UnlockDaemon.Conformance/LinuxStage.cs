using UnlockDaemon.Protocol;
using UnlockDaemon.Storage;
using UnlockDaemon.Storage.Configuration;
using UnlockDaemon.Storage.Machine;

namespace UnlockDaemon.Conformance;

/// <summary>The kernel that this program runs on. Whatever it has of loop devices and mappings is taken away.</summary>
internal sealed class LinuxStage : IStage
{
    // systemd-udevd has it while it has work.
    private const string UdevsQueue = "/run/udev/queue";

    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(1);

    private readonly LinuxHand _hand = new();
    private LinuxMachine _machine = null!;

    /// <inheritdoc/>
    public async Task BeginAsync(UnlockdConfiguration configuration)
    {
        await _hand.BeginAsync();
        await RestartAsync(configuration);
    }

    /// <inheritdoc/>
    public Task RestartAsync(UnlockdConfiguration configuration)
    {
        _machine = new LinuxMachine(configuration.Volume, configuration.Swap, configuration.Lock.KeepKey is not null,
            new Instance(""), static _ => Task.FromResult<IReadOnlyList<string>>([]),
            static _ => Task.FromResult<IReadOnlySet<int>>(new HashSet<int>()));
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task<StepResult> DoAsync(Step step) => _machine.DoAsync(step, static (_, _) => { }, CancellationToken.None);

    /// <inheritdoc/>
    public Task<bool> DoAsync(StrangersAct act) => _hand.DoAsync(act);

    /// <inheritdoc/>
    public async Task<Snapshot> LookAsync()
    {
        // A device that has changed is opened by udev for a moment.
        while (File.Exists(UdevsQueue))
            await Task.Delay(10);
        using CancellationTokenSource limit = new(s_limit);
        return await _machine.ObserveAsync(IStage.Everything, limit.Token);
    }
}
