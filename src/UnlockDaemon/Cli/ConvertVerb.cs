using System.CommandLine;
using System.Runtime.InteropServices;
using UnlockDaemon.Containers;
using UnlockDaemon.Linux;
using UnlockDaemon.Linux.Systemd;
using UnlockDaemon.Protocol;
using UnlockDaemon.Protocol.Messages;
using UnlockDaemon.Storage.Configuration;

namespace UnlockDaemon.Cli;

/// <summary>unlockctl convert.</summary>
internal static class ConvertVerb
{
    internal const string Name = "convert";

    internal static Command Command(Option<bool> json, Option<string?> passphraseFile)
    {
        Option<string> to = new("--to")
        {
            Description = "The new format: luks",
            DefaultValueFactory = static _ => "luks",
            HelpName = "FORMAT",
        };
        Option<string?> newPassphraseFile = new("--new-passphrase-file")
        {
            Description = "Take another passphrase for the new container from this file; the same as "
                + "before if not given",
            HelpName = "FILE",
        };
        Option<bool> abort = new("--abort")
        {
            Description = "Give up a conversion that was begun: the old container is used on",
        };
        to.AcceptOnlyFromAmong("luks");
        Command command = new(Name, "Moves the locked volume from loop-AES or plain dm-crypt to LUKS2, in a new file "
            + "beside the old one, which is kept. One that was interrupted goes on where it was."
            + "\n\nExample: unlockctl convert --to luks")
        {
            to, passphraseFile, newPassphraseFile, abort,
        };
        KeyVerb.RequireOneInput(command, passphraseFile, newPassphraseFile);
        command.SetAction((parsed, cancellation) =>
        {
            Output output = new(parsed.GetValue(json));
            return parsed.GetValue(abort)
                ? AbortAsync(output)
                : RunAsync(output, parsed.GetValue(passphraseFile), parsed.GetValue(newPassphraseFile), cancellation);
        });
        return command;
    }

    private static async Task<int> AbortAsync(Output output)
    {
        await Task.Yield();
        (Conversion? conversion, _, string? problem) = Find();
        problem ??= conversion!.Abort();
        if (problem is not null)
            return output.Fail(ExitCode.Failure, problem);
        output.Line(File.Exists(conversion!.Files.New)
            ? $"given up; {conversion.Files.New} is another file by now, and was left alone"
            : $"given up: {conversion.Files.New} is removed, {conversion.Files.Container} is as it was");
        output.Object(new Nothing(), ProtocolJson.Default.Nothing);
        return ExitCode.Success;
    }

    private static async Task<int> RunAsync(
        Output output, string? passphraseFile, string? newPassphraseFile, CancellationToken cancellation)
    {
        // Ctrl-C is caught as soon as this call has returned; the work itself would not return before it is done.
        await Task.Yield();
        (Conversion? conversion, VolumeConfiguration? volume, string? problem) = Find();
        problem ??= await FindUnlockedAsync(cancellation) ?? conversion!.FindObstacle();
        if (problem is not null)
            return output.Fail(ExitCode.Failure, problem);
        using CancellationTokenSource ending = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        // A terminal that is closed ends it as Ctrl-C does.
        using PosixSignalRegistration hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, signal =>
        {
            signal.Cancel = true;
            ending.Cancel();
        });
        try
        {
            if (conversion!.NeedsPassphrase
                && await CopyAsync(output, conversion, passphraseFile, newPassphraseFile, ending.Token) is { } wrong)
                return output.Fail(ExitCode.Failure, wrong);
            return await SwitchAsync(output, conversion, volume!);
        }
        catch (OperationCanceledException)
        {
            return output.Fail(ExitCode.Interrupted, File.Exists(conversion!.Files.Journal)
                ? $"interrupted at {Sizes.Text(conversion.Copied)}: 'unlockctl convert' goes on from there, "
                    + "'unlockctl convert --abort' gives it up; until then the volume stays locked"
                : $"interrupted: nothing is left of {conversion.Files.New}");
        }
    }

    private static (Conversion? Conversion, VolumeConfiguration? Volume, string? Problem) Find()
    {
        string file = Instance.Current.Configuration;
        if (!ProcessHardening.IsRoot)
            return (null, null, "only root may do this: use sudo");
        if (ConfigurationLoader.Load(file).Configuration is not { } configuration)
            return (null, null, $"{file} is not in order: see 'unlockctl check'");
        (_, UnlockdConfiguration? after, string? problem) = FormatChange.ToLuks(File.ReadAllText(file), file);
        return problem is not null
            ? (null, null, problem)
            : (new Conversion(configuration.Volume, after!), configuration.Volume, null);
    }

    private static async Task<string?> FindUnlockedAsync(CancellationToken cancellation)
    {
        VarlinkReply? reply = await DaemonCall.MakeAsync("org.unlockd.Status", null, cancellation);
        return reply is { Error: null }
            && reply.Read(ProtocolJson.Default.StatusReply).State is not "locked" and var state
            ? $"the volume is {state}, and is converted while it is locked: 'unlockctl lock' first"
            : null;
    }

    private static async Task<string?> CopyAsync(Output output, Conversion conversion, string? passphraseFile,
        string? newPassphraseFile, CancellationToken cancellation)
    {
        if (passphraseFile is null && !PassphraseSource.HasTerminal)
            return "there is no terminal to type the passphrase on: use --passphrase-file FILE";
        using Passphrase? passphrase = passphraseFile is null
            ? await PassphraseSource.AskAsync($"Passphrase of {conversion.Files.Container}: ", cancellation)
            : PassphraseSource.ReadFile(passphraseFile);
        if (passphrase is null)
            return "nothing was done";
        using Passphrase? other = newPassphraseFile is null ? null : PassphraseSource.ReadFile(newPassphraseFile);
        if (other is not null && KeyDialog.FindFault(other) is { } fault)
            return $"{newPassphraseFile}: {fault}";
        ProgressBar? bar = null;
        try
        {
            return conversion.Run(
                passphrase, other ?? passphrase, output.Line, total => bar = new(output, total), cancellation);
        }
        finally
        {
            bar?.Dispose();
        }
    }

    /// <summary>
    /// The daemon reads its configuration only when it starts; until it has, the volume stays locked.
    /// </summary>
    private static async Task<int> SwitchAsync(Output output, Conversion conversion, VolumeConfiguration volume)
    {
        output.Line($"both are the same (SHA-256 {conversion.Checksum}); changing names and configuration");
        // As it is now: copying may have taken hours, and somebody may have edited it.
        string file = Instance.Current.Configuration;
        (string? text, UnlockdConfiguration? after, string? problem) =
            FormatChange.ToLuks(await File.ReadAllTextAsync(file), file);
        if (problem is null && after!.Volume.Container != conversion.Files.Container)
            problem = $"{file} names {after.Volume.Container} by now, and {conversion.Files.Container} was converted";
        if ((problem ?? conversion.Switch(file, text!)) is { } use)
            return output.Fail(ExitCode.Failure, use);
        if (await DaemonCall.MakeAsync("org.unlockd.Status", null, CancellationToken.None) is not null)
        {
            using SystemdConnection systemd = new();
            await systemd.StopUnitAsync(Instance.Current.Unit, CancellationToken.None);
            await systemd.StartUnitAsync(Instance.Current.Unit, CancellationToken.None);
        }

        conversion.Conclude();
        output.Line($"converted: {conversion.Files.Container} is a LUKS2 container now. The old one is "
            + $"{conversion.Files.Old}: remove it once all is well");
        output.Object(new VolumeInfo(volume.Container, ContainerFormat.Luks.Name(), volume.MountPoint),
            ProtocolJson.Default.VolumeInfo);
        return ExitCode.Success;
    }
}
