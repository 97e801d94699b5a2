using UnlockDaemon.Gates;
using UnlockDaemon.Linux.Systemd;
using UnlockDaemon.Protocol;
using UnlockDaemon.Protocol.Messages;
using UnlockDaemon.Storage.Configuration;

namespace UnlockDaemon.Cli;

/// <summary>unlockctl apply.</summary>
internal static class ApplyVerb
{
    internal static async Task<int> RunAsync(Output output, CancellationToken cancellation)
    {
        ConfigurationResult loaded = ConfigurationLoader.Load(Instance.Current.Configuration);
        if (loaded.Configuration is not { } configuration)
            return output.Fail(ExitCode.Failure, string.Join('\n', loaded.Errors));
        ServiceGate gate = new(configuration);
        using SystemdConnection systemd = new();
        IReadOnlyList<GateFile> files = await gate.ApplyAsync(systemd, cancellation);
        foreach (GateFile file in files)
            output.Line($"{Done(file.State),-9} {file.Path}");
        output.Object(
            new ChecksReply([.. files.Select(static file =>
                new CheckResult(file.Unit, file.State != GateState.Foreign, $"{Done(file.State)} {file.Path}"))]),
            ProtocolJson.Default.ChecksReply);
        return files.Any(static file => file.State == GateState.Foreign)
            ? output.Fail(ExitCode.Failure,
                "a file that unlockctl did not write is in the way: move it away and try again")
            : ExitCode.Success;
    }

    private static string Done(GateState found) => found switch
    {
        GateState.Applied => "unchanged",
        GateState.Unread => "read anew",
        GateState.Stale => "removed",
        GateState.Foreign => "in the way",
        _ => "written",
    };
}
