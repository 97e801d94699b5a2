using System.CommandLine;
using UnlockDaemon.Linux;
using UnlockDaemon.Linux.Storage;
using UnlockDaemon.Protocol;
using UnlockDaemon.Protocol.Messages;

namespace UnlockDaemon.Cli;

/// <summary>unlockctl grow.</summary>
internal static class GrowVerb
{
    private const string Method = "org.unlockd.Grow";
    private const int TypedTries = 3;

    internal static Command Command(Option<bool> json, Option<string?> passphraseFile)
    {
        Argument<string> size = new("SIZE")
        {
            Description = "The size that the container is to have, as 20G; or +5G for so much more",
        };
        size.Validators.Add(static result =>
        {
            if (Sizes.Parse(result.GetValueOrDefault<string>().TrimStart('+')) is null)
                result.AddError("SIZE: write it as 20G, or +5G for so much more");
        });
        Command command = new("grow", "Grows the unlocked volume while it is in use: container, mapping and file "
            + "system. One that was interrupted is finished by the same command. Asks for the passphrase where the "
            + "mapping (LUKS2) wants it.\n\nExample: unlockctl grow 20G")
        {
            size, passphraseFile,
        };
        command.SetAction((parsed, cancellation) => RunAsync(new Output(parsed.GetValue(json)), parsed.GetValue(size)!,
            parsed.GetValue(passphraseFile), cancellation));
        return command;
    }

    private static async Task<int> RunAsync(
        Output output, string wanted, string? passphraseFile, CancellationToken cancellation)
    {
        (int code, StatusReply? status) = await StatusVerb.AskAsync(output, cancellation);
        if (status is null)
            return code;
        long size = Sizes.Parse(wanted.TrimStart('+'))!.Value
            + (wanted.StartsWith('+') ? new ContainerFile(status.Volume.Container).Size : 0);
        if (wanted.StartsWith('+'))
            output.Line($"growing to {Sizes.Text(size)}; if this is interrupted, 'unlockctl grow {size / 1024}K' "
                + "finishes it");
        VarlinkReply? reply = await CallAsync(output, size, passphraseFile, cancellation);
        if (reply is null)
            return output.Fail(ExitCode.Failure, DaemonCall.NotReachable);
        if (reply.Error is { } error)
            return output.Fail(ExitCode.Failure, reply, Explain(error));
        GrowReply grown = reply.Read(ProtocolJson.Default.GrowReply);
        output.Line($"{status.Volume.Container} has grown to {Sizes.Text(grown.Size)}");
        output.Object(grown, ProtocolJson.Default.GrowReply);
        return ExitCode.Success;
    }

    private static string Explain(VarlinkError error) => error.Name == VarlinkError.PassphraseNeeded
        ? "the passphrase is needed: type it, or use --passphrase-file FILE, or - for standard input"
        : DaemonCall.Explain(error).Message;

    private static async Task<VarlinkReply?> CallAsync(
        Output output, long size, string? passphraseFile, CancellationToken cancellation)
    {
        using ProgressDisplay progress = new(output);
        if (passphraseFile is not null)
        {
            using Passphrase passphrase = PassphraseSource.ReadFile(passphraseFile);
            return await DaemonCall.MakeAsync(Method, passphrase, progress.Show, cancellation, size);
        }

        // Without one first: most mappings need none.
        VarlinkReply? reply = await DaemonCall.MakeAsync(
            Method, new GrowParameters(size), ProtocolJson.Default.GrowParameters, progress.Show, cancellation);
        for (int i = 0; i < TypedTries && PassphraseSource.HasTerminal && reply?.Error?.Name
            is VarlinkError.PassphraseNeeded or VarlinkError.WrongPassphrase; i++)
        {
            if (i > 0)
                output.Line("Wrong passphrase.");
            using Passphrase? passphrase = await PassphraseSource.AskAsync("Passphrase: ", cancellation);
            if (passphrase is null)
                break;
            reply = await DaemonCall.MakeAsync(Method, passphrase, progress.Show, cancellation, size);
        }

        return reply;
    }
}
