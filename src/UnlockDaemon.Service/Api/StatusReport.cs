using UnlockDaemon.Linux.Storage;
using UnlockDaemon.Protocol.Messages;
using UnlockDaemon.Service.Units;
using UnlockDaemon.Service.Volumes;
using UnlockDaemon.Storage;
using UnlockDaemon.Storage.Configuration;

namespace UnlockDaemon.Service.Api;

/// <summary>The daemon's objects as messages.</summary>
internal static class StatusReport
{
    // A message has an end; the first of very many holders say enough.
    private const int MaximumHolders = 200;

    /// <summary>The reply to Status.</summary>
    /// <param name="volume">The volume.</param>
    /// <param name="seen">The machine as it is now.</param>
    /// <param name="services">Its services.</param>
    /// <param name="configuration">What the volume is.</param>
    /// <param name="withLog">Whether lines of the journal are in it, which not every user may read.</param>
    internal static StatusReply Make(
        Volume volume, Snapshot seen, ServiceSet services, VolumeConfiguration configuration, bool withLog)
    {
        IReadOnlyList<ServiceStatus> statuses = services.Current;
        int ready = statuses.Count(static service => service.State == ServiceState.Ready);
        LayerInfo units = new("units", statuses.Count > 0 && ready == statuses.Count, $"{ready} ready");
        return new StatusReply(
            Volume.JsonName(volume.State),
            volume.Hold is not null,
            volume.Hold?.Reason,
            volume.Hold?.Until,
            new VolumeInfo(configuration.Container, configuration.Format.Name(), configuration.MountPoint),
            [.. seen.Layers, .. Describe(seen.Swap), units],
            [.. statuses.Select(service => Describe(service, withLog))],
            volume.Since,
            BootId.Current,
            volume.LastError ?? (volume.State == VolumeState.Degraded ? Trouble(services) : null),
            volume.Warnings,
            volume.Hold?.Owner);
    }

    private static IEnumerable<LayerInfo> Describe(SwapFacts? swap) => swap switch
    {
        null => [],
        { IsActive: true } => [new("swap", true, $"{swap.Mapping}, {swap.Size >> 20} MiB under a random key")],
        _ => [new("swap", false, swap.Trouble)],
    };

    /// <summary>News in the words of the interface.</summary>
    internal static EventInfo Describe(News happened)
    {
        (string kind, string subject, string text) = happened switch
        {
            News.StateChanged state => ("state", Volume.JsonName(state.State), state.Text),
            News.HoldChanged hold => ("state", hold.IsHeld ? "held" : "released", hold.Text),
            News.StepTold step => ("step", step.Layer, step.Text),
            News.CheckGoesOn check => ("step", "filesystem", check.Text),
            News.ServiceChanged { Service: var service } => ("service", service.Name, service.ToString()),
            News.ProofChecked { Check: var check } =>
                ("check", check.Name, $"{(check.Ok ? "ok" : "FAILED")}: {check.Detail}"),
            News.SpaceChanged space => ("check", "space", space.Text),
            News.PassphraseTried tried => ("prompt", tried.Console, "trying a passphrase"),
            _ => throw new ArgumentOutOfRangeException(nameof(happened), happened, message: null),
        };
        return new EventInfo(happened.Time, kind, subject, text);
    }

    internal static IReadOnlyList<HolderInfo> Describe(IReadOnlyList<Holder> holders) =>
    [
        .. holders.Take(MaximumHolders).Select(static holder =>
            new HolderInfo(holder.Pid, holder.Command, holder.Unit, holder.Kind, holder.Path)),
    ];

    /// <summary>The services that are not ready, and why, as one line.</summary>
    internal static string Trouble(ServiceSet services) =>
        string.Join("; ", services.Current
            .Where(static service => service.State != ServiceState.Ready)
            .Select(static service =>
                $"{service.Name}: {(service.Detail.Length > 0 ? service.Detail : service.State.ToString())}"));

    internal static ServiceInfo Describe(ServiceStatus service, bool withLog) => new(
        service.Name, service.Unit, service.State.ToString().ToLowerInvariant(), service.Detail, service.Seconds,
        withLog ? service.LogLines : []);
}
