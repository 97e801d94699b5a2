using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using UnlockDaemon.Service.Parts;
using Xunit;

namespace UnlockDaemon.UnitTests.Parts;

/// <summary>How the daemon ends, by what its parts do.</summary>
public sealed class DaemonPartTests
{
    private readonly List<string> _order = [];

    [Fact]
    public async Task FailureOfOneEndsAllAndIsAFailureOfTheDaemon()
    {
        int code = await RunAsync(
            new Part("first", _order, static stopping => Task.Delay(Timeout.Infinite, stopping)),
            new Part("second", _order, static _ => throw new IOException("no socket")));
        Assert.Equal(1, code);
        Assert.Equal(["first starts", "second starts", "second stops", "first stops"], _order);
    }

    [Fact]
    public async Task OneThatEndsByItselfIsAFailureOfTheDaemon() =>
        Assert.Equal(1, await RunAsync(new Part("only", _order, static _ => Task.CompletedTask)));

    /// <summary>Its task is cancelled then, and not faulted.</summary>
    [Fact]
    public async Task OneWhoseOwnWaitRanOutIsAFailureOfTheDaemon() =>
        Assert.Equal(1, await RunAsync(new Part("only", _order, static _ => throw new TaskCanceledException())));

    [Fact]
    public async Task StopIsNone()
    {
        using IHost host = Host(new Part("only", _order, static stopping => Task.Delay(Timeout.Infinite, stopping)));
        Task<int> ended = Daemon.RunAsync(host);
        Assert.False(ended.IsCompleted);
        host.Services.GetRequiredService<IHostApplicationLifetime>().StopApplication();
        Assert.Equal(0, await ended);
    }

    [Fact]
    public async Task StopInTheMiddleOfTheStartStopsWhatHasStarted()
    {
        Part last = new("last", _order, static stopping => Task.Delay(Timeout.Infinite, stopping));
        using IHost host = Host(last, new SlowStart());
        Task<int> ended = Daemon.RunAsync(host);
        host.Services.GetRequiredService<IHostApplicationLifetime>().StopApplication();
        Assert.Equal(0, await ended);
        Assert.Equal(["last starts", "last stops"], _order);
    }

    private static async Task<int> RunAsync(params IHostedService[] parts)
    {
        using IHost host = Host(parts);
        return await Daemon.RunAsync(host);
    }

    private static IHost Host(params IHostedService[] parts)
    {
        HostApplicationBuilder builder = Microsoft.Extensions.Hosting.Host.CreateEmptyApplicationBuilder(null);
        builder.Services.Configure<ConsoleLifetimeOptions>(static options => options.SuppressStatusMessages = true);
        foreach (IHostedService part in parts)
            builder.Services.AddSingleton(part);
        return builder.Build();
    }

    private sealed class Part(string name, List<string> order, Func<CancellationToken, Task> work) : DaemonPart
    {
        public override Task StartAsync(CancellationToken cancellationToken)
        {
            order.Add(name + " starts");
            return base.StartAsync(cancellationToken);
        }

        public override Task StopAsync(CancellationToken cancellationToken)
        {
            order.Add(name + " stops");
            return base.StopAsync(cancellationToken);
        }

        protected override async Task RunAsync(CancellationToken stopping)
        {
            try
            {
                await work(stopping);
            }
            catch (OperationCanceledException) when (stopping.IsCancellationRequested)
            {
                // Told to end.
            }
        }
    }

    private sealed class SlowStart : IHostedService
    {
        public Task StartAsync(CancellationToken cancellationToken) =>
            Task.Delay(Timeout.Infinite, cancellationToken);

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
