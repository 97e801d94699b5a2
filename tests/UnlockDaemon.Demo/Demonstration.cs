using System.Text.Json;
using System.Text.RegularExpressions;
using UnlockDaemon.Rig;

namespace UnlockDaemon.Demo;

/// <summary>An instance's life: locked, unlocked, locked for a migration, unlocked on the other node.</summary>
internal sealed partial class Demonstration(GuestImage image, Screen screen, Operator person)
{
    private const string Name = "demo";
    private const string Passphrase = "correct horse";
    private const string Rows = "mariadb --batch --skip-column-names UTM5 -e";

    /// <summary>What is being tried, for the report of a failure.</summary>
    internal string Step { get; private set; } = "start";

    internal async Task RunAsync(CancellationToken cancellationToken)
    {
        await using GuestNetwork network = await GuestNetwork.CreateAsync(cancellationToken);
        GuestDisk disk = await PrepareAsync(cancellationToken);
        GuestDisk migrated;
        string before;
        Begin("The instance boots");
        await using (Guest first = await BootAsync(disk, "node1", network, cancellationToken))
        {
            await SeeLockedAsync(first, cancellationToken);
            await TryWrongPassphraseAsync(first, cancellationToken);
            await UnlockAsync(first, cancellationToken);
            before = await CountRowsAsync(first, cancellationToken);
            await LockAsync(first, cancellationToken);
            migrated = await MigrateAsync(first, cancellationToken);
        }

        Begin("The other node boots the copy");
        await using Guest second = await BootAsync(migrated, "node2", network, cancellationToken);
        await SeeLockedAsync(second, cancellationToken);
        await UnlockAsync(second, cancellationToken);
        await CompareRowsAsync(second, before, cancellationToken);
        Begin("The other node is switched off");
        TimeSpan down = await second.PowerOffAsync(cancellationToken: cancellationToken);
        screen.Done($"switched off in {down.TotalSeconds:0.0} s; every step was seen");
    }

    /// <summary>Makes the container, in a first boot that is not shown and in which unlockd does not run.</summary>
    private async Task<GuestDisk> PrepareAsync(CancellationToken cancellationToken)
    {
        Begin("An encrypted volume is made");
        if (await GuestDisk.RestoreAsync(image, Name, cancellationToken) is { } kept)
        {
            screen.Done("reusing the one that unlockctl create made last time, as nothing has changed since");
            return kept;
        }

        GuestOptions options = new()
        {
            Name = "prepare",
            KernelArguments = ["systemd.mask=unlockd.service"],
            WaitUntilRunning = false,
        };
        await using Guest guest = await Guest.BootAsync(image, options, cancellationToken);
        byte[] passphrase = System.Text.Encoding.UTF8.GetBytes(Passphrase);
        await RunAsync(guest, "unlockctl create /var/encrypt_file --size 192M --passphrase-file -", passphrase);
        screen.Done("unlockctl create /var/encrypt_file --size 192M");
        await RunAsync(guest, """
            set -e
            cryptsetup open --key-file=- /var/encrypt_file prepare
            mount /dev/mapper/prepare /mnt
            tar -C /mnt -xzf /usr/share/unlockd-test/mysql-data.tar.gz
            umount /mnt
            cryptsetup close prepare
            """, passphrase);
        screen.Done("an empty billing database lies on it");
        // What "systemctl enable" does, without its start of update-rc.d for each, which takes many seconds here.
        await RunAsync(guest, """
            set -e
            unlockctl apply
            for unit in mariadb utm5_core utm5_radius utm5_rfw; do
                ln -s "/lib/systemd/system/$unit.service" /etc/systemd/system/multi-user.target.wants/
            done
            """);
        await guest.PowerOffAsync(cancellationToken: cancellationToken);
        screen.Done("the services are enabled, and gated by the volume");
        await guest.Disk.SaveAsync(Name, cancellationToken);
        return await guest.Disk.CopyAsync(cancellationToken);

        Task RunAsync(Guest guest, string command, byte[]? input = null) =>
            RequireAsync(guest, command, cancellationToken, input);
    }

    private Task<Guest> BootAsync(GuestDisk disk, string name, GuestNetwork network,
        CancellationToken cancellationToken)
    {
        screen.Say("What follows is its serial console, as 'gnt-instance console' shows it.");
        GuestOptions options = new()
        {
            Name = name,
            Network = network,
            KernelConsoles = ["tty1", "ttyS0"],
            Received = (console, bytes) =>
            {
                if (string.Equals(console.Name, "ttyS0", StringComparison.Ordinal))
                    screen.Show(bytes.Span);
            },
        };
        return Guest.BootAsync(disk, options, cancellationToken);
    }

    private async Task SeeLockedAsync(Guest guest, CancellationToken cancellationToken)
    {
        ConsoleMatch prompt = await guest.TtyS0.ExpectAsync("Passphrase:", cancellationToken: cancellationToken);
        screen.Done($"it asks for the passphrase, {prompt.At.TotalSeconds:0.0} s after power-on");
        CommandResult start = await guest.SshAsync("systemctl start mariadb", cancellationToken: cancellationToken);
        CommandResult active =
            await guest.SshAsync("systemctl is-active mariadb", cancellationToken: cancellationToken);
        string state = active.Output.TrimEnd();
        if (start.ExitCode is 0 or 255 || state is not ("inactive" or "failed"))
            throw new InvalidOperationException(
                $"over SSH, MySQL should not start while locked; it is {state}:\n{start.Output}{start.Error}");
        screen.Done("meanwhile SSH answers, and MySQL does not start, not even by hand");
        guest.TtyS0.SkipReceived();
        person.SitDownAt(guest.TtyS0);
    }

    private async Task TryWrongPassphraseAsync(Guest guest, CancellationToken cancellationToken)
    {
        Begin("A wrong passphrase");
        await person.TypeAsync("wrong", cancellationToken);
        ConsoleMatch refused = await guest.TtyS0.ExpectAsync("Wrong passphrase", person.Patience, cancellationToken);
        screen.Done("it is refused");
        if (refused.Before.Contains("wrong", StringComparison.Ordinal))
            throw new InvalidOperationException("the passphrase was shown on the console");
        await guest.TtyS0.ExpectAsync("Passphrase:", cancellationToken: cancellationToken);
        screen.Done("nothing of it was shown, and it asks again");
    }

    private async Task UnlockAsync(Guest guest, CancellationToken cancellationToken)
    {
        Begin("The right passphrase");
        await person.TypeAsync(Passphrase, cancellationToken);
        ConsoleMatch mounted = await guest.TtyS0.ExpectAsync(Mounted(), person.Patience, cancellationToken);
        ConsoleMatch ready = await guest.TtyS0.ExpectAsync(Ready(), TimeSpan.FromMinutes(2), cancellationToken);
        screen.Done($"the volume is mounted; the services took {(ready.At - mounted.At).TotalSeconds:0.0} s more");
        await RequireStateAsync(guest, "ready", 0, cancellationToken);
        await guest.TtyS0.ExpectAsync("login:", cancellationToken: cancellationToken);
        screen.Done("unlockctl status says ready; the console offers a login");
    }

    private async Task LockAsync(Guest guest, CancellationToken cancellationToken)
    {
        Begin("It is locked, to be migrated");
        await person.TypeAsync("root", cancellationToken);
        await guest.TtyS0.ExpectAsync("Password:", person.Patience, cancellationToken);
        await person.TypeAsync("root", cancellationToken);
        await guest.TtyS0.ExpectAsync("# ", person.Patience, cancellationToken);
        await person.TypeAsync("unlockctl lock --reason migration", cancellationToken);
        ConsoleMatch locked = await guest.TtyS0.ExpectAsync(LockedAndProven(), person.Patience, cancellationToken);
        screen.Done(locked.Text);
        await RequireStateAsync(guest, "locked", 3, cancellationToken);
        person.GetUp();
    }

    private async Task<GuestDisk> MigrateAsync(Guest guest, CancellationToken cancellationToken)
    {
        Begin("Its disk is copied as it is now, and the first node loses its power");
        GuestDisk copy = await guest.Disk.CopyAsync(cancellationToken);
        await guest.KillAsync();
        screen.Done("copied, and killed");
        return copy;
    }

    private async Task RequireStateAsync(Guest guest, string state, int exitCode, CancellationToken cancellationToken)
    {
        CommandResult status = await guest.RunAsync("unlockctl status --json", cancellationToken: cancellationToken);
        using JsonDocument document = JsonDocument.Parse(status.Output.Length > 0 ? status.Output : "{}");
        string? seen = document.RootElement.TryGetProperty("state", out JsonElement value) ? value.GetString() : null;
        if (!string.Equals(seen, state, StringComparison.Ordinal) || status.ExitCode != exitCode)
            throw new InvalidOperationException(
                $"unlockctl status should say {state} and exit {exitCode}; it exited {status.ExitCode} and said:\n" +
                $"{status.Output}{status.Error}");
    }

    private static async Task<string> RequireAsync(Guest guest, string command, CancellationToken cancellationToken,
        byte[]? input = null) =>
        (await guest.RunAsync(command, input: input, cancellationToken: cancellationToken)).Require();

    private void Begin(string step)
    {
        Step = step;
        screen.Title(step);
    }

    [GeneratedRegex("is mounted", RegexOptions.None, 1000)]
    private static partial Regex Mounted();

    [GeneratedRegex(": ready\\b", RegexOptions.None, 1000)]
    private static partial Regex Ready();

    [GeneratedRegex("locked and proven in [0-9.]+ s", RegexOptions.None, 1000)]
    private static partial Regex LockedAndProven();
}
