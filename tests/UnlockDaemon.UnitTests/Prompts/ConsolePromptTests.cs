using Microsoft.Extensions.Logging.Abstractions;
using UnlockDaemon.Linux.Terminals;
using UnlockDaemon.Protocol;
using UnlockDaemon.Service.Parts;
using UnlockDaemon.Service.Prompts;
using UnlockDaemon.Service.Units;
using UnlockDaemon.Service.Volumes;
using UnlockDaemon.Storage;
using UnlockDaemon.Storage.Configuration;
using UnlockDaemon.Storage.Machine;
using UnlockDaemon.UnitTests.Configuration;
using UnlockDaemon.UnitTests.Linux;
using UnlockDaemon.UnitTests.Units;
using Xunit;

namespace UnlockDaemon.UnitTests.Prompts;

/// <summary>A console after the unlock, while services start.</summary>
public sealed class ConsolePromptTests : IDisposable
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(10);
    private readonly PseudoTerminal _console = new();
    private readonly FilePoller _poller = new();
    private readonly EventHub _events = new();
    private readonly ServiceSet _services;
    private readonly Volume _volume;
    private readonly ConsolePrompt _prompt;

    public ConsolePromptTests()
    {
        UnlockdConfiguration configuration =
            ConfigurationLoaderTests.Valid("volume: { container: /no/such/file, mount_point: /no/such/directory }");
        Strand strand = new();
        _services = new ServiceSet([], new StandInSystemd(), strand, NullLogger.Instance);
        LinuxMachine machine = new(configuration.Volume, null, keepKey: false, new Instance(""),
            _services.FindRunningAsync, _services.FindProcessesAsync);
        _volume = new Volume(configuration, "/no/such/directory", _services, machine, strand, TimeProvider.System,
            _events, new Background(NullLogger.Instance), NullLogger.Instance);
        _prompt = new ConsolePrompt(_console.Path["/dev/".Length..], _volume, _poller, _events, "/var/secure");
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _prompt.Dispose();
        _poller.Dispose();
        _volume.Dispose();
        _services.Dispose();
        _console.Dispose();
    }

    [Fact]
    public async Task WhatIsStillTypedIsNotShown()
    {
        using EventHub.Subscription progress = _events.Subscribe();
        Task follow = _prompt.FollowAsync(canLogIn: true, progress, Cancellation);
        _console.Type("the rest");
        _events.Publish(new News.StateChanged(VolumeState.Starting, "services are starting"));
        _events.Publish(new News.StateChanged(VolumeState.Ready, "all are"));
        await follow.WaitAsync(s_limit, Cancellation);
        Assert.DoesNotContain(
            "rest", await _console.ReadUntilAsync("ready: all are", Cancellation), StringComparison.Ordinal);
    }

    [Fact]
    public async Task CtrlDEndsTheReportForALogin()
    {
        using EventHub.Subscription progress = _events.Subscribe();
        Task follow = _prompt.FollowAsync(canLogIn: true, progress, Cancellation);
        await _console.ReadUntilAsync("is mounted", Cancellation);
        _console.Type("x\x04");
        await follow.WaitAsync(s_limit, Cancellation);
        await _console.ReadUntilAsync("'unlockctl status'", Cancellation);
    }
}
