using System.Diagnostics;
using System.Runtime.InteropServices;
using UnlockDaemon.Linux;
using UnlockDaemon.Linux.Storage;
using UnlockDaemon.Protocol;
using UnlockDaemon.Protocol.Messages;
using UnlockDaemon.Service.Configuration;
using UnlockDaemon.Service.Volumes;

namespace UnlockDaemon.Cli;

/// <summary>unlockctl create.</summary>
internal static class CreateVerb
{
    // loop-AES's own losetup takes nothing shorter, so such a volume could not be opened there.
    private const int LoopAesMinimum = 20;
    private const int BarWidth = 40;

    internal static async Task<int> RunAsync(
        Output output, NewVolume volume, string? passphraseFile, CancellationToken cancellation)
    {
        // Ctrl-C is caught as soon as this call has returned; the work itself would not return before it is done.
        await Task.Yield();
        if (!ProcessHardening.IsRoot)
            return output.Fail(ExitCode.Failure, "only root may do this: use sudo");
        if (Path.Exists(volume.Path))
            return output.Fail(ExitCode.Failure, $"{volume.Path} exists: nothing is ever overwritten, choose another name");
        if (FreeSpace(volume.Path) is { } free && free < volume.Size)
        {
            return output.Fail(ExitCode.Failure,
                $"there is no room for {Sizes.Text(volume.Size)}: the disk below {volume.Path} has {Sizes.Text(free)} free");
        }

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
        using Passphrase? passphrase = passphraseFile is null
            ? await AskTwiceAsync(output, cancellation)
            : PassphraseSource.ReadFile(passphraseFile);
        if (passphrase is null)
            return output.Fail(ExitCode.Failure, "no container was made");
        if (passphrase.Length == 0 || (volume.Format == ContainerFormat.LoopAes && passphrase.Length < LoopAesMinimum))
        {
            return output.Fail(ExitCode.Failure, passphrase.Length == 0
                ? "the passphrase is empty"
                : $"loop-AES takes no passphrase shorter than {LoopAesMinimum} characters");
        }

        using (Bar bar = new(output, volume.Size))
            volume.Make(passphrase, step => output.Line(step), bar, cancellation);
        ProtectMountPoint(output, volume.Path);
        output.Line($"made {volume.Path}: {Sizes.Text(volume.Size)}, {volume.Format.Name()}, {volume.Filesystem.Name()}");
        output.Object(new VolumeInfo(volume.Path, volume.Format.Name(), ""), ProtocolJson.Default.VolumeInfo);
        return ExitCode.Success;
    }

    /// <summary>In bytes, with what is reserved for root; null if the directory is missing, which is said later.</summary>
    private static long? FreeSpace(string path) =>
        Path.GetDirectoryName(path) is { } directory && Directory.Exists(directory)
            ? new DriveInfo(directory).TotalFreeSpace
            : null;

    private static async Task<Passphrase?> AskTwiceAsync(Output output, CancellationToken cancellation)
    {
        if (!PassphraseSource.HasTerminal)
        {
            output.Line("there is no terminal to type the passphrase on: use --passphrase-file FILE");
            return null;
        }

        Passphrase? first = await PassphraseSource.AskAsync("New passphrase: ", cancellation);
        if (first is null)
            return null;
        using Passphrase? second = await PassphraseSource.AskAsync("The same again: ", cancellation);
        if (second is not null && first.Bytes.SequenceEqual(second.Bytes))
            return first;
        output.Line("the two are not the same");
        first.Dispose();
        return null;
    }

    /// <summary>The mount point of the configured volume, if this is it: made, and closed to writes while locked.</summary>
    private static void ProtectMountPoint(Output output, string container)
    {
        if (!File.Exists(ConfigurationLoader.DefaultPath)
            || ConfigurationLoader.Load(ConfigurationLoader.DefaultPath).Configuration is not { } configuration
            || configuration.Volume.Container != container)
            return;
        MountPoint mountPoint = new(configuration.Volume.MountPoint);
        Directory.CreateDirectory(mountPoint.Path);
        if (mountPoint.Current is null && mountPoint.TrySetImmutable())
            output.Line($"{mountPoint.Path} is immutable while nothing is mounted there");
    }

    private sealed class Bar(Output output, long total) : IProgress<long>, IDisposable
    {
        private readonly long _started = Stopwatch.GetTimestamp();
        private bool _open;

        public void Report(long value)
        {
            if (!output.Live)
                return;
            double part = (double)value / total;
            double seconds = Stopwatch.GetElapsedTime(_started).TotalSeconds;
            int filled = (int)(part * BarWidth);
            Console.Write($"\r[{new string('#', filled)}{new string('.', BarWidth - filled)}] {part * 100,3:0} %  "
                + $"{Sizes.Text((long)(value / Math.Max(seconds, 0.001)))}/s  {seconds * ((1 / part) - 1):0} s left\u001b[K"
                + (value == total ? "\n" : ""));
            _open = value < total;
        }

        /// <summary>What is said next begins on a line of its own, also when the bar has not come to its end.</summary>
        public void Dispose()
        {
            if (_open)
                Console.WriteLine();
        }
    }
}
