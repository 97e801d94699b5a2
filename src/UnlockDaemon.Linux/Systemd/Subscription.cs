namespace UnlockDaemon.Linux.Systemd;

/// <summary>Signals that somebody wants: the rule that lets them through, and who takes them.</summary>
/// <remarks>Signals are taken on the bus's thread.</remarks>
internal abstract class Subscription
{
    /// <summary>The match rule, as the bus wants it.</summary>
    internal abstract string Rule { get; }

    /// <summary>Whether a signal from systemd is one of these.</summary>
    internal abstract bool Covers(string path, string member);

    /// <summary>Takes a signal it covers.</summary>
    internal abstract void Receive(BusMessage signal);
}
