using UnlockDaemon.Checks;
using UnlockDaemon.Linux.Systemd;
using UnlockDaemon.Protocol;
using UnlockDaemon.Protocol.Messages;
using UnlockDaemon.Storage.Configuration;

namespace UnlockDaemon.Cli;

/// <summary>unlockctl check.</summary>
internal static class CheckVerb
{
    internal static async Task<int> RunAsync(Output output, CancellationToken cancellation)
    {
        ConfigurationResult loaded = ConfigurationLoader.Load(Instance.Current.Configuration);
        List<Finding> findings =
            [.. loaded.Errors.Select(static error => new Finding(FindingSeverity.Error, error.ToString()))];
        if (loaded.Configuration is { } configuration)
        {
            findings.Add(new Finding(FindingSeverity.Good, Instance.Current.Configuration + " is in order"));
            using SystemdConnection systemd = new();
            findings.AddRange(await new HostCheck(configuration, systemd).RunAsync(cancellation));
        }

        foreach (Finding finding in findings)
            output.Line($"{Label(finding.Severity)} {finding.Text}");
        output.Object(new ChecksReply([.. findings.Select(Describe)]), ProtocolJson.Default.ChecksReply);
        return findings.Exists(static finding => finding.Severity == FindingSeverity.Error)
            ? ExitCode.Failure
            : ExitCode.Success;
    }

    private static CheckResult Describe(Finding finding) =>
        new(Label(finding.Severity).Trim().ToLowerInvariant(), finding.Severity != FindingSeverity.Error, finding.Text);

    private static string Label(FindingSeverity severity) => severity switch
    {
        FindingSeverity.Good => "ok     ",
        FindingSeverity.Warning => "warning",
        _ => "ERROR  ",
    };
}
