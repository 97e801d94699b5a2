using System.CommandLine;
using UnlockDaemon.Linux.Storage;

namespace UnlockDaemon.Cli;

/// <summary>unlockctl key: its commands and their options.</summary>
internal static class KeyVerb
{
    internal const string Name = "key";

    /// <summary>Also an option of create.</summary>
    internal static readonly Option<uint> DerivationTime = new("--iter-time")
    {
        Description = "How long the key derivation shall take, in milliseconds; a wrong passphrase takes it "
            + "for every slot",
        HelpName = "MS",
        DefaultValueFactory = static _ => KeyDerivation.UsualMilliseconds,
        Validators =
        {
            static result =>
            {
                if (result.Tokens.Count > 0 && result.GetValueOrDefault<uint>() < FewestMilliseconds)
                    result.AddError($"--iter-time: {FewestMilliseconds} ms at least");
            },
        },
    };

    private const uint FewestMilliseconds = 50;

    private static readonly Option<string?> s_container = new("--container")
    {
        Description = "The container; the configured one if not given",
        HelpName = "FILE",
        Recursive = true,
    };

    private static readonly Option<string?> s_newPassphraseFile = new("--new-passphrase-file")
    {
        Description = "Take the new passphrase, exact bytes, from a file, or from standard input for -",
        HelpName = "FILE",
    };

    internal static Command Make(Option<bool> json, Option<string?> passphraseFile) =>
        new(Name, "Shows and changes the key slots of the LUKS container: each operator has a passphrase of his own. "
            + "The volume may be locked or unlocked.\n\nExample: unlockctl key add --name anna")
        {
            s_container,
            List(json), Add(json, passphraseFile), Change(json, passphraseFile), Remove(json, passphraseFile),
            Recovery(json, passphraseFile), Rename(json), Backup(json), Restore(json, passphraseFile),
        };

    private static Command List(Option<bool> json)
    {
        Command command = new("list", "Shows the key slots in use.\n\nExample: unlockctl key list --json");
        command.SetAction((parsed, cancellation) => KeyContainer.RunAsync(Output(parsed, json),
            parsed.GetValue(s_container), static container => container.ListAsync(), cancellation));
        return command;
    }

    private static Command Add(Option<bool> json, Option<string?> passphraseFile)
    {
        Option<string?> name = new("--name") { Description = "Whose passphrase it is", HelpName = "NAME" };
        RequireName(name);
        Command command = new("add", "Gives an operator a slot: asks for a passphrase of the container, then twice for "
            + "his.\n\nExample: unlockctl key add --name anna")
        {
            name, passphraseFile, s_newPassphraseFile, DerivationTime,
        };
        RequireOneInput(command, passphraseFile, s_newPassphraseFile);
        command.SetAction((parsed, cancellation) => ChangeAsync(parsed, json, (slots, token) => slots.AddAsync(
            parsed.GetValue(name), parsed.GetValue(s_newPassphraseFile), parsed.GetValue(DerivationTime), token),
            passphraseFile, cancellation));
        return command;
    }

    private static Command Change(Option<bool> json, Option<string?> passphraseFile)
    {
        Command command = new("change", "Changes the passphrase of the slot that the given one opens; the slot keeps "
            + "its name.\n\nExample: unlockctl key change")
        {
            passphraseFile, s_newPassphraseFile, DerivationTime,
        };
        RequireOneInput(command, passphraseFile, s_newPassphraseFile);
        command.SetAction((parsed, cancellation) => ChangeAsync(parsed, json,
            (slots, token) => slots.ChangeAsync(
                parsed.GetValue(s_newPassphraseFile), parsed.GetValue(DerivationTime), token),
            passphraseFile, cancellation));
        return command;
    }

    private static Command Remove(Option<bool> json, Option<string?> passphraseFile)
    {
        Argument<string> slot = new("SLOT") { Description = "Name or number of the slot" };
        Command command = new("remove", "Removes a slot. Asks for a passphrase of one that remains, so that nobody "
            + "locks himself out.\n\nExample: unlockctl key remove anna")
        {
            slot, passphraseFile,
        };
        command.SetAction((parsed, cancellation) => ChangeAsync(parsed, json,
            (slots, token) => slots.RemoveAsync(parsed.GetValue(slot)!, token), passphraseFile, cancellation));
        return command;
    }

    private static Command Recovery(Option<bool> json, Option<string?> passphraseFile)
    {
        Option<string> name = new("--name")
        {
            Description = "Name of its slot",
            HelpName = "NAME",
            DefaultValueFactory = static _ => "recovery",
        };
        RequireName(name);
        Command command = new("recovery", "Makes a key of 48 digits and shows it once. It opens the volume at every "
            + "prompt; a slip is told with its group.\n\nExample: unlockctl key recovery")
        {
            name, passphraseFile,
        };
        command.SetAction((parsed, cancellation) => ChangeAsync(parsed, json,
            (slots, token) => slots.AddRecoveryAsync(parsed.GetValue(name)!, token), passphraseFile, cancellation));
        return command;
    }

    private static Command Rename(Option<bool> json)
    {
        Argument<string> slot = new("SLOT") { Description = "Name or number of the slot" };
        Argument<string> name = new("NAME") { Description = "Its new name" };
        name.Validators.Add(static result => Check(result, result.GetValueOrDefault<string?>()));
        Command command = new("name", "Names a slot anew.\n\nExample: unlockctl key name 0 anna") { slot, name };
        command.SetAction((parsed, cancellation) => KeyContainer.RunAsync(
            Output(parsed, json), parsed.GetValue(s_container),
            container => container.RenameAsync(parsed.GetValue(slot)!, parsed.GetValue(name)!), cancellation));
        return command;
    }

    private static Command Backup(Option<bool> json)
    {
        Argument<string> file = new("FILE") { Description = "The file to write; must not exist" };
        Command command = new("backup", "Writes the header with all key slots to a file. Whoever has the file and a "
            + "passphrase that opened it then can open the container, also after that passphrase was removed."
            + "\n\nExample: unlockctl key backup /root/encrypt_file.header")
        {
            file,
        };
        command.SetAction((parsed, cancellation) => KeyContainer.RunAsync(
            Output(parsed, json), parsed.GetValue(s_container),
            container => container.BackupAsync(Path.GetFullPath(parsed.GetValue(file)!)), cancellation));
        return command;
    }

    private static Command Restore(Option<bool> json, Option<string?> passphraseFile)
    {
        Argument<string> file = new("FILE") { Description = "What 'key backup' wrote" };
        Command command = new("restore", "Writes a header back to the locked container, if a passphrase shows that it "
            + "is the header of this one. What was there before is kept in FILE.old."
            + "\n\nExample: unlockctl key restore /root/encrypt_file.header")
        {
            file, passphraseFile,
        };
        command.SetAction((parsed, cancellation) => KeyContainer.RunAsync(
            Output(parsed, json), parsed.GetValue(s_container),
            container => container.RestoreAsync(
                Path.GetFullPath(parsed.GetValue(file)!), parsed.GetValue(passphraseFile), cancellation),
            cancellation));
        return command;
    }

    private static Output Output(ParseResult parsed, Option<bool> json) => new(parsed.GetValue(json));

    private static Task<int> ChangeAsync(
        ParseResult parsed, Option<bool> json, Func<KeyChange, CancellationToken, Task<int>> change,
        Option<string?> passphraseFile, CancellationToken cancellation)
    {
        Output output = Output(parsed, json);
        return KeyContainer.RunAsync(output, parsed.GetValue(s_container), container => change(
            new KeyChange(
                output, container.Dialog, container.Device, parsed.GetValue(passphraseFile)), cancellation),
            cancellation);
    }

    internal static void RequireName<T>(Option<T> option) =>
        option.Validators.Add(static result => Check(result, result.GetValueOrDefault<string?>()));

    private static void Check(System.CommandLine.Parsing.SymbolResult result, string? name)
    {
        if (name is not null && OperatorName.FindFault(name) is { } fault)
            result.AddError($"'{name}': {fault}");
    }

    /// <summary>Standard input has one end, and so one passphrase.</summary>
    internal static void RequireOneInput(Command command, Option<string?> one, Option<string?> other) =>
        command.Validators.Add(result =>
    {
        if (result.GetValue(one) == "-" && result.GetValue(other) == "-")
            result.AddError("only one of the two passphrases can come from standard input");
    });
}
