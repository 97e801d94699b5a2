using System.Text.RegularExpressions;
using UnlockDaemon.Rig;
using Xunit;

namespace UnlockDaemon.GuestTests;

/// <summary>
/// "unlockctl key": operators' slots, the recovery key, the header's backup; cryptsetup is the witness.
/// </summary>
public sealed partial class KeyTests(UnlockdGuest fixture) : OtherVolumeTest(fixture)
{
    // Argon2 is measured before a slot is made, which is slow in a guest.
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(1);

    private const string Anna = "anna's passphrase";

    // Time for the derivation is the least there is: it is not what is looked at.
    private const string Make = $"""
        set -e
        printf "{Anna}" >/root/anna; printf 'boris passphrase' >/root/boris; printf wrong >/root/wrong
        truncate -s 48M /var/other_file
        {LuksFormat} /var/other_file /root/other
        cryptsetup open --key-file /root/other /var/other_file other
        mkfs.ext4 -q -d /etc/default /dev/mapper/other
        cryptsetup close other
        unlockctl key name 0 chief
        """;

    // Each passphrase file with 1 if cryptsetup opens a slot with it, 0 if not.
    private const string Witness = """
        for key in other anna boris; do
            cryptsetup open --test-passphrase --key-file /root/$key /var/other_file 2>/dev/null &&
                echo -n "$key 1 " || echo -n "$key 0 "
        done
        """;

    private const string AddAnna =
        "unlockctl key add --name anna --iter-time 50 --passphrase-file /root/other --new-passphrase-file /root/anna";

    private const string ChangeAnna =
        "unlockctl key change --iter-time 50 --passphrase-file /root/anna --new-passphrase-file /root/boris";

    public override async ValueTask DisposeAsync()
    {
        await Guest.RunAsync("rm -f /root/anna /root/boris /root/wrong /root/header* /root/killed",
            cancellationToken: CancellationToken.None);
        await base.DisposeAsync();
    }

    [Fact]
    public async Task OperatorTypesHisPassphraseAndTheJournalNamesHim()
    {
        await ConfigureAsync("format: luks");
        await RunAsync(Make);
        await using (SshTerminal terminal = await Guest.OpenTerminalAsync(
            "unlockctl key add --name anna --iter-time 50"))
        {
            await TypeAsync(terminal.Console, "A passphrase of the container: ", "wrong");
            await terminal.Console.ExpectAsync("Wrong passphrase.", Soon, Cancellation);
            await TypeAsync(terminal.Console, "A passphrase of the container: ", Passphrase);
            await TypeAsync(terminal.Console, "New passphrase: ", Anna);
            await TypeAsync(terminal.Console, "The same again: ", Anna);
            await terminal.Console.ExpectAsync("slot 1, 'anna': added", s_patience, Cancellation);
            Assert.Equal(0, await terminal.Exited.WaitAsync(Soon, Cancellation));
            Assert.DoesNotContain(Anna, terminal.Console.Transcript, StringComparison.Ordinal);
        }

        string opened = await RunAsync(Witness);
        string token = await RunAsync(
            "cryptsetup luksDump /var/other_file | grep -A1 unlockd-operator | tr -s '\\n\\t ' ' '");
        await PromptAgainAsync();
        await Guest.Tty1.SendAsync(Anna + "\r", Cancellation);
        await Guest.Tty1.ExpectAsync("is mounted", Soon, Cancellation);
        string journal = await RunAsync("journalctl -u unlockd -o cat -n 20 | grep accepted");

        Assert.Equal("other 1 anna 1 boris 0", opened.Trim());
        Assert.Equal("0: unlockd-operator Keyslot: 0 1: unlockd-operator Keyslot: 1",
            token.Replace("-- ", "", StringComparison.Ordinal).Trim());
        Assert.Matches(@"^passphrase accepted \(slot 1, 'anna'\), mounted after [0-9.]+ s$", journal);
    }

    [Fact]
    public async Task SlotsAreChangedAndRemovedWhileTheVolumeIsUnlocked()
    {
        await ConfigureAsync("format: luks");
        await RunAsync(Make);
        await UnlockOtherAsync();
        await RunAsync(AddAnna);
        CommandResult taken = await TryAsync(AddAnna);
        CommandResult wrong = await TryAsync(ChangeAnna.Replace("/root/anna", "/root/wrong", StringComparison.Ordinal));
        await RunAsync(ChangeAnna);
        string changed = await RunAsync(Witness);
        string list = await RunAsync(
            "unlockctl key list --json | tr '{' '\\n' | grep -o '\"slot\":.*\"derivation\":\"[a-z0-9]*\"'");
        CommandResult himself = await TryAsync("unlockctl key remove chief --passphrase-file /root/other");
        CommandResult nobody = await TryAsync("unlockctl key remove chief --passphrase-file /root/wrong");
        await RunAsync("unlockctl key remove chief --passphrase-file /root/boris");
        CommandResult last = await TryAsync("unlockctl key remove anna --passphrase-file /root/boris");
        string removed = await RunAsync(Witness);
        await RunAsync("unlockctl lock");
        CommandResult refused = await TryUnlockAsync();
        await RunAsync("unlockctl unlock --passphrase-file /root/boris");

        Assert.Equal(1, taken.ExitCode);
        Assert.Contains("slot 1 is 'anna' already", taken.Error, StringComparison.Ordinal);
        Assert.Equal(2, wrong.ExitCode);
        Assert.Equal("other 1 anna 0 boris 1", changed.Trim());
        Assert.Equal("""
            "slot":0,"name":"chief","derivation":"pbkdf2"
            "slot":2,"name":"anna","derivation":"argon2id"
            """, list);
        Assert.Equal(2, himself.ExitCode);
        Assert.Contains("slot 0, 'chief' itself", himself.Error, StringComparison.Ordinal);
        Assert.Equal(2, nobody.ExitCode);
        Assert.Equal(1, last.ExitCode);
        Assert.Contains("slot 2, 'anna' is the last one", last.Error, StringComparison.Ordinal);
        Assert.Equal("other 0 anna 0 boris 1", removed.Trim());
        Assert.Equal(2, refused.ExitCode);
    }

    [Fact]
    public async Task RecoveryKeyIsShownOnceAndTakenAtThePrompt()
    {
        await ConfigureAsync("format: luks");
        await RunAsync(Make);
        string shown;
        await using (SshTerminal terminal = await Guest.OpenTerminalAsync("unlockctl key recovery"))
        {
            await TypeAsync(terminal.Console, "A passphrase of the container: ", Passphrase);
            shown = (await terminal.Console.ExpectAsync(Key(), s_patience, Cancellation)).Match.Value;
            Assert.Equal(0, await terminal.Exited.WaitAsync(Soon, Cancellation));
        }

        string bare = shown.Replace("-", "", StringComparison.Ordinal);
        await RunAsync($"printf '{bare}' | cryptsetup open --test-passphrase --key-file - /var/other_file");
        char slip = shown[16] == '9' ? '0' : (char)(shown[16] + 1);
        await PromptAgainAsync();
        await Guest.Tty1.SendAsync($"{shown[..16]}{slip}{shown[17..]}\r", Cancellation);
        await Guest.Tty1.ExpectAsync("Group 3 of the recovery key is mistyped.", Soon, Cancellation);
        CommandResult mistyped =
            await TryAsync($"printf '{shown[..16]}{slip}{shown[17..]}' | unlockctl unlock --passphrase-file -");
        await Guest.Tty1.ExpectAsync("Passphrase: ", Soon, Cancellation);
        await Guest.Tty1.SendAsync(shown.Replace('-', ' ') + "\r", Cancellation);
        await Guest.Tty1.ExpectAsync("is mounted", Soon, Cancellation);
        string journal = await RunAsync("journalctl -u unlockd -o cat -n 20 | grep accepted");
        string logged = await RunAsync($"journalctl -b -o cat | grep -cE '{bare}|{shown}'; true");
        // It opens further slots as any passphrase does.
        await RunAsync($"printf '{shown}' | "
            + "unlockctl key add --name anna --iter-time 50 --passphrase-file - --new-passphrase-file /root/anna");

        Assert.Equal(2, mistyped.ExitCode);
        Assert.Contains("group 3 of the recovery key is mistyped", mistyped.Error, StringComparison.Ordinal);
        Assert.Contains("(slot 1, 'recovery')", journal, StringComparison.Ordinal);
        Assert.Equal("0", logged);
        Assert.StartsWith("other 1 anna 1", await RunAsync(Witness), StringComparison.Ordinal);
    }

    [Fact]
    public async Task HeaderIsRestoredAndOnlyThatOfThisContainer()
    {
        await ConfigureAsync("format: luks");
        await RunAsync(Make);
        await UnlockOtherAsync();
        await RunAsync("unlockctl key backup /root/header");
        string mode = await RunAsync("stat -c '%a %s' /root/header");
        CommandResult exists = await TryAsync("unlockctl key backup /root/header");
        CommandResult unlocked = await TryAsync("unlockctl key restore /root/header --passphrase-file /root/other");
        await RunAsync($"""
            set -e
            unlockctl lock
            truncate -s 20M /root/header.container
            {LuksFormat} /root/header.container /root/other
            unlockctl key backup /root/header.foreign --container /root/header.container
            dd if=/dev/zero of=/var/other_file bs=1M count=16 conv=notrunc status=none
            """);
        CommandResult damaged = await TryUnlockAsync();
        CommandResult foreign = await TryAsync(
            "unlockctl key restore /root/header.foreign --passphrase-file /root/other");
        CommandResult wrong = await TryAsync("unlockctl key restore /root/header --passphrase-file /root/wrong");
        string untouched = await RunAsync(
            "head -c 16M /var/other_file | tr -d '\\0' | wc -c; ls /root/header*; ls /dev/mapper; losetup -nl");
        await RunAsync("unlockctl key restore /root/header --passphrase-file /root/other");
        string restored = await RunAsync("""
            cryptsetup open --key-file /root/other /var/other_file other
            e2fsck -fn /dev/mapper/other >/dev/null 2>&1; echo fsck $?
            cryptsetup close other
            tr -d '\0' </root/header.old | wc -c; stat -c '%a %s' /root/header.old
            """);
        string name = await RunAsync("unlockctl key list | grep -o chief");

        Assert.Equal("600 16777216", mode);
        Assert.Equal(1, exists.ExitCode);
        Assert.Contains("/root/header exists", exists.Error, StringComparison.Ordinal);
        Assert.Equal(1, unlocked.ExitCode);
        Assert.Contains("'unlockctl lock' first", unlocked.Error, StringComparison.Ordinal);
        Assert.Equal(4, damaged.ExitCode);
        Assert.Equal(1, foreign.ExitCode);
        Assert.Contains("no file system is found", foreign.Error, StringComparison.Ordinal);
        Assert.Equal(2, wrong.ExitCode);
        Assert.Equal("0\n/root/header\n/root/header.container\n/root/header.foreign\ncontrol", untouched);
        Assert.Equal("fsck 0\n0\n600 16777216", restored);
        Assert.Equal("chief", name);
        await UnlockOtherAsync();
    }

    [Fact]
    public async Task DetachedHeaderIsRestoredAndALostOneIsReplacedAsTheMessageSays()
    {
        await ConfigureAsync("format: luks", "header: /root/header.luks");
        await RunAsync($"""
            set -e
            printf wrong >/root/wrong
            truncate -s 32M /var/other_file
            {LuksFormat} --header /root/header.luks /var/other_file /root/other
            cryptsetup open --header /root/header.luks --key-file /root/other /var/other_file other
            mkfs.ext4 -q /dev/mapper/other
            cryptsetup close other
            unlockctl key name 0 chief
            unlockctl key backup /root/header
            head -c 1M /dev/urandom | dd of=/root/header.luks conv=notrunc status=none
            sha256sum </var/other_file >/root/header.sum
            """);
        CommandResult damaged = await TryUnlockAsync();
        CommandResult wrong = await TryAsync("unlockctl key restore /root/header --passphrase-file /root/wrong");
        await RunAsync("unlockctl key restore /root/header --passphrase-file /root/other");
        string data = await RunAsync("sha256sum </var/other_file | cmp - /root/header.sum && echo untouched");
        await UnlockOtherAsync();
        await RunAsync("unlockctl lock; rm /root/header.luks");
        CommandResult lost = await TryAsync("unlockctl key restore /root/header --passphrase-file /root/other");
        await RunAsync(lost.Error.Split('\'')[1].Replace("BACKUP", "/root/header", StringComparison.Ordinal));
        await UnlockOtherAsync();

        Assert.Equal(4, damaged.ExitCode);
        Assert.Equal(2, wrong.ExitCode);
        Assert.Equal("untouched", data);
        Assert.Equal(1, lost.ExitCode);
        Assert.StartsWith("unlockctl: /root/header.luks is missing", lost.Error, StringComparison.Ordinal);
        Assert.Contains("slot 0, 'chief'",
            await RunAsync("unlockctl lock >/dev/null; journalctl -u unlockd -o cat -n 20 | grep accepted"),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task HeaderComesBackAfterAnotherWasWrittenOverIt()
    {
        await ConfigureAsync("format: luks");
        await RunAsync(Make);
        await RunAsync($"""
            set -e
            unlockctl key backup /root/header
            {LuksFormat} --uuid $(cryptsetup luksUUID /var/other_file) /var/other_file /root/boris
            unlockctl key restore /root/header --passphrase-file /root/other
            rm /root/header.old
            {LuksFormat} /var/other_file /root/boris
            unlockctl key backup /root/header.new
            unlockctl key restore /root/header --passphrase-file /root/other
            """);
        // The one that was written over it is no header of these data, though it was in their place.
        CommandResult never = await TryAsync("unlockctl key restore /root/header.new --passphrase-file /root/boris");
        Assert.Equal(1, never.ExitCode);
        Assert.Matches("the UUID there is [0-9a-f-]+, in the backup [0-9a-f-]+", never.Error);
        await UnlockOtherAsync();
    }

    [Fact]
    public async Task Luks1HasSlotsWithoutNames()
    {
        await ConfigureAsync("format: luks");
        await RunAsync("""
            printf "anna" >/root/anna; printf boris >/root/boris
            truncate -s 8M /var/other_file
            cryptsetup luksFormat -q --type luks1 --pbkdf-force-iterations 1000 /var/other_file /root/other
            """);
        CommandResult named = await TryAsync(AddAnna);
        await RunAsync(AddAnna.Replace("--name anna ", "", StringComparison.Ordinal));
        await RunAsync("unlockctl key backup /root/header");
        await RunAsync(ChangeAnna);
        string changed = await RunAsync(Witness);
        await RunAsync("unlockctl key remove 0 --passphrase-file /root/boris");
        string removed = await RunAsync(Witness);
        string list = await RunAsync("unlockctl key list");
        await RunAsync("unlockctl key restore /root/header --passphrase-file /root/anna");

        Assert.Equal(1, named.ExitCode);
        Assert.Contains("LUKS1, whose slots have no names", named.Error, StringComparison.Ordinal);
        Assert.Equal("other 1 anna 0 boris 1", changed.Trim());
        Assert.Equal("other 0 anna 0 boris 1", removed.Trim());
        Assert.Matches(@"\n +2  - +pbkdf2$", list);
        Assert.Equal("other 1 anna 1 boris 0", (await RunAsync(Witness)).Trim());
    }

    private static async Task TypeAsync(GuestConsole console, string prompt, string text)
    {
        await console.ExpectAsync(prompt, Soon, Cancellation);
        await console.SendAsync(text + "\r", Cancellation);
    }

    [GeneratedRegex("[0-9]{6}(-[0-9]{6}){7}", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Key();
}
