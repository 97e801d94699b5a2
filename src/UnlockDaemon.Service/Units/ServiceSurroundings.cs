using UnlockDaemon.Linux.Systemd;

namespace UnlockDaemon.Service.Units;

/// <summary>What services need of the machine; tests give their own.</summary>
/// <param name="Systemd">Starts, stops and follows units.</param>
/// <param name="Log">Reads log lines.</param>
/// <param name="ControlGroups">Where control groups are mounted.</param>
internal sealed record ServiceSurroundings(ISystemd Systemd, UnitLog Log, string ControlGroups);
