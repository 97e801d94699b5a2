using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using UnlockDaemon.Linux.Systemd;
using UnlockDaemon.Service.Units;
using UnlockDaemon.Storage.Configuration;
using Xunit;

namespace UnlockDaemon.UnitTests.Units;

/// <summary>A set of services upon a stand-in for systemd, and a port that a probe looks at.</summary>
public abstract class ServiceSetTest : IDisposable
{
    private ServiceSet? _set;

    protected ServiceSetTest()
    {
        File.WriteAllText(Groups + "/cgroup.controllers", "memory\n");
        Port.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        Probe = new ProbeSpecification(ProbeKind.Tcp, $"127.0.0.1:{((IPEndPoint)Port.LocalEndPoint!).Port}");
    }

    private protected static TimeSpan Patience => TimeSpan.FromSeconds(10);

    private protected static CancellationToken Limit => TestContext.Current.CancellationToken;

    private protected StandInSystemd Systemd { get; } = new();

    private protected ConcurrentQueue<ServiceStatus> Changes { get; } = new();

    private protected string Groups { get; } = Directory.CreateTempSubdirectory("unlockd-cgroup-").FullName;

    /// <summary>Bound, so that no other has it, and refusing connections until a test lets it listen.</summary>
    private protected Socket Port { get; } = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);

    private protected ProbeSpecification Probe { get; }

    public void Dispose()
    {
        _set?.Dispose();
        Port.Dispose();
        Directory.Delete(Groups, recursive: true);
        GC.SuppressFinalize(this);
    }

    private protected static ServiceConfiguration Service(string name, params string[] dependsOn) =>
        ServicePlanTests.Service(name, dependsOn);

    private protected static Func<StandInUnit, CancellationToken, Task<string>> FailWith(string result) => (unit, _) =>
    {
        unit.Become("activating", "start");
        unit.Fail(result);
        return Task.FromResult(JobResult.Failed);
    };

    private protected ServiceSet Set(params ServiceConfiguration[] services)
    {
        var surroundings = new ServiceSurroundings(
            Systemd,
            static (unit, _) => Task.FromResult<IReadOnlyList<string>>([$"a line of {unit.Id}"]),
            Groups);
        _set?.Dispose();
        _set = new ServiceSet(services, surroundings, new Strand(), NullLogger.Instance);
        _set.Changed += Changes.Enqueue;
        return _set;
    }

    private protected static async Task<string> NeverStartAsync(StandInUnit unit, CancellationToken cancellationToken)
    {
        unit.Become("activating", "start");
        await Task.Delay(Timeout.Infinite, cancellationToken);
        return "";
    }

    /// <summary>Waits until a service's status was, or is, one that is wanted.</summary>
    private protected async Task WaitForAsync(Func<ServiceStatus, bool> wanted)
    {
        var seen = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _set!.Changed += status => _ = wanted(status) && seen.TrySetResult();
        if (Changes.Any(wanted) || _set.Current.Any(wanted))
            seen.TrySetResult();
        await seen.Task.WaitAsync(Patience, Limit);
    }
}
