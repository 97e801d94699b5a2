using System.Text.Json;
using UnlockDaemon.Rig;
using Xunit;

namespace UnlockDaemon.GuestTests;

/// <summary>
/// Two volumes, each with a daemon: the usual one at /var/other, and unlockd@archive.service at /var/archive.
/// </summary>
public sealed class InstanceTests(UnlockdGuest fixture) : OtherVolumeTest(fixture)
{
    private const string ArchivePassphrase = "a passphrase of the archive";
    private const string Both = "an other passphrase";

    private const string Archive = $$"""
        set -e
        printf '{{ArchivePassphrase}}' >/root/archive
        mkdir -p /var/archive
        cat >/etc/unlockd/archive.yaml <<'YAML'
        volume:
          container: /var/archive_file
          mount_point: /var/archive
        services:
          keeper: { unit: keeper.service }
        YAML
        printf '[Service]\nExecStart=/bin/sleep infinity\n' >/run/systemd/system/keeper.service
        systemctl daemon-reload
        make() { truncate -s 32M $1
            cryptsetup luksFormat -q --sector-size 512 --pbkdf pbkdf2 --pbkdf-force-iterations 1000 $1 $2
            cryptsetup open --key-file $2 $1 other; mkfs.ext4 -q /dev/mapper/other; cryptsetup close other; }
        make /var/other_file /root/other

        """;

    public override async ValueTask DisposeAsync()
    {
        await Guest.RunAsync("""
            unlockctl --instance archive release; unlockctl --instance archive lock
            systemctl stop unlockd@archive keeper
            chattr -i /var/archive
            rm -rf /etc/unlockd/archive.yaml /var/archive /var/archive_file /root/archive \
                /run/systemd/system/keeper.service /etc/systemd/system/keeper.service.d /var/lib/unlockd-archive
            systemctl daemon-reload
            """, TimeSpan.FromMinutes(2), cancellationToken: CancellationToken.None);
        await base.DisposeAsync();
    }

    [Fact]
    public async Task EachHasItsOwnStateAndNeitherTouchesTheOther()
    {
        await MakeAsync("/root/archive");
        string applied = await RunAsync(
            "unlockctl --instance archive apply && unlockctl apply && cat /etc/systemd/system/keeper.service.d/*");
        CommandResult check = await TryAsync("unlockctl --instance archive check");
        await RunAsync("unlockctl --instance archive unlock --passphrase-file /root/archive");
        string archive = await RunAsync("unlockctl --instance archive status && systemctl is-active keeper");
        string usual = await RunAsync("unlockctl status; true");
        await UnlockOtherAsync();
        await RunAsync("echo row >/var/archive/row; unlockctl panic");
        string kept = await RunAsync("cat /var/archive/row; systemctl is-active keeper; ls /dev/mapper | grep unlockd");
        await RunAsync("systemctl restart unlockd@archive; unlockctl --instance archive status");
        await RunAsync("unlockctl --instance archive lock --certificate /root/certificate");
        string files = await RunAsync(
            "ls -d /run/unlockd-archive/org.unlockd /var/lib/unlockd-archive; cat /root/certificate");
        string left = await FindLeftoversAsync();

        Assert.Contains("After=unlockd@archive.service", applied, StringComparison.Ordinal);
        Assert.True(check.ExitCode == 0, check.Output);
        Assert.Contains("/var/archive_file", archive, StringComparison.Ordinal);
        Assert.Contains(": locked since", usual, StringComparison.Ordinal);
        Assert.Equal("row\nactive\nunlockd@archive", kept);
        Assert.Contains("\"container\":\"/var/archive_file\"", files, StringComparison.Ordinal);
        Assert.DoesNotContain("\"ok\":false", files, StringComparison.Ordinal);
        Assert.Equal("", left);
    }

    [Fact]
    public async Task OnePromptOpensAllThatThePassphraseOpens()
    {
        await MakeAsync("/root/other");
        Guest.Tty1.SkipReceived();
        await Guest.Tty1.SendAsync("\u0015wrong\r", Cancellation);
        await Guest.Tty1.ExpectAsync("Wrong passphrase.", Soon, Cancellation);
        await Guest.Tty1.ExpectAsync("Passphrase: ", Soon, Cancellation);
        await Guest.Tty1.SendAsync(Both + "\r", Cancellation);
        await Guest.Tty1.ExpectAsync("/var/archive is mounted", Soon, Cancellation);
        await Guest.Tty1.ExpectAsync("/var/other is mounted", Soon, Cancellation);
        await RunAsync("unlockctl status && unlockctl --instance archive status");
    }

    [Fact]
    public async Task ThoseStillLockedArePromptedForOnTheSameConsole()
    {
        await MakeAsync("/root/archive");
        string questions = await RunAsync("ls /run/systemd/ask-password | grep -c '^ask.unlockd'");
        Guest.Tty1.SkipReceived();
        await Guest.Tty1.SendAsync("\u0015" + Both + "\r", Cancellation);
        await Guest.Tty1.ExpectAsync("/var/other is mounted", Soon, Cancellation);
        await Guest.Tty1.ExpectAsync("/var/archive is locked.", Soon, Cancellation);
        await Guest.Tty1.ExpectAsync("Passphrase: ", Soon, Cancellation);
        string getty = await RunAsync("systemctl is-active getty@tty1; true");
        await Guest.Tty1.SendAsync(ArchivePassphrase + "\r", Cancellation);
        await Guest.Tty1.ExpectAsync("/var/archive is mounted", Soon, Cancellation);
        await RunAsync("unlockctl --instance archive status");

        Assert.Equal("1", questions);
        Assert.Equal("inactive", getty);
    }

    [Fact]
    public async Task PromptNamesAllThatAreLocked()
    {
        await MakeAsync("/root/archive");
        // A second instance that comes later is named at once, by whoever has the console.
        await RunAsync("systemctl stop unlockd@archive");
        await PromptAgainAsync();
        Guest.Tty1.SkipReceived();
        await RunAsync("systemctl start unlockd@archive");
        await Guest.Tty1.ExpectAsync("are locked.", Soon, Cancellation);
        Assert.Contains("/var/archive", Guest.Tty1.Transcript, StringComparison.Ordinal);
        await RunAsync("systemctl stop unlockd");
        await Guest.Tty1.ExpectAsync("/var/archive is locked.", Soon, Cancellation);
        await RunAsync("systemctl start unlockd");
    }

    [Fact]
    public async Task NodeGetsOneCertificateOfAllOrNone()
    {
        const string Lock = "SSH_ORIGINAL_COMMAND='lock 0123456789abcdef0123456789abcdef migrate' unlockctl node";
        await MakeAsync("/root/archive");
        await RunAsync("unlockctl unlock --passphrase-file /root/other; "
            + "unlockctl --instance archive unlock --passphrase-file /root/archive");
        await RunAsync("systemd-run -qG --unit=holder sleep infinity; "
            + "systemd-run -q --unit=holder2 -p WorkingDirectory=/var/archive sleep infinity");
        CommandResult refused = await TryAsync(Lock);
        CommandResult first = await TryAsync("systemctl stop holder holder2; unlockctl status --json");
        CommandResult locked = await TryAsync(Lock);
        CommandResult missing = await TryAsync($"systemctl stop unlockd@archive; {Lock}");
        await RunAsync("systemctl start unlockd@archive");

        Assert.Equal(5, refused.ExitCode);
        // What was locked before the one that is held is prompted for again.
        Assert.Contains("\"state\":\"locked\"", first.Output, StringComparison.Ordinal);
        Assert.Contains("\"held\":false", first.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("unlockd-certificate", refused.Output, StringComparison.Ordinal);
        Assert.Equal(0, locked.ExitCode);
        string[] lines = locked.Output.TrimEnd().Split('\n');
        Assert.Equal(2, lines.Length);
        Assert.StartsWith("unlockd-certificate 1 0123456789abcdef0123456789abcdef ", lines[1],
            StringComparison.Ordinal);
        JsonElement proof = JsonDocument.Parse(lines[0]).RootElement;
        Assert.Equal("/var/other_file, /var/archive_file", proof.GetProperty("container").GetString());
        Assert.Equal(2, proof.GetProperty("checks").EnumerateArray()
            .Count(check => check.GetProperty("name").GetString() == "mapping gone"));
        Assert.NotEqual(0, missing.ExitCode);
        Assert.DoesNotContain("unlockd-certificate", missing.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task WhatTwoShareIsFoundByCheck()
    {
        await MakeAsync("/root/archive");
        CommandResult check = await TryAsync("""
            sed -e 's|/var/archive_file|/var/other_file|' -e 's|/var/archive$|/var/other/archive|' \
                -i /etc/unlockd/archive.yaml
            unlockctl check
            """);
        CommandResult name = await TryAsync("unlockctl --instance ../etc status");
        Assert.Equal(1, check.ExitCode);
        Assert.Contains("the container is /var/other_file, which /etc/unlockd/archive.yaml names as well", check.Output,
            StringComparison.Ordinal);
        Assert.Contains("the volume is mounted on /var/other, at or around /var/other/archive", check.Output,
            StringComparison.Ordinal);
        Assert.Equal(1, name.ExitCode);
        Assert.Contains("--instance \"../etc\" is no name for an instance", name.Error, StringComparison.Ordinal);
    }

    private async Task MakeAsync(string archiveKey)
    {
        await ConfigureAsync("format: luks");
        // Of a container that was made since the daemon began to look, it knows nothing until it has unmounted it once.
        await RunAsync(
            $"{Archive}make /var/archive_file {archiveKey}; {ForgetRecords}; systemctl start unlockd@archive");
    }
}
