using System.CommandLine;
using System.CommandLine.Help;
using UnlockDaemon.Containers;
using UnlockDaemon.Linux;
using UnlockDaemon.Linux.Systemd;
using UnlockDaemon.Protocol;
using UnlockDaemon.Protocol.Messages;
using UnlockDaemon.Storage.Configuration;

namespace UnlockDaemon.Cli;

/// <summary>The operator's command: its verbs and their options.</summary>
internal static class Unlockctl
{
    private const string CreateName = "create";

    private static readonly Option<bool> s_json = new("--json")
    {
        Description = "One JSON object instead of text",
        Recursive = true,
    };

    private static readonly Option<string?> s_passphraseFile = new("--passphrase-file")
    {
        Description = "Take the passphrase, exact bytes, from a file, or from standard input for -",
        HelpName = "FILE",
    };

    internal static async Task<int> RunAsync(string[] args)
    {
        try
        {
            return args is [PanicVerb.Name] ? await PanicVerb.RunAtOnceAsync() : await ParseAsync(args);
        }
        catch (OperationCanceledException)
        {
            return ExitCode.Interrupted;
        }
        catch (Exception failure)
            when (failure is LinuxException or ProtocolException or IOException or UnauthorizedAccessException
                or SystemdException)
        {
            return new Output(args.Contains("--json", StringComparer.Ordinal)).Fail(ExitCode.Failure, failure.Message);
        }
    }

    private static async Task<int> ParseAsync(string[] args)
    {
        // No RootCommand: that is called by the name of the executable, unlockd.
        Command root = new("unlockctl",
            "Unlocks and locks the encrypted volume of this instance, and shows how it is. See unlockctl(1).")
        {
            new HelpOption(),
            new VersionOption(),
            s_json,
            InstanceOption.Make(),
            Simple("status", "Shows the volume, its layers and its services.\n\nExample: unlockctl status --json",
                StatusVerb.RunAsync),
            Unlock(),
            Lock(),
            Simple("release", "Ends a hold: the consoles prompt again.\n\nExample: unlockctl release",
                ReleaseVerb.RunAsync),
            PanicVerb.Make(s_json),
            Simple("holders", "Shows who holds the volume.\n\nExample: unlockctl holders", HoldersVerb.RunAsync),
            Create(),
            GrowVerb.Command(s_json, s_passphraseFile),
            ConvertVerb.Command(s_json, s_passphraseFile),
            IdentifyVerb.Command(s_json, s_passphraseFile),
            KeyVerb.Make(s_json, s_passphraseFile),
            Simple("apply", "Writes the drop-ins that keep the configured services from starting while the volume is "
                + "locked, and removes those of services no longer configured.\n\nExample: unlockctl apply",
                ApplyVerb.RunAsync),
            Simple("check", "Checks the configuration and this instance.\n\nExample: unlockctl check",
                CheckVerb.RunAsync),
            AuthorizeNode(),
            Node(),
            Simple("watch", "Shows what happens until interrupted.\n\nExample: unlockctl watch", WatchVerb.RunAsync),
        };
        ParseResult parsed = root.Parse(args);
        InstanceOption.Apply(parsed);
        InvocationConfiguration invocation = new() { EnableDefaultExceptionHandler = false };
        // What is given up is cleared away, or noted, first, and a step of it takes longer than the usual 2 s; so does
        // a change of key slots, which is brought to its end.
        if (parsed.CommandResult.Command.Name is CreateName or ConvertVerb.Name || IsKeyCommand(parsed))
            invocation.ProcessTerminationTimeout = Timeout.InfiniteTimeSpan;
        return await parsed.InvokeAsync(invocation);
    }

    private static bool IsKeyCommand(ParseResult parsed) =>
        parsed.CommandResult.Parent is System.CommandLine.Parsing.CommandResult { Command.Name: KeyVerb.Name };

    private static Command Simple(string name, string description, Func<Output, CancellationToken, Task<int>> run)
    {
        Command command = new(name, description);
        command.SetAction((parsed, cancellation) => run(new Output(parsed.GetValue(s_json)), cancellation));
        return command;
    }

    private static Command AuthorizeNode()
    {
        Argument<string> key = new("KEY") { Description = "The line that 'unlockd-ganeti setup' prints, in quotes" };
        Command command = new("authorize-node", "Lets the Ganeti nodes ask for the lock over SSH, and do nothing else "
            + "here.\n\nExample: unlockctl authorize-node 'ssh-ed25519 AAAA... unlockd-ganeti'")
        {
            key,
        };
        command.SetAction((parsed, cancellation) => AuthorizeNodeVerb.RunAsync(
            new Output(parsed.GetValue(s_json)), parsed.GetValue(key)!, cancellation));
        return command;
    }

    private static Command Node()
    {
        Command command = new("node", "Answers a Ganeti node; sshd runs it, see 'unlockctl authorize-node'. The "
            + $"request is taken from SSH_ORIGINAL_COMMAND: {NodeRequest.Sentences}"
            + "\n\nExample: SSH_ORIGINAL_COMMAND=status unlockctl node");
        command.SetAction(static (_, cancellation) => NodeVerb.RunAsync(cancellation));
        return command;
    }

    private static Command Unlock()
    {
        Command command = new("unlock", "Brings the volume up and starts its services; ends when all are ready. "
            + "Asks for the passphrase if one is needed.\n\nExample: unlockctl unlock")
        {
            s_passphraseFile,
        };
        command.SetAction((parsed, cancellation) =>
            UnlockVerb.RunAsync(new Output(parsed.GetValue(s_json)), parsed.GetValue(s_passphraseFile), cancellation));
        return command;
    }

    private static Command Lock()
    {
        Option<string?> deadline = new("--deadline")
        {
            Description = "How long it may take, as 90s or 2m; the configured one if not given",
            HelpName = "T",
        };
        Option<bool> hold = new("--hold")
        {
            Description = "Prompt nobody afterwards, until 'unlockctl release', a reboot, or the limit of the hold",
        };
        Option<string?> holdLimit = new("--hold-limit")
        {
            Description = "When the hold ends by itself, as 15m; the configured time if not given",
            HelpName = "T",
        };
        Option<int[]> evict = new("--evict")
        {
            Description = "End this process if it holds the volume (may be repeated; see unlockctl holders)",
            HelpName = "PID",
        };
        Option<string?> reason = new("--reason")
        {
            Description = "Why, for the log and the certificate",
            HelpName = "TEXT",
        };
        Option<string?> nonce = new("--nonce")
        {
            Description = "Goes into the certificate as it is",
            HelpName = "TEXT",
        };
        Option<string?> certificate = new("--certificate")
        {
            Description = "Write the proof to this file, or to standard output for -",
            HelpName = "FILE",
        };
        RequireDuration(deadline);
        RequireDuration(holdLimit);
        Command command = new("lock", "Stops the services, unmounts, wipes the key, detaches, and looks at the kernel "
            + "again. Ends with 0 only when all that is proven."
            + "\n\nExample: unlockctl lock --reason migration --certificate /root/lock.json")
        {
            deadline, hold, holdLimit, reason, evict, nonce, certificate,
        };
        command.SetAction((parsed, cancellation) =>
        {
            LockParameters parameters = new(Seconds(parsed.GetValue(deadline)), parsed.GetValue(hold),
                Seconds(parsed.GetValue(holdLimit)), parsed.GetValue(reason), parsed.GetValue(nonce),
                parsed.GetValue(evict));
            string? file = parsed.GetValue(certificate);
            Output output = new(parsed.GetValue(s_json) || file == LockVerb.StandardOutput);
            return LockVerb.RunAsync(output, parameters, file, cancellation);
        });
        return command;
    }

    private static void RequireDuration(Option<string?> option) => option.Validators.Add(result =>
    {
        if (result.GetValueOrDefault<string?>() is { } text && !Duration.TryParse(text, out _, out string? problem))
            result.AddError($"{option.Name}: {problem}");
    });

    private static double? Seconds(string? duration) =>
        duration is not null && Duration.TryParse(duration, out TimeSpan given, out _) ? given.TotalSeconds : null;

    private static Command Create()
    {
        Argument<string> file = new("FILE") { Description = "The container to make; must not exist" };
        Option<string> size = new("--size") { Description = "Size, as 512M or 10G", Required = true, HelpName = "S" };
        Option<string> format = new("--format")
        {
            Description = "luks (LUKS2) or loop-aes",
            DefaultValueFactory = static _ => "luks",
        };
        Option<string?> filesystem = new("--filesystem")
        {
            Description = "ext2, ext3, ext4 or xfs; if not given, ext4, or ext2 in loop-aes",
        };
        Option<bool> fill = new("--random-fill")
        {
            Description = "Fill the container with random bytes first. Slower: every byte is written, where otherwise "
                + "the space is only reserved. Then who gets hold of the container cannot tell how much of it is in "
                + "use, nor where",
        };
        Option<string?> name = new("--name")
        {
            Description = "Name of the operator whose passphrase it gets (luks); see 'unlockctl key'",
            HelpName = "NAME",
        };
        KeyVerb.RequireName(name);
        size.Validators.Add(static result =>
        {
            if (Sizes.Parse(result.GetValueOrDefault<string>() ?? "") is not >= 32 << 20)
                result.AddError("--size: write it as 512M or 10G, 32M at least");
        });
        format.AcceptOnlyFromAmong("luks", "loop-aes");
        filesystem.AcceptOnlyFromAmong([.. FilesystemTypes.Names]);
        Command command = new(CreateName, "Makes an encrypted container with a file system. Overwrites nothing."
            + "\n\nExample: unlockctl create /var/encrypt_file --size 10G")
        {
            file, size, format, filesystem, fill, name, KeyVerb.DerivationTime, s_passphraseFile,
        };
        command.SetAction((parsed, cancellation) =>
        {
            ContainerFormat container =
                parsed.GetValue(format) == "loop-aes" ? ContainerFormat.LoopAes : ContainerFormat.Luks;
            if (!FilesystemTypes.TryParse(parsed.GetValue(filesystem) ?? "", out FilesystemType type))
                type = container == ContainerFormat.LoopAes ? FilesystemType.Ext2 : FilesystemType.Ext4;
            NewVolume volume = new(Path.GetFullPath(parsed.GetValue(file)!), Sizes.Parse(parsed.GetValue(size)!)!.Value,
                container, type, parsed.GetValue(fill))
            {
                Owner = parsed.GetValue(name),
                DerivationMilliseconds = parsed.GetValue(KeyVerb.DerivationTime),
            };
            return CreateVerb.RunAsync(
                new Output(parsed.GetValue(s_json)), volume, parsed.GetValue(s_passphraseFile), cancellation);
        });
        return command;
    }
}
