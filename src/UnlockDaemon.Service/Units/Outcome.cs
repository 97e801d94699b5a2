using UnlockDaemon.Linux.Systemd;

namespace UnlockDaemon.Service.Units;

/// <summary>How an attempt to get a service ready ended.</summary>
/// <param name="IsReady">Whether it is ready.</param>
/// <param name="Detail">What is known of it, or why it is not ready.</param>
/// <param name="Unit">The state of the unit that this was judged by; what comes after it is news.</param>
/// <param name="HasLog">Whether this run can have left log lines that explain it.</param>
internal readonly record struct Outcome(bool IsReady, string Detail, UnitState Unit, bool HasLog = true);
