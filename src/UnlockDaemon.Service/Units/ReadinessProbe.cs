using System.Diagnostics.CodeAnalysis;
using UnlockDaemon.Service.Configuration;

namespace UnlockDaemon.Service.Units;

/// <summary>Finds out whether a service does its work: what systemd calls started may only have forked.</summary>
public abstract class ReadinessProbe
{
    // Only what is in this file's folder can be a probe.
    private protected ReadinessProbe()
    {
    }

    /// <summary>The longest time that one look may take.</summary>
    internal abstract TimeSpan Limit { get; }

    /// <summary>Makes the probe that a configuration asks for.</summary>
    /// <param name="specification">The probe as it is written.</param>
    /// <param name="probe">The probe.</param>
    /// <param name="mistake">What is wrong with its target, as a clause: "the port is missing".</param>
    /// <returns>Whether it could be made.</returns>
    public static bool TryCreate(
        ProbeSpecification specification,
        [NotNullWhen(true)] out ReadinessProbe? probe,
        [NotNullWhen(false)] out string? mistake)
    {
        probe = null;
        string target = specification.Target;
        switch (specification.Kind)
        {
            case ProbeKind.Exec:
                if (CommandLine.TrySplit(target, out IReadOnlyList<string>? words, out mistake))
                    probe = new CommandProbe(words);
                break;
            case ProbeKind.Tcp:
                if (ServiceAddress.TryParseHost(target, out ServiceAddress? network, out mistake))
                    probe = new ConnectionProbe(network);
                break;
            case ProbeKind.Unix:
                if (ServiceAddress.TryParsePath(target, out ServiceAddress? path, out mistake))
                    probe = new ConnectionProbe(path);
                break;
            default:
                if (ServiceAddress.TryParse(target, out ServiceAddress? server, out mistake))
                    probe = new MysqlProbe(server);
                break;
        }

        return probe is not null;
    }

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
