using System.CommandLine;
using System.Diagnostics;
using UnlockDaemon.Identification;
using UnlockDaemon.Linux;
using UnlockDaemon.Linux.Storage;
using UnlockDaemon.Protocol;
using UnlockDaemon.Protocol.Messages;

namespace UnlockDaemon.Cli;

/// <summary>unlockctl identify.</summary>
internal sealed class IdentifyVerb(Output output, string container, string seed, string? keyFile)
{
    // IVs of 'plain' are numbers of sectors with 32 bits.
    private const long LastOf32Bits = 1L << (32 + 9);

    internal static Command Command(Option<bool> json, Option<string?> passphraseFile)
    {
        Argument<string> file = new("FILE") { Description = "The container: a file, or a block device" };
        Option<string?> keyFile = new("--key-file")
        {
            Description = "loop-AES key file, encrypted by gpg, that the passphrase opens (-K of losetup)",
            HelpName = "FILE",
        };
        Option<string?> seed = new("--seed") { Description = "Seed of loop-AES (-S of losetup)", HelpName = "TEXT" };
        Command command = new("identify", "Says what a container is. One without a header: asks for its passphrase, "
            + "tries every way that loop-AES and plain dm-crypt could have made it, and prints the configuration. "
            + "Changes nothing; ends with 0 when it knows, with 2 when no way fits the passphrase."
            + "\n\nExample: unlockctl identify /var/encrypt_file")
        {
            file, keyFile, seed, passphraseFile,
        };
        command.SetAction((parsed, cancellation) => new IdentifyVerb(new Output(parsed.GetValue(json)),
            Path.GetFullPath(parsed.GetValue(file)!), parsed.GetValue(seed) ?? "", Absolute(parsed.GetValue(keyFile)))
            .RunAsync(parsed.GetValue(passphraseFile), cancellation));
        return command;
    }

    private static string? Absolute(string? path) => path is null ? null : Path.GetFullPath(path);

    private async Task<int> RunAsync(string? passphraseFile, CancellationToken cancellation)
    {
        ContainerInspection inspection = ContainerInspection.Look(new ContainerFile(container));
        output.Line($"{container}: {Sizes.Text(inspection.Size)}, {inspection.Description}");
        if (inspection.Kind == ContainerKind.Random)
            return await SearchAsync(inspection, passphraseFile, cancellation);
        Reply(inspection, null, 0, 0);
        if (inspection.Kind == ContainerKind.Luks && inspection.Luks!.DataOffset > 0)
            output.Line($"\nvolume:\n  container: {container}\n  mount_point: /var/secure\n  format: luks");
        return inspection.Kind is ContainerKind.Luks or ContainerKind.Filesystem ? ExitCode.Success : ExitCode.Failure;
    }

    private async Task<int> SearchAsync(
        ContainerInspection inspection, string? passphraseFile, CancellationToken cancellation)
    {
        using Passphrase? passphrase = passphraseFile is not null ? PassphraseSource.ReadFile(passphraseFile)
            : PassphraseSource.HasTerminal ? await PassphraseSource.AskAsync("Passphrase: ", cancellation) : null;
        if (passphrase is null or { Length: 0 })
        {
            Reply(inspection, null, 0, 0);
            return Complain(ExitCode.Failure,
                "without its passphrase no more can be said: type it, or use --passphrase-file FILE");
        }

        long started = Stopwatch.GetTimestamp();
        VariantSearch search = new(new ContainerFile(container), seed, keyFile);
        IReadOnlyList<Variant> variants = search.Run(passphrase);
        double seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
        output.Line($"tried {search.Tried} ways in {seconds:0.0} s");
        Reply(inspection, variants, search.Tried, seconds);
        foreach (Variant variant in variants)
            output.Line($"\n{variant.Description}:\n\n{variant.ToYaml(container).TrimEnd()}");
        if (variants.Count > 0 && inspection.Size > LastOf32Bits)
        {
            output.Line("\nIts first sectors do not tell 'plain' from 'plain64', which differ behind the first 2 TiB: where "
                + "what lies there reads as nonsense, it is the other one");
        }

        return variants.Count > 0 ? ExitCode.Success : Complain(ExitCode.WrongPassphrase, "no way fits: the passphrase "
            + "is another one, or a seed (--seed), a key file (--key-file) or an offset of its own belongs to it, or what "
            + "is on it is none of ext2, ext3, ext4 and xfs");
    }

    /// <summary>With --json the one object is there already.</summary>
    private static int Complain(int code, string message)
    {
        Console.Error.WriteLine("unlockctl: " + message);
        return code;
    }

    private void Reply(ContainerInspection inspection, IReadOnlyList<Variant>? variants, int tried, double seconds)
    {
        string kind = inspection.Kind.ToString();
        LuksInfo? luks = inspection.Luks is not { } header ? null : new(header.Version, header.Uuid, header.Cipher,
            header.KeyBits, header.UsedSlots, header.Slots, header.SectorSize, header.Integrity);
        VariantInfo[]? found = variants?.Select(variant =>
            new VariantInfo(variant.Description, variant.Filesystem, variant.ToYaml(container))).ToArray();
        output.Object(new IdentifyReply(container, char.ToLowerInvariant(kind[0]) + kind[1..], inspection.Description,
            inspection.Size, luks, found, tried, seconds), ProtocolJson.Default.IdentifyReply);
    }
}
