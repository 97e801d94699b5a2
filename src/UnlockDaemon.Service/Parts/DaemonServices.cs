using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Hosting.Systemd;
using Microsoft.Extensions.Logging;
using UnlockDaemon.Linux.Systemd;
using UnlockDaemon.Protocol;
using UnlockDaemon.Service.Api;
using UnlockDaemon.Service.Prompts;
using UnlockDaemon.Service.Units;
using UnlockDaemon.Service.Volumes;
using UnlockDaemon.Storage.Configuration;
using UnlockDaemon.Storage.Machine;

namespace UnlockDaemon.Service.Parts;

/// <summary>Of what the daemon is made, and in which order its parts start and stop.</summary>
public static class DaemonServices
{
    /// <summary>Adds the daemon.</summary>
    /// <remarks>
    /// The parts start in this order and stop in the reverse: nobody is heard before the first look, the socket accepts
    /// before systemd is told READY=1, work under way is finished before the socket and the consoles close, and the
    /// volume is locked last of all.
    /// </remarks>
    /// <param name="services">The host's services.</param>
    /// <param name="configuration">What the daemon guards.</param>
    /// <param name="socket">Where it listens.</param>
    /// <returns>The host's services.</returns>
    public static IServiceCollection AddUnlockd(
        this IServiceCollection services, UnlockdConfiguration configuration, string socket)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        // A lock has a deadline of its own, and systemd one for the whole stop.
        services.Configure<HostOptions>(static options => options.ShutdownTimeout = Timeout.InfiniteTimeSpan);
        services.AddSingleton(static provider => new Background(Log(provider)));
        services.AddSingleton<EventHub>();
        services.AddSingleton<Strand>();
        services.AddSingleton(static provider => new SystemdConnection(
            failure => provider.GetRequiredService<Background>().Run("following systemd", _ => throw failure)));
        services.AddSingleton(provider => MakeServiceSet(provider, configuration));
        services.AddSingleton(provider => MakeVolume(provider, configuration));
        services.AddSingleton<ISystemdNotifier, SystemdNotifier>();

        AddPart(services, provider => new ShutdownLock(Volume(provider), Systemd(provider), configuration.Lock,
            Notifier(provider), Log(provider)));
        AddPart(services, static provider => new FirstLook(
            Volume(provider), provider.GetRequiredService<Background>()));
        AddPart(services, provider => new PromptService(
            configuration, Volume(provider), Systemd(provider), Events(provider), Log(provider)));
        AddPart(services, provider => new ControlSocket(socket, new ControlMethods(
            Volume(provider), provider.GetRequiredService<ServiceSet>(), Events(provider), configuration),
            Log(provider)));
        AddPart(services, static provider => new SpacePart(Volume(provider)));
        AddPart(services, static provider => new StatusPart(Volume(provider), Notifier(provider)));
        if (Watchdog.LimitFromEnvironment() is { } limit)
        {
            AddPart(services, provider => new Watchdog(
                Volume(provider).IsAliveAsync, Notifier(provider), limit, Log(provider)));
        }

        AddPart(services, static provider => new WorkEnd(Volume(provider), Notifier(provider)));
        return services;
    }

    // AddHostedService wants constructors that the container calls; these parts are internal.
    private static void AddPart(IServiceCollection services, Func<IServiceProvider, IHostedService> make) =>
        services.AddSingleton(make);

    private static ServiceSet MakeServiceSet(IServiceProvider provider, UnlockdConfiguration configuration)
    {
        ServiceSet set = new(configuration.Services, Systemd(provider), provider.GetRequiredService<Strand>(),
            Log(provider));
        EventHub events = Events(provider);
        set.Changed += service => events.Publish(new News.ServiceChanged(service));
        return set;
    }

    private static Volume MakeVolume(IServiceProvider provider, UnlockdConfiguration configuration)
    {
        ServiceSet set = provider.GetRequiredService<ServiceSet>();
        LinuxMachine machine = new(configuration.Volume, configuration.Swap, configuration.Lock.KeepKey is not null,
            Instance.Current, set.FindRunningAsync, set.FindProcessesAsync);
        return new Volume(configuration, Instance.Current.StateDirectory, set, machine,
            provider.GetRequiredService<Strand>(), TimeProvider.System, Events(provider),
            provider.GetRequiredService<Background>(), Log(provider));
    }

    private static ILogger Log(IServiceProvider provider) =>
        provider.GetRequiredService<ILoggerFactory>().CreateLogger("unlockd");

    private static Volume Volume(IServiceProvider provider) => provider.GetRequiredService<Volume>();

    private static EventHub Events(IServiceProvider provider) => provider.GetRequiredService<EventHub>();

    private static SystemdConnection Systemd(IServiceProvider provider) =>
        provider.GetRequiredService<SystemdConnection>();

    private static ISystemdNotifier Notifier(IServiceProvider provider) =>
        provider.GetRequiredService<ISystemdNotifier>();
}
