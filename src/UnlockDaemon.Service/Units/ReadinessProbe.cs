using UnlockDaemon.Storage.Configuration;

namespace UnlockDaemon.Service.Units;

/// <summary>Finds out whether a service does its work: what systemd calls started may only have forked.</summary>
internal abstract class ReadinessProbe
{
    /// <summary>The longest time that one look may take.</summary>
    internal abstract TimeSpan Limit { get; }

    /// <summary>Makes the probe that a configuration asks for.</summary>
    /// <exception cref="FormatException">The target is not one; the configuration's loader sees to that.</exception>
    internal static ReadinessProbe Create(ProbeSpecification specification) => specification switch
    {
        (ProbeKind.Exec, string command) => new CommandProbe(CommandLine.Split(command)),
        (ProbeKind.Mysql, string address) => new MysqlProbe(ServiceAddress.Parse(address)),
        (_, string address) => new ConnectionProbe(ServiceAddress.Parse(address)),
    };

    /// <summary>Looks once.</summary>
    /// <param name="cancellationToken">Ends the look; what it started is ended too.</param>
    internal abstract Task<ProbeResult> LookAsync(CancellationToken cancellationToken);

    /// <summary>Looks once, for no longer than the limit.</summary>
    internal async Task<ProbeResult> TryAsync(CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Limit);
        try
        {
            return await LookAsync(limit.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return ProbeResult.NotReady($"no answer within {Limit.TotalSeconds} s");
        }
    }
}
