using System.Runtime.InteropServices;
using UnlockDaemon.Containers;
using UnlockDaemon.Linux;
using UnlockDaemon.Linux.Storage;
using UnlockDaemon.Protocol;
using UnlockDaemon.Protocol.Messages;
using UnlockDaemon.Storage.Configuration;

namespace UnlockDaemon.Cli;

/// <summary>unlockctl create.</summary>
internal static class CreateVerb
{
    // loop-AES's own losetup takes nothing shorter, so such a volume could not be opened there.
    private const int LoopAesMinimum = 20;

    internal static async Task<int> RunAsync(
        Output output, NewVolume volume, string? passphraseFile, CancellationToken cancellation)
    {
        // Ctrl-C is caught as soon as this call has returned; the work itself would not return before it is done.
        await Task.Yield();
        if (!ProcessHardening.IsRoot)
            return output.Fail(ExitCode.Failure, "only root may do this: use sudo");
        if (volume.FindFault() is { } fault)
            return output.Fail(ExitCode.Failure, fault);
        using CancellationTokenSource ending = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        // A terminal that is closed leaves as little behind as Ctrl-C does.
        using PosixSignalRegistration hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, signal =>
        {
            signal.Cancel = true;
            ending.Cancel();
        });
        try
        {
            return await MakeAsync(output, volume, passphraseFile, ending.Token);
        }
        catch (OperationCanceledException)
        {
            return output.Fail(ExitCode.Interrupted, $"interrupted: nothing is left of {volume.Path}");
        }
    }

    private static async Task<int> MakeAsync(
        Output output, NewVolume volume, string? passphraseFile, CancellationToken cancellation)
    {
        using Passphrase? passphrase = await new KeyDialog(output, ContainerEncoding.Of(volume.Path))
            .AskNewAsync(passphraseFile, "--passphrase-file", cancellation);
        if (passphrase is null)
            return ExitCode.Failure;
        if (volume.Format == ContainerFormat.LoopAes && passphrase.Length < LoopAesMinimum)
            return output.Fail(ExitCode.Failure,
                $"loop-AES takes no passphrase shorter than {LoopAesMinimum} characters");

        using (ProgressBar bar = new(output, volume.Size))
            volume.Make(passphrase, step => output.Line(step), bar, cancellation);
        ProtectMountPoint(output, volume.Path);
        output.Line($"made {volume.Path}: {Sizes.Text(volume.Size)}, {volume.Format.Name()}, "
            + $"{volume.Filesystem.Name()}");
        output.Object(new VolumeInfo(volume.Path, volume.Format.Name(), ""), ProtocolJson.Default.VolumeInfo);
        return ExitCode.Success;
    }

    /// <summary>
    /// The mount point of the configured volume, if this is it: made, and closed to writes while locked.
    /// </summary>
    private static void ProtectMountPoint(Output output, string container)
    {
        if (!File.Exists(Instance.Current.Configuration)
            || ConfigurationLoader.Load(Instance.Current.Configuration).Configuration is not { } configuration
            || configuration.Volume.Container != container)
            return;
        MountPoint mountPoint = new(configuration.Volume.MountPoint);
        Directory.CreateDirectory(mountPoint.Path);
        if (mountPoint.Current is null && mountPoint.TrySetImmutable())
            output.Line($"{mountPoint.Path} is immutable while nothing is mounted there");
    }
}
