using UnlockDaemon.Rig;
using Xunit;

namespace UnlockDaemon.GuestTests;

/// <summary>
/// "unlockctl convert": a loop-AES container of 2009 becomes LUKS2; aespipe made it, cryptsetup is the witness.
/// </summary>
[Collection(ContainerCollection.Name)]
public sealed class ConvertTests(UnlockdGuest fixture) : OtherVolumeTest(fixture), IAsyncLifetime
{
    private const string Settings = """
        # As the old server had it.
        volume:
          container: /var/other_file # 2009
          mount_point: /var/other
          format: loop-aes   # losetup -e AES256
        """;

    private const string Convert = "unlockctl convert --to luks --passphrase-file /root/other";

    public override async ValueTask DisposeAsync()
    {
        await Guest.RunAsync("systemctl stop slow; unlockctl convert --abort; "
            + "rm -f /var/other_file.* /root/plain /root/sums /root/many* /var/filler",
            cancellationToken: CancellationToken.None);
        await base.DisposeAsync();
    }

    [Fact]
    public async Task KilledInTheMiddleItGoesOnAndEndsWithTheSameContents()
    {
        string contents = await MakeAsync(100);
        string old = await RunAsync("sha256sum </var/other_file");
        await KillInTheMiddleAsync();
        string left = await LeftAsync();
        CommandResult unlock = await TryUnlockAsync();
        await RunAsync("systemctl restart unlockd");
        CommandResult afterRestart = await TryUnlockAsync();
        string locked = await RunAsync(
            "unlockctl lock --certificate - | grep -c '\"ok\":true' ; stat -c %n /var/other_file*");
        // What a power failure takes: all that was not on the disk when the mark was made.
        await RunAsync("dd if=/dev/zero of=/var/other_file.new bs=1M seek=80 count=36 conv=notrunc status=none");
        string said = await RunAsync(Convert);
        string witness = await RunAsync("""
            cryptsetup open --key-file /root/other /var/other_file other
            head -c 100M /dev/mapper/other | sha256sum; e2fsck -fn /dev/mapper/other >/dev/null 2>&1; echo fsck $?
            cryptsetup close other
            sha256sum </var/other_file.old; stat -c %n /var/other_file*; cat /etc/unlockd/unlockd.yaml
            cryptsetup luksDump /var/other_file | grep -E '^Version|PBKDF:' | tr -s ' \t' ' '
            """);
        await UnlockOtherAsync();
        string mounted = await RunAsync(
            "findmnt -n -o FSTYPE /var/other; cd /var/other && sha256sum --quiet -c /root/sums && echo same");
        await RunAsync("unlockctl lock");
        CommandResult again = await TryAsync(Convert);

        Assert.Equal("", left);
        Assert.Equal((4, 4), (unlock.ExitCode, afterRestart.ExitCode));
        Assert.Contains("is being converted to LUKS", unlock.Error, StringComparison.Ordinal);
        Assert.EndsWith("/var/other_file\n/var/other_file.converting\n/var/other_file.new", locked,
            StringComparison.Ordinal);
        Assert.Contains("going on at 64.0 MiB", said, StringComparison.Ordinal);
        Assert.Contains(contents, said, StringComparison.Ordinal);
        Assert.Equal($"""
            {contents}  -
            fsck 0
            {old}
            /var/other_file
            /var/other_file.old
            {Settings.Replace("loop-aes", "luks", StringComparison.Ordinal)}
              filesystem: ext2
            Version: 2
             PBKDF: argon2id
            """, witness, ignoreLineEndingDifferences: true);
        Assert.Equal("ext2\nsame", mounted);
        Assert.Equal((1, true), (again.ExitCode, again.Error.Contains("nothing to convert", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task ContainerOfManyKeysIsConverted()
    {
        await ConfigureAsync("format: loop-aes", "key_file: /root/many.gpg");
        await RunAsync($"""
            set -e
            mkdir -p /root/tree; head -c 1M /dev/urandom >/root/tree/file; (cd /root/tree && sha256sum file) >/root/sums
            truncate -s 16M /root/plain
            mke2fs -q -F -t ext2 -b 4096 -d /root/tree /root/plain; rm -r /root/tree
            for i in $(seq 65); do head -c 45 /dev/urandom | base64 -w 0; echo; done >/root/many
            mkdir -p -m 700 /root/gpg
            # A count of its own: otherwise gpg asks an agent for one, and there is none here.
            gpg --homedir /root/gpg --batch --quiet --no-autostart --s2k-count 1000000 \
                --pinentry-mode loopback --passphrase-fd 0 -o /root/many.gpg -c /root/many </root/other
            aespipe -e AES256 -p 3 3</root/many </root/plain >/var/other_file
            {Convert}
            """);
        string left = await LeftAsync();
        await UnlockOtherAsync();

        Assert.Equal("", left);
        Assert.Equal("same", await RunAsync("cd /var/other && sha256sum --quiet -c /root/sums && echo same"));
    }

    [Fact]
    public async Task SymbolicLinkIsRefusedWithTheNameOfItsTarget()
    {
        await ConfigureAsync("format: loop-aes");
        await RunAsync("truncate -s 1M /root/target; ln -s /root/target /var/other_file");
        CommandResult refused = await TryAsync(Convert);
        await RunAsync("rm /root/target");
        Assert.Equal(1, refused.ExitCode);
        Assert.Contains("write 'container: /root/target' in the configuration", refused.Error,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task AbortGivesTheOldContainerBack()
    {
        await MakeAsync(100);
        await KillInTheMiddleAsync();
        await RunAsync("unlockctl convert --abort");
        string files = await RunAsync("stat -c %n /var/other_file*");
        await UnlockOtherAsync();
        CommandResult none = await TryAsync("unlockctl convert --abort");
        CommandResult unlocked = await TryAsync(Convert);

        Assert.Equal("/var/other_file", files);
        Assert.Equal("same", await RunAsync("cd /var/other && sha256sum --quiet -c /root/sums && echo same"));
        Assert.Contains("no conversion of /var/other_file was begun", none.Error, StringComparison.Ordinal);
        Assert.Contains("'unlockctl lock' first", unlocked.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task OldContainerThatWasWrittenToMeanwhileIsCopiedAgain()
    {
        await MakeAsync(100);
        await KillInTheMiddleAsync();
        // Somebody mounts it without unlockd.
        await RunAsync("""
            set -e
            cryptsetup open -q --type plain --cipher aes-cbc-plain64 --key-size 256 --hash sha512 \
                /var/other_file other </root/other
            mount /dev/mapper/other /mnt/prepare; echo later >/mnt/prepare/later; umount /mnt/prepare
            cryptsetup close other
            """);
        // And somebody edits the configuration, which was read at the begin, while it is being copied.
        string said = await RunAsync($"""
            {Convert} >/root/said 2>&1 & p=$!
            until ls /dev/mapper | grep -q convert-old; do :; done
            printf '\n# edited meanwhile\n' >>/etc/unlockd/unlockd.yaml
            wait $p && cat /root/said && grep -c 'format: luks' /etc/unlockd/unlockd.yaml
            grep 'edited' /etc/unlockd/unlockd.yaml; rm /root/said
            """);
        await UnlockOtherAsync();

        Assert.Contains("was written to since the last run: copying all of it again", said, StringComparison.Ordinal);
        Assert.EndsWith("\n1\n# edited meanwhile", said, StringComparison.Ordinal);
        Assert.Equal("later", await RunAsync("cat /var/other/later"));
    }

    [Fact]
    public async Task InterruptedOnATerminalItLeavesNoKeyAndGoesOn()
    {
        await MakeAsync(100);
        await using (SshTerminal terminal = await Guest.OpenTerminalAsync(
            "strace -f -qq -o /dev/null -e trace=pwrite64 -e inject=pwrite64:delay_enter=600000 unlockctl convert"))
        {
            await terminal.Console.ExpectAsync("Passphrase of /var/other_file: ", Soon, Cancellation);
            await terminal.Console.SendAsync(Passphrase + " of 2009\r", Cancellation);
            await terminal.Console.ExpectAsync("copying", TimeSpan.FromMinutes(1), Cancellation);
            await terminal.Console.ExpectAsync("8 %", TimeSpan.FromMinutes(1), Cancellation);
            CommandResult busy = await TryAsync(Convert);
            CommandResult locked = await TryAsync("unlockctl lock");
            await terminal.Console.SendAsync("\u0003", Cancellation);
            await terminal.Console.ExpectAsync("'unlockctl convert' goes on from there", Soon, Cancellation);
            Assert.Contains("another conversion is under way", busy.Error, StringComparison.Ordinal);
            Assert.Equal(5, locked.ExitCode);
            Assert.Contains("is being converted to LUKS", locked.Error, StringComparison.Ordinal);
        }

        string left = await LeftAsync();
        string said = await RunAsync(Convert);

        Assert.Equal("", left);
        Assert.Contains("going on at", said, StringComparison.Ordinal);
        await UnlockOtherAsync();
        Assert.Equal("same", await RunAsync("cd /var/other && sha256sum --quiet -c /root/sums && echo same"));
    }

    [Fact]
    public async Task RefusesWithoutRoomOrOverwriting()
    {
        await MakeAsync(48);
        await RunAsync("fallocate -l $(( $(stat -f -c '%a * %S' /var) - (100 << 20) )) /var/filler");
        CommandResult room = await TryAsync(Convert);
        await RunAsync("rm /var/filler; echo precious >/var/other_file.old");
        CommandResult old = await TryAsync(Convert);
        await RunAsync("mv /var/other_file.old /var/other_file.new");
        CommandResult taken = await TryAsync(Convert);
        string precious = await RunAsync("cat /var/other_file.new; rm /var/other_file.new");
        CommandResult wrong = await TryAsync(
            "printf 'a wrong passphrase of 2009' | unlockctl convert --passphrase-file -");
        string files = await RunAsync("stat -c %n /var/other_file*");
        await UnlockOtherAsync();

        Assert.Matches(@"64\.0 MiB more do not fit on the disk of /var/other_file: it has (9\d|100)\.\d MiB "
            + "left", room.Error);
        Assert.Contains("/var/other_file.old exists", old.Error, StringComparison.Ordinal);
        Assert.Contains("nothing is ever overwritten", taken.Error, StringComparison.Ordinal);
        Assert.Equal("precious", precious);
        Assert.Contains("wrong passphrase", wrong.Error, StringComparison.Ordinal);
        Assert.All((CommandResult[])[room, old, taken, wrong], static result => Assert.Equal(1, result.ExitCode));
        Assert.Equal("/var/other_file", files);
    }

    /// <summary>Makes the container as in 2009, and has the daemon take it up.</summary>
    /// <returns>The SHA-256 of its contents in the clear.</returns>
    private async Task<string> MakeAsync(int size)
    {
        await ConfigureAsync("format: loop-aes");
        await Guest.WriteFileAsync("/etc/unlockd/unlockd.yaml", Settings, Cancellation);
        string sum = await RunAsync($"""
            set -e
            printf '{Passphrase} of 2009' >/root/other
            systemctl restart unlockd
            mkdir -p /root/tree; head -c 20M /dev/urandom >/root/tree/file; cp -r /etc/unlockd /root/tree
            (cd /root/tree && find . -type f -print0 | xargs -0 sha256sum) >/root/sums
            truncate -s {size}M /root/plain
            mke2fs -q -F -t ext2 -d /root/tree /root/plain; rm -r /root/tree
            aespipe -e AES256 -p 3 3</root/other </root/plain >/var/other_file
            sha256sum </root/plain; rm /root/plain
            {ForgetRecords}
            """);
        return sum.Split(' ')[0];
    }

    /// <summary>kill -9 once the first mark is on the disk.</summary>
    private Task<string> KillInTheMiddleAsync() => RunAsync($$"""
        systemd-run -q --unit=slow strace -f -qq -o /dev/null -e trace=pwrite64 \
            -e inject=pwrite64:delay_enter=100000 {{Convert}}
        until grep -qx 67108864 /var/other_file.converting 2>/dev/null; do sleep 0.1; done
        kill -9 $(pidof unlockctl)
        while systemctl -q is-active slow; do sleep 0.1; done
        """);

    /// <summary>
    /// What the kernel still has a moment after the end: it takes mappings and loop devices down by itself.
    /// </summary>
    private async Task<string> LeftAsync()
    {
        await RunAsync("for i in {1..100}; do [ -z \"$(losetup -nl)\" ] && break; sleep 0.05; done");
        return await FindLeftoversAsync();
    }
}
