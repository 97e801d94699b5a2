using UnlockDaemon.Linux.Systemd;

namespace UnlockDaemon.Service.Units;

/// <summary>Reads the last log lines of a unit's present or last run.</summary>
internal delegate Task<IReadOnlyList<string>> UnitLog(UnitState unit, CancellationToken cancellationToken);
