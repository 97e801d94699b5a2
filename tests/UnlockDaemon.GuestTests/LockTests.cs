using System.Text.Json;
using UnlockDaemon.Rig;
using Xunit;

namespace UnlockDaemon.GuestTests;

/// <summary>A lock is proven, or nothing has happened; and it says in time which of the two.</summary>
public sealed class LockTests(UnlockdGuest fixture) : UnlockdTest(fixture)
{
    private const string NeverStops = """
        TimeoutStopSec=infinity
        ExecStop=/bin/sh -c 'trap "" TERM; while :; do sleep 1000; done'
        """;

    private const string EndStubborn =
        "systemctl kill -s KILL utm5_rfw; for i in $(seq 100); do unlockctl status >/dev/null && break; "
            + "sleep 0.1; done";

    public override async ValueTask DisposeAsync()
    {
        await Guest.RunAsync("""
            rm -rf /run/systemd/system/*.service.d/test.conf /var/lib/unlockd/stops
            systemctl daemon-reload
            [ ! -e /root/holder ] || kill -KILL $(cat /root/holder); rm -f /root/holder
            true
            """, cancellationToken: CancellationToken.None);
        await base.DisposeAsync();
    }

    [Fact]
    public async Task StrangerIsNamedAndNothingIsStopped()
    {
        await UnlockAsync();
        string pid = await HoldAsync();
        string before = await RunAsync("systemctl show -p MainPID --value mariadb");

        CommandResult held = await TryAsync("unlockctl lock");

        Assert.Equal(5, held.ExitCode);
        Assert.Contains($"sleep (pid {pid}", held.Output, StringComparison.Ordinal);
        Assert.Contains("/var/secure/mysql/aria_log_control", held.Output, StringComparison.Ordinal);
        Assert.Contains("nothing was stopped", held.Error, StringComparison.Ordinal);
        Assert.Equal("ready", await StateAsync());
        Assert.Equal(before, await RunAsync("systemctl show -p MainPID --value mariadb"));
        Assert.Equal(5, (await TryAsync("unlockctl holders")).ExitCode);
    }

    [Fact]
    public async Task DatabaseThatIsStillStartingIsLetStartFirst()
    {
        // Told to end before it has opened its files, MariaDB 10.11 hangs for good.
        string said = await RunAsync("""
            unlockctl unlock --passphrase-file /root/passphrase >/dev/null 2>&1 &
            until [ "$(systemctl show -P MainPID mariadb)" != 0 ]; do :; done
            until [ $(ls /proc/$(systemctl show -P MainPID mariadb)/task | wc -l) -gt 1 ]; do :; done
            unlockctl lock --deadline 60s
            """);
        Assert.Contains("waits for its start to end", said, StringComparison.Ordinal);
        Assert.Equal("", await KernelStateAsync());
    }

    [Fact]
    public async Task StateDirectoryThatCannotBeWrittenHindersNothing()
    {
        await RunAsync("mount --bind /var/lib/unlockd /var/lib/unlockd && mount -o remount,bind,ro /var/lib/unlockd");
        await UnlockAsync();
        CommandResult locked = await TryAsync("unlockctl lock --hold; code=$?; umount /var/lib/unlockd; exit $code");
        string left = await KernelStateAsync();
        string? hold = (await StatusAsync()).GetProperty("holdReason").GetString();
        await RunAsync("unlockctl release");

        Assert.Equal(0, locked.ExitCode);
        Assert.Equal("", left);
        Assert.NotNull(hold);
    }

    [Fact]
    public async Task HolderThatComesLateIsNamedAndServicesComeBack()
    {
        await UnlockAsync();
        const string Late = "echo $$ >/root/holder; exec sleep 1000 </var/secure/mysql/aria_log_control";
        await RunAsync($"printf '{Late}' >/root/late");
        await DropInAsync("utm5_rfw", "ExecStopPost=/usr/bin/systemd-run -q /bin/sh /root/late");

        CommandResult held = await TryAsync("unlockctl lock");

        Assert.Equal(5, held.ExitCode);
        Assert.Contains("aria_log_control", held.Output, StringComparison.Ordinal);
        await RunAsync("for i in $(seq 100); do unlockctl status >/dev/null && break; sleep 0.1; done");
        Assert.Equal("ready", await StateAsync());
    }

    [Fact]
    public async Task EvictsWhoIsNamedAndNobodyElse()
    {
        await UnlockAsync();
        string pid = await HoldAsync();
        string stranger = await RunAsync("sleep 1000 >/dev/null & echo $!");

        CommandResult wrong = await TryAsync($"unlockctl lock --evict {pid} --evict {stranger}");
        Assert.Equal(5, wrong.ExitCode);
        Assert.Contains($"pid {stranger} does not hold the volume", wrong.Error, StringComparison.Ordinal);
        await RunAsync($"kill -0 {pid} {stranger}");

        await RunAsync($"unlockctl lock --evict {pid}");
        Assert.Equal("", await KernelStateAsync());
        Assert.Equal("gone", await RunAsync($"kill -0 {stranger} && kill {stranger}; [ -e /proc/{pid} ] || echo gone"));
    }

    [Fact]
    public async Task EndsWhatAServiceLeftBehindAlsoIfItRespawns()
    {
        // As with a wrapped SysV script: systemd stops the main process and looks no further.
        await DropInAsync("utm5_rfw", """
            KillMode=process
            ExecStartPost=/bin/sh -c 'setsid sh -c "trap : TERM; while :; do sleep 1000; done" >/dev/null 2>&1 &'
            """);
        await UnlockAsync();
        string progress = await RunAsync("unlockctl lock");
        Assert.Contains("asks processes it left to end", progress, StringComparison.Ordinal);
        Assert.Contains("kills processes it left", progress, StringComparison.Ordinal);
        Assert.Equal("", await KernelStateAsync());
    }

    [Fact]
    public async Task RefusesBeforeStoppingWhatIsKnownToTakeTooLong()
    {
        await UnlockAsync();
        await RunAsync("printf 'mysql 30 40\\nutm5_core 30\\n' >/var/lib/unlockd/stops");

        CommandResult refused = await TryAsync("unlockctl lock --deadline 60s");

        Assert.Equal(5, refused.ExitCode);
        Assert.Contains("nothing was stopped", refused.Error, StringComparison.Ordinal);
        Assert.Contains("up to 70 s", refused.Error, StringComparison.Ordinal);
        Assert.Equal("ready", await StateAsync());
        await RunAsync("unlockctl lock --deadline 80s");
        string stops = await RunAsync("cat /var/lib/unlockd/stops");
        // The last stop counts, and not the slowest.
        Assert.Matches(@"(?m)^mysql \d\.\d", stops);
    }

    [Fact]
    public async Task AnswersInTimeAlthoughAServiceDoesNotStop()
    {
        await DropInAsync("utm5_rfw", NeverStops);
        await UnlockAsync();
        try
        {
            string seconds = await RunAsync(
                "s=$(date +%s); unlockctl lock --deadline 10s >/root/out 2>&1; c=$?; "
                    + "echo $c $(($(date +%s) - s)); true");
            string[] words = seconds.Split(' ');
            Assert.Equal("5", words[0]);
            Assert.InRange(int.Parse(words[1]), 5, 20);
            Assert.Contains("utm5_rfw", await RunAsync("cat /root/out"), StringComparison.Ordinal);
            Assert.Equal("active", await RunAsync("systemctl is-active mariadb"));
        }
        finally
        {
            await RunAsync(EndStubborn);
        }

        Assert.Equal("ready", await StateAsync());
    }

    [Fact]
    public async Task WhatTheDiskHeldUpTooLongComesBackOnceItAnswers()
    {
        await DropInAsync("mariadb", "ExecStopPost=+/bin/sh -c "
            + "'echo dirty >/var/secure/dirty; dmsetup suspend --noflush --nolockfs unlockd-secure'");
        await UnlockAsync();
        CommandResult locked = await TryAsync("unlockctl lock --deadline 20s");
        string? meanwhile = await StateAsync();
        await RunAsync("""
            rm /run/systemd/system/mariadb.service.d/test.conf; systemctl daemon-reload
            dmsetup resume unlockd-secure
            for i in $(seq 300); do unlockctl status >/dev/null && break; sleep 0.1; done
            """);

        Assert.Equal(1, locked.ExitCode);
        Assert.Contains("did not end before the deadline", locked.Error, StringComparison.Ordinal);
        Assert.Equal("failed", meanwhile);
        Assert.Equal("ready", await StateAsync());
        await RunAsync("unlockctl lock");
        Assert.Equal("", await KernelStateAsync());
    }

    [Fact]
    public async Task RestartOfTheDaemonWaitsForTheLock()
    {
        await DropInAsync("utm5_rfw", "ExecStop=/bin/sleep 3");
        await UnlockAsync();
        string answer = await RunAsync("""
            unlockctl lock --certificate /root/restarted.json >/dev/null 2>&1 & p=$!
            until unlockctl status --json | grep -q '"state":"stopping"'; do sleep 0.1; done
            systemctl restart unlockd
            wait $p; echo $?
            cat /root/restarted.json; rm /root/restarted.json
            """);
        Assert.StartsWith("0\n{\"instance\"", answer, StringComparison.Ordinal);
        Assert.Equal("", await KernelStateAsync());
        Assert.Equal("locked", await StateAsync());
    }

    [Fact]
    public async Task LocksAskedForAtOnceAgree()
    {
        await UnlockAsync();
        string both = await RunAsync("""
            unlockctl lock --nonce first --certificate /root/first.json >/dev/null & p=$!
            unlockctl lock --nonce second --certificate /root/second.json >/dev/null; echo $?
            wait $p; echo $?
            cat /root/first.json /root/second.json
            """);
        Assert.StartsWith("0\n0\n", both, StringComparison.Ordinal);
        Assert.Contains("\"nonce\":\"first\"", both, StringComparison.Ordinal);
        Assert.Contains("\"nonce\":\"second\"", both, StringComparison.Ordinal);
    }

    [Fact]
    public async Task RefusalIsTheAnswerForAllWhoAskAtOnce()
    {
        await DropInAsync("utm5_rfw", NeverStops);
        await UnlockAsync();
        try
        {
            string both = await RunAsync("""
                attempts() { journalctl -b -u unlockd -o cat | grep -c '^stopping: locking'; }
                before=$(attempts)
                unlockctl lock --deadline 6s >/dev/null 2>&1 & p=$!
                until unlockctl status --json | grep -q '"state":"stopping"'; do sleep 0.1; done
                unlockctl lock --deadline 60s >/dev/null 2>&1; echo $?
                wait $p; echo $?
                echo $(($(attempts) - before))
                """);
            Assert.Equal("5\n5\n1", both);
        }
        finally
        {
            await RunAsync(EndStubborn);
        }
    }

    [Fact]
    public async Task HoldRefusesUnlockUntilReleased()
    {
        await RunAsync("unlockctl lock --hold --reason migration");
        CommandResult refused = await TryAsync("unlockctl unlock --passphrase-file /root/passphrase");
        Assert.Equal(5, refused.ExitCode);
        Assert.Contains("migration", refused.Error, StringComparison.Ordinal);
        Assert.True((await StatusAsync()).GetProperty("held").GetBoolean());
        await RunAsync("unlockctl release");
        await UnlockAsync();
        Assert.Equal("ready", await StateAsync());
    }

    [Fact]
    public async Task HoldOutlivesTheDaemonAndEndsByItself()
    {
        await RunAsync("unlockctl lock --hold --hold-limit 20s --reason migration");
        await RunAsync("systemctl kill -s KILL --kill-whom=main unlockd; until unlockctl status >/dev/null || "
            + "[ $? != 4 ]; do sleep 0.1; done");
        JsonElement status = await StatusAsync();
        Assert.True(status.GetProperty("held").GetBoolean());
        Assert.Equal("migration", status.GetProperty("holdReason").GetString());
        Guest.Tty1.SkipReceived();
        await Guest.Tty1.ExpectAsync("Passphrase: ", TimeSpan.FromSeconds(40), Cancellation);
        Assert.False((await StatusAsync()).GetProperty("held").GetBoolean());
    }

    [Fact]
    public async Task VolumeUnmountedBySomebodyElseIsNoticed()
    {
        await UnlockAsync();
        await RunAsync("systemctl stop utm5_rfw utm5_radius utm5_core mariadb; umount /var/secure; "
            + "cryptsetup close unlockd-secure");
        JsonElement status = await StatusAsync();
        Assert.Equal("failed", status.GetProperty("state").GetString());
        Assert.Contains("somebody else unmounted", status.GetProperty("lastError").GetString(),
            StringComparison.Ordinal);
        CommandResult unproven = await TryAsync("unlockctl lock");
        Assert.Equal(1, unproven.ExitCode);
        Assert.Contains("it was not unlockd that unmounted it", unproven.Error, StringComparison.Ordinal);
        await UnlockAsync();
        Assert.Equal("ready", await StateAsync());
    }

    private async Task<string> HoldAsync() =>
        (await RunAsync("sleep 1000 </var/secure/mysql/aria_log_control >/dev/null & echo $! | tee /root/holder"))
            .Trim();

    private Task<string> DropInAsync(string unit, string directives) => RunAsync($"""
        mkdir -p /run/systemd/system/{unit}.service.d
        cat >/run/systemd/system/{unit}.service.d/test.conf <<'END'
        [Service]
        {directives}
        END
        systemctl daemon-reload
        """);
}
