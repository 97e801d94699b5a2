using UnlockDaemon.Rig;
using Xunit;

namespace UnlockDaemon.GuestTests;

/// <summary>Neither passphrase nor key stays in the daemon's memory, whichever way it came.</summary>
public sealed class SecretTests(UnlockdGuest fixture) : UnlockdTest(fixture)
{
    private const string Wrong = "incorrect horse battery";

    // Reads all readable memory of the daemon; prints each of the given patterns (hexadecimal) that is found in it.
    private const string Search = """
        #!/usr/bin/perl
        my ($pid, @patterns) = @ARGV;
        my @wanted = map { pack 'H*', $_ } @patterns;
        open my $maps, '<', "/proc/$pid/maps" or die;
        open my $memory, '<:raw', "/proc/$pid/mem" or die;
        my $read = 0;
        while (<$maps>) {
            next unless /^([0-9a-f]+)-([0-9a-f]+) r/;
            my ($start, $length) = (hex $1, hex($2) - hex $1);
            next if $length > 1 << 28 or /\[v(var|syscall)/;
            for (my $at = 0; $at < $length; $at += 1 << 22) {
                sysseek $memory, $start + $at, 0;
                my $count = sysread $memory, my $bytes, (1 << 22) + 256;
                next unless $count;
                $read += $count;
                for my $i (0 .. $#wanted) { print "found $patterns[$i]\n" if index($bytes, $wanted[$i]) >= 0 }
            }
        }
        print "searched ", $read > 1 << 20 ? "all" : "nothing", "\n";
        """;

    [Fact]
    public async Task SearchFindsWhatIsThere()
    {
        await InstallSearchAsync();
        // The host name is in the daemon's memory as UTF-16, since every greeting names it.
        string found = await RunAsync("perl /root/search $(pidof unlockd) "
            + Hex(System.Text.Encoding.Unicode, "/var/secure"));
        Assert.Contains("found", found, StringComparison.Ordinal);
        Assert.Contains("searched all", found, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("console")]
    [InlineData("file")]
    [InlineData("ssh")]
    [InlineData("agent")]
    [InlineData("wrong on the console")]
    [InlineData("wrong on the socket")]
    [InlineData("cancelled")]
    public async Task NothingIsFoundAfter(string entry)
    {
        await InstallSearchAsync();
        await PromptAgainAsync();
        await EnterAsync(entry);

        // The volume key: as the kernel has it, from a header opened apart from the daemon.
        string key = await RunAsync("""
            cryptsetup luksDump -q --dump-volume-key --volume-key-file /root/volume.key \
                --key-file /root/passphrase /var/encrypt_file >/dev/null
            od -An -v -tx1 /root/volume.key | tr -d ' \n'; rm /root/volume.key
            """);
        string[] patterns =
        [
            Hex(System.Text.Encoding.UTF8, UnlockdGuest.Passphrase),
            Hex(System.Text.Encoding.Unicode, UnlockdGuest.Passphrase),
            Hex(System.Text.Encoding.UTF8, Wrong), Hex(System.Text.Encoding.Unicode, Wrong),
            Hex(System.Text.Encoding.UTF8,
                Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes(UnlockdGuest.Passphrase))[..24]),
            key[..64], key[64..],
        ];
        string found = await RunAsync($"perl /root/search $(pidof unlockd) {string.Join(' ', patterns)}");
        Assert.Equal("searched all", found);
    }

    private static string Hex(System.Text.Encoding encoding, string text) =>
        Convert.ToHexStringLower(encoding.GetBytes(text));

    private Task InstallSearchAsync() => Guest.WriteFileAsync("/root/search", Search, Cancellation);

    private async Task EnterAsync(string entry)
    {
        switch (entry)
        {
            case "console":
                await Guest.Tty1.SendAsync(UnlockdGuest.Passphrase + "\r", Cancellation);
                await Guest.Tty1.ExpectAsync("is mounted", Soon, Cancellation);
                break;
            case "file":
                await UnlockAsync();
                break;
            case "ssh":
                await using (SshTerminal terminal = await Guest.OpenTerminalAsync("unlockctl unlock"))
                {
                    await terminal.Console.ExpectAsync("Passphrase: ", Soon, Cancellation);
                    await terminal.Console.SendAsync(UnlockdGuest.Passphrase + "\r", Cancellation);
                    await terminal.Console.ExpectAsync("all services are ready", TimeSpan.FromMinutes(1), Cancellation);
                }

                break;
            case "agent":
                await using (SshTerminal terminal = await Guest.OpenTerminalAsync(
                    "systemd-tty-ask-password-agent --watch"))
                {
                    await terminal.Console.ExpectAsync("Passphrase of /var/secure", Soon, Cancellation);
                    await terminal.Console.SendAsync(UnlockdGuest.Passphrase + "\r", Cancellation);
                    await Guest.Tty1.ExpectAsync("is mounted", Soon, Cancellation);
                }

                break;
            case "wrong on the console":
                await Guest.Tty1.SendAsync(Wrong + "\r", Cancellation);
                await Guest.Tty1.ExpectAsync("Wrong passphrase.", Soon, Cancellation);
                break;
            case "wrong on the socket":
                await TryAsync($"printf '{Wrong}' | unlockctl unlock --passphrase-file -");
                break;
            default:
                await Guest.Tty1.SendAsync(UnlockdGuest.Passphrase + "\u0003", Cancellation);
                await Guest.Tty1.ExpectAsync("Passphrase: ", Soon, Cancellation);
                break;
        }
    }
}
