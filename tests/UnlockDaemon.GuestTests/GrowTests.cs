using System.Text.Json;
using UnlockDaemon.Rig;
using Xunit;

namespace UnlockDaemon.GuestTests;

/// <summary>"unlockctl grow": container, loop device, mapping and file system, while they are in use.</summary>
[Collection(ContainerCollection.Name)]
public sealed class GrowTests(UnlockdGuest fixture) : OtherVolumeTest(fixture), IAsyncLifetime
{
    private const string Make = $"""
        set -e
        fallocate -l 96M /var/other_file
        {LuksFormat} /var/other_file /root/other
        cryptsetup open --key-file /root/other /var/other_file other
        mkfs.ext4 -q /dev/mapper/other
        cryptsetup close other
        """;

    /// <summary>
    /// Sizes of container, loop device, mapping and file system, in MiB; the LUKS2 header takes 16 of them.
    /// </summary>
    private const string Sizes = """
        loop=$(losetup -nO NAME -j /var/other_file)
        echo $(( $(stat -c %s /var/other_file) >> 20 )) $(( $(blockdev --getsize64 $loop) >> 20 )) \
            $(( $(blockdev --getsize64 /dev/mapper/unlockd-other) >> 20 )) \
            $(( $(stat -f -c '%b * %S' /var/other) >> 20 ))
        """;

    private const string Grow = "unlockctl grow --passphrase-file /root/other ";

    // A database of its own on the volume, and somebody who writes into it and notes what was acknowledged.
    private const string Database = """
        set -e
        mkdir -p /var/other/db
        tar -C /var/other/db -xzf /usr/share/unlockd-test/mysql-data.tar.gz
        head -c 8M /dev/urandom >/var/other/ballast; sha256sum /var/other/ballast >/root/ballast.sum
        cat >/run/systemd/system/other-db.service <<'UNIT'
        [Service]
        User=mysql
        RuntimeDirectory=other-db
        ExecStart=/usr/sbin/mariadbd --datadir=/var/other/db/mysql --socket=/run/other-db/sock \
            --skip-networking --pid-file=/run/other-db/pid
        UNIT
        cat >>/etc/unlockd/unlockd.yaml <<'YAML'
        services:
          db: { unit: other-db.service, ready: "exec:/usr/bin/mysqladmin -S /run/other-db/sock ping" }
        YAML
        systemctl daemon-reload
        unlockctl lock >/dev/null
        systemctl restart unlockd
        unlockctl unlock --passphrase-file /root/other
        mysql -S /run/other-db/sock \
            -e 'CREATE DATABASE grow; CREATE TABLE grow.t (id INT PRIMARY KEY, body BLOB) ENGINE=InnoDB'
        cat >/root/writer <<'SH'
        for ((i = 1; ; i++)); do
            echo "INSERT INTO grow.t VALUES ($i, REPEAT('x', 40)); SELECT $i;"
        done | mysql -S /run/other-db/sock -N -B -n >/root/acknowledged
        SH
        systemd-run --unit=writer -q bash /root/writer
        """;

    public override async ValueTask DisposeAsync()
    {
        await Guest.RunAsync("""
            systemctl stop slow writer other-db
            rm -f /run/systemd/system/other-db.service /root/writer /root/acknowledged /root/ballast.sum /var/filler
            systemctl daemon-reload
            """, cancellationToken: CancellationToken.None);
        await base.DisposeAsync();
    }

    [Fact]
    public async Task GrowsUnderMysqlThroughKillsOfTheDaemonAtEachStep()
    {
        await ConfigureAsync("filesystem: ext4");
        await RunAsync(Make);
        await UnlockOtherAsync();
        await RunAsync(Database);
        int size = 96, cut = 0;
        string before = await RunAsync("until [ -s /root/acknowledged ]; do :; done; wc -l </root/acknowledged");
        foreach (string step in (string[])["container", "loop", "mapping", "filesystem"])
        {
            size += 40;
            cut += await KillAtAsync(step, size) ? 1 : 0;
            await RunAsync("until unlockctl status >/dev/null; do :; done");
            await RunAsync($"{Grow}{size}M");
            Assert.Matches($"^{size} {size} {size - 16} ", await RunAsync(Sizes));
        }

        string after = await RunAsync("""
            acknowledged=$(tail -n 1 /root/acknowledged)
            until [ "$(tail -n 1 /root/acknowledged)" != "$acknowledged" ]; do :; done
            systemctl is-active writer other-db; systemctl stop writer
            mysql -S /run/other-db/sock -N -B -e 'SELECT COUNT(*) FROM grow.t; CHECK TABLE grow.t' | tr '\t' ' '
            tail -n 1 /root/acknowledged; sha256sum --quiet -c /root/ballast.sum; stat -f -c %b /var/other
            """);
        await RunAsync("unlockctl lock");
        string seen = await RunAsync("""
            cryptsetup open --key-file /root/other /var/other_file other
            e2fsck -fn /dev/mapper/other >/dev/null 2>&1; echo fsck $?
            cryptsetup close other
            """);

        // All but the first may be over before anybody can end them; the other test has their states.
        Assert.InRange(cut, 1, 4);
        string[] lines = after.Split('\n');
        Assert.Equal(["active", "active"], lines[..2]);
        // A row that is committed may not be acknowledged yet when the writer is stopped.
        Assert.InRange(int.Parse(lines[2]), int.Parse(lines[4]), int.Parse(lines[4]) + 100);
        Assert.Equal("grow.t check status OK", lines[3]);
        Assert.True(int.Parse(lines[4]) > int.Parse(before));
        Assert.Equal("fsck 0", seen);
    }

    [Theory]
    [InlineData("fallocate -l 130M /var/other_file", true)]
    [InlineData("fallocate -l 160M /var/other_file", true)]
    [InlineData("fallocate -l 160M /var/other_file; losetup -c $loop", true)]
    [InlineData("fallocate -l 160M /var/other_file; losetup -c $loop; "
        + "cryptsetup resize --key-file /root/other unlockd-other", false)]
    [InlineData("fallocate -l 160M /var/other_file; unlockctl lock; "
        + "unlockctl unlock --passphrase-file /root/other", false)]
    public async Task HalfMadeStateIsFinished(string state, bool needsPassphrase)
    {
        await ConfigureAsync("filesystem: ext4");
        await RunAsync(Make);
        await UnlockOtherAsync();
        await RunAsync("head -c 8M /dev/urandom >/var/other/file; sha256sum /var/other/file >/root/sum");
        await RunAsync($"loop=$(losetup -nO NAME -j /var/other_file); {state}");
        CommandResult without = await TryAsync("setsid -w unlockctl grow 160M");
        if (needsPassphrase)
        {
            Assert.Equal(1, without.ExitCode);
            Assert.Contains("the passphrase is needed", without.Error, StringComparison.Ordinal);
            await RunAsync($"{Grow}160M");
        }

        string sizes = await RunAsync(Sizes);
        string again = await RunAsync("setsid -w unlockctl grow 160M --json");
        string check = await RunAsync("sha256sum --quiet -c /root/sum && unlockctl lock >/dev/null && echo same");

        Assert.Equal(needsPassphrase ? 1 : 0, without.ExitCode);
        Assert.Matches("^160 160 144 1[234].$", sizes);
        Assert.Equal("""{"size":167772160}""", again);
        Assert.Equal("same", check);
    }

    [Theory]
    [InlineData("loop-aes", "ext3", 96)]
    [InlineData("plain", "ext4", 96)]
    [InlineData("luks", "xfs", 340)]
    public async Task EveryFormatAndFileSystemGrows(string format, string filesystem, int size)
    {
        string open = format switch
        {
            "loop-aes" => "--type plain --cipher aes-cbc-plain64 --key-size 256 --hash sha512",
            "plain" => "--type plain --cipher aes-cbc-essiv:sha256 --key-size 256 --hash ripemd160",
            _ => "",
        };
        string key = format == "luks" ? "--key-file /root/other" : "";
        string create = format == "luks" ? $"{LuksFormat} /var/other_file /root/other" : "true";
        await ConfigureAsync($"format: {format}", $"filesystem: {filesystem}");
        await RunAsync($"""
            set -e
            fallocate -l {size}M /var/other_file
            {create}
            cryptsetup open -q {open} {key} /var/other_file other </root/other
            mkfs.{filesystem} -q /dev/mapper/other
            cryptsetup close other
            """);
        await UnlockOtherAsync();
        await RunAsync("head -c 8M /dev/urandom >/var/other/file; sha256sum /var/other/file >/root/sum");
        string passphrase = format == "luks" ? "--passphrase-file /root/other" : "";
        string said = await RunAsync($"setsid -w unlockctl grow {passphrase} +60M");
        string sizes = await RunAsync(Sizes);
        string check = await RunAsync($"""
            sha256sum --quiet -c /root/sum; unlockctl lock >/dev/null
            cryptsetup open -q {open} {key} /var/other_file other </root/other
            {(filesystem == "xfs" ? "xfs_repair -n" : "e2fsck -fn")} /dev/mapper/other >/dev/null 2>&1; echo $?
            cryptsetup close other
            """);

        int grown = size + 60;
        int header = format == "luks" ? 16 : 0;
        Assert.Contains($"'unlockctl grow {grown * 1024}K' finishes it", said, StringComparison.Ordinal);
        Assert.StartsWith($"{grown} {grown} {grown - header} ", sizes, StringComparison.Ordinal);
        Assert.InRange(int.Parse(sizes.Split(' ')[3]), (grown - header) * 4 / 5, grown);
        Assert.Equal("0", check);
    }

    [Fact]
    public async Task Ext2ThatTheKernelDoesNotGrowWhileMountedIsGrownAsTheMessageSays()
    {
        await ConfigureAsync("filesystem: ext2");
        await RunAsync(Make.Replace("mkfs.ext4", "mkfs.ext2", StringComparison.Ordinal));
        await UnlockOtherAsync();
        await RunAsync("head -c 8M /dev/urandom >/var/other/file; sha256sum /var/other/file >/root/sum");
        CommandResult refused = await TryAsync($"{Grow}160M");
        await RunAsync("umount /var/other && e2fsck -fy /dev/mapper/unlockd-other && "
            + "resize2fs /dev/mapper/unlockd-other && unlockctl unlock");

        Assert.Equal(1, refused.ExitCode);
        Assert.Contains("resize2fs: Kernel does not support online resizing: if this ext2 cannot grow while it is "
            + "mounted, stop what uses it, then run 'umount /var/other && e2fsck -f /dev/mapper/unlockd-other && "
            + "resize2fs /dev/mapper/unlockd-other' and 'unlockctl unlock'", refused.Error, StringComparison.Ordinal);
        Assert.Matches("^160 160 144 1[234].$", await RunAsync(Sizes));
        Assert.Equal("same",
            await RunAsync("sha256sum --quiet -c /root/sum && unlockctl lock >/dev/null && echo same"));
    }

    [Fact]
    public async Task RefusesWithFiguresAndChangesNothing()
    {
        await ConfigureAsync("filesystem: ext4");
        await RunAsync(Make);
        CommandResult locked = await TryAsync($"{Grow}160M");
        await UnlockOtherAsync();
        string before = await RunAsync(Sizes);
        CommandResult smaller = await TryAsync($"{Grow}64M");
        CommandResult room = await TryAsync($"{Grow}100G");
        CommandResult wrong = await TryAsync("printf wrong | unlockctl grow 160M --passphrase-file -");
        CommandResult noSize = await TryAsync("unlockctl grow 20");
        CommandResult user = await TryAsync("setpriv --reuid nobody --clear-groups unlockctl grow 160M");
        string after = await RunAsync(Sizes);
        await RunAsync("mv /var/other_file /var/moved; cp --sparse=always /root/other /var/other_file");
        CommandResult moved = await TryAsync($"{Grow}160M");
        string stranger = await RunAsync(
            "cmp /root/other /var/other_file && echo same; mv /var/moved /var/other_file; unlockctl status >/dev/null");

        Assert.Contains("move it back", moved.Error, StringComparison.Ordinal);
        Assert.Equal("same", stranger);
        Assert.Equal((1, true),
            (locked.ExitCode, locked.Error.Contains("'unlockctl unlock' first", StringComparison.Ordinal)));
        Assert.Contains("64.0 MiB is less than the 96.0 MiB that /var/other_file has", smaller.Error,
            StringComparison.Ordinal);
        Assert.Matches(@"99\.9 GiB more do not fit on the disk of /var/other_file: it has [0-9.]+ .iB left, of which "
            + "[0-9.]+ MiB stay in reserve", room.Error);
        Assert.Contains("wrong passphrase", wrong.Error, StringComparison.Ordinal);
        Assert.Contains("write it as 20G", noSize.Error, StringComparison.Ordinal);
        Assert.Contains("only root", user.Error, StringComparison.Ordinal);
        Assert.All((CommandResult[])[smaller, room, wrong, noSize, user, moved],
            static result => Assert.Equal(1, result.ExitCode));
        Assert.Equal(before, after);
    }

    [Fact]
    public async Task LockEndsItBetweenTwoStepsAndTheNextFinishesIt()
    {
        await ConfigureAsync("filesystem: ext4");
        await RunAsync(Make);
        await UnlockOtherAsync();
        // Each part of the container takes a while, as on a slow disk.
        await RunAsync("""
            systemd-run -q --unit=slow strace -f -qq -o /dev/null -e trace=fallocate \
                -e inject=fallocate:delay_enter=500000 -p $(pidof unlockd)
            (unlockctl grow 400M --passphrase-file /root/other >/root/out 2>&1; echo $? >>/root/out) &
            until [ $(stat -c %s /var/other_file) -gt 120000000 ]; do :; done
            """);
        string busy = await RunAsync(
            "unlockctl lock --deadline 20s && unlockctl status; systemctl stop slow; tail -n 2 /root/out");
        await UnlockOtherAsync();
        await RunAsync($"{Grow}400M");

        Assert.Contains(": locked since", busy, StringComparison.Ordinal);
        Assert.Matches(@"stopped at [0-9.]+ MiB, as the volume is to be locked: the same 'unlockctl grow' finishes "
            + @"it.*\n1$", busy);
        Assert.StartsWith("400 400 384 ", await RunAsync(Sizes), StringComparison.Ordinal);
    }

    [Fact]
    public async Task SparseContainerOnADiskThatFillsIsTold()
    {
        await ConfigureAsync("filesystem: ext4");
        await RunAsync(Make.Replace("fallocate -l 96M", "truncate -s 900M", StringComparison.Ordinal));
        CommandResult good = await TryAsync("unlockctl check");
        await RunAsync("fallocate -l $(( $(stat -f -c '%a * %S' /var) - (500 << 20) )) /var/filler");
        CommandResult bad = await TryAsync("unlockctl check");
        await UnlockOtherAsync();
        JsonElement full = await StatusAsync();
        string log = await RunAsync("journalctl -u unlockd -o cat -n 20");
        CommandResult grow = await TryAsync($"{Grow}901M");
        await RunAsync("rm /var/filler");

        Assert.DoesNotContain("sparse", good.Output, StringComparison.Ordinal);
        Assert.Matches(@"warning /var/other_file is sparse: 8.* MiB of its 900\.0 MiB have no blocks yet, "
            + @"and the disk below has (4|5)\d\d\.\d MiB left", bad.Output);
        Assert.Contains("/var/other_file is sparse", full.GetProperty("warnings")[0].GetString(),
            StringComparison.Ordinal);
        Assert.Contains("/var/other_file is sparse", log, StringComparison.Ordinal);
        Assert.Contains("more do not fit", grow.Error, StringComparison.Ordinal);
    }

    /// <summary>Has somebody who watches the events end the daemon as soon as it tells of a step.</summary>
    /// <returns>Whether it was ended before it had answered.</returns>
    private async Task<bool> KillAtAsync(string step, int size) => await RunAsync($$"""
        rm -f /root/watching
        daemon=$(systemctl show -P MainPID unlockd)
        unlockctl watch 2>/dev/null | while read -r line; do
            case $line in *' step '*' {{step}} '*) kill -9 $daemon; break ;; esac
            [ -e /root/watching ] || : >/root/watching
        done &
        until [ -e /root/watching ]; do :; done
        {{Grow}}{{size}}M >/root/out 2>&1
        wait
        [ ! -e /proc/$daemon/exe ] && grep -c 'the daemon hung up' /root/out || true
        """) == "1";
}
