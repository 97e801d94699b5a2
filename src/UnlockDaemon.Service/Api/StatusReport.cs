using UnlockDaemon.Linux.Storage;
using UnlockDaemon.Protocol.Messages;
using UnlockDaemon.Service.Configuration;
using UnlockDaemon.Service.Units;
using UnlockDaemon.Service.Volumes;

namespace UnlockDaemon.Service.Api;

/// <summary>The daemon's objects as messages.</summary>
internal static class StatusReport
{
    // A message has an end; the first of very many holders say enough.
    private const int MaximumHolders = 200;

    internal static StatusReply Make(Volume volume, ServiceSet services, VolumeConfiguration configuration)
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
            [.. volume.ObserveLayers(), .. volume.ObserveSwap(), units],
            [.. statuses.Select(Describe)],
            volume.Since,
            BootId.Current,
            volume.LastError ?? (volume.State == VolumeState.Degraded ? Trouble(services) : null),
            volume.Warnings);
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

    private static ServiceInfo Describe(ServiceStatus service) => new(
        service.Name, service.Unit, service.State.ToString().ToLowerInvariant(), service.Detail, service.Seconds,
        service.LogLines);
}
