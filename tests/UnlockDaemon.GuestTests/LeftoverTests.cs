using System.Text;
using UnlockDaemon.Rig;
using Xunit;

namespace UnlockDaemon.GuestTests;

/// <summary>The certificate is never issued while anything of the volume is left, and always when nothing is.</summary>
public sealed class LeftoverTests(UnlockdGuest fixture) : LightServiceTest(fixture)
{
    private const string Certificate = "/root/certificate";

    /// <summary>
    /// All that a certificate says is not there; read by other means than unlockd's. What is mounted in its place in another
    /// namespace is nothing of it.
    /// </summary>
    private const string FindLeft = """
        losetup -nl -O NAME,BACK-FILE
        ls /dev/mapper | grep -v control
        grep -hE ' /var/secure | /dev/mapper/' /proc/[0-9]*/mountinfo | grep -v ' - tmpfs none '
        grep cryptsetup: /proc/keys
        systemctl is-active sleeper | grep -vE 'inactive|failed'
        cat /sys/fs/cgroup/system.slice/sleeper.service/cgroup.procs 2>/dev/null
        """;

    [Fact]
    public async Task HeldVolumeIsNotLocked()
    {
        await UnlockForHoldersAsync();
        await ProveAsync(Holding.All.Select(static holding =>
            new Leftover(holding.Name, holding.Begin, holding.End, holding.Path.TrimEnd('*')) { Code = 5 }),
            "unlockctl status >/dev/null; echo \"after $?\"", "after 0\n");
    }

    [Fact]
    public Task LeftoversOfALockedVolumeAreTakenAwayOrNamed() =>
        ProveAsync(Leftover.All, Lock("", "again"), "again 0\nagain issued");

    [Fact]
    public async Task WhatUnlockctlMapsForAMomentIsNoLeftover()
    {
        CommandResult locked = await TryAsync("""
            dmsetup create unlockd-create-1 --table '0 8 zero'; dmsetup create unlockd-restore-1 --table '0 8 zero'
            unlockctl lock; code=$?
            dmsetup remove --retry unlockd-create-1; dmsetup remove --retry unlockd-restore-1; exit $code
            """);
        Assert.Equal(0, locked.ExitCode);
    }

    private static string Lock(string options, string word) => $"""
        rm -f {Certificate}
        unlockctl lock {options} --certificate {Certificate} >/root/said 2>&1; echo "{word} $?"
        [ ! -e {Certificate} ] || echo "{word} issued"
        """;

    /// <summary>Tries one after the other, and afterwards a lock with nothing left.</summary>
    /// <param name="leftovers">What is left.</param>
    /// <param name="after">A command after each of them.</param>
    /// <param name="expected">What that says.</param>
    private async Task ProveAsync(IEnumerable<Leftover> leftovers, string after, string expected)
    {
        StringBuilder table = new("left over                               certificate\n");
        List<string> wrong = [];
        foreach (Leftover leftover in leftovers)
        {
            string answers = await RunAsync($$"""
                { {{leftover.Begin}}
                } >/dev/null 2>/root/begin
                {{Lock(leftover.Options, "lock")}}
                { {{FindLeft}}
                } | sed 's/^/left: /'
                sed 's/^/said: /' /root/said; sed 's/^/begin: /' /root/begin
                grep -q 'hung up' /root/said && journalctl -u unlockd -n 25 -o cat | sed 's/^/journal: /'
                { true; {{leftover.End}}
                } >/dev/null 2>&1
                {{after}}
                true
                """);
            table.AppendLine($"{leftover.Name,-39} {Outcome(leftover, answers)}");
            if (!IsRight(leftover, answers) || !(answers + "\n").Contains(expected, StringComparison.Ordinal))
                wrong.Add($"{leftover.Name}:\n{answers}");
        }

        string last = await RunAsync($"{Lock("", "lock")}\ncat {Certificate}\n{{ {FindLeft}\n}} | sed 's/^/left: /'");
        TestContext.Current.TestOutputHelper?.WriteLine(table.ToString());
        Assert.True(wrong.Count == 0, $"{table}\n{string.Join("\n\n", wrong)}");
        Assert.StartsWith("lock 0\nlock issued\n", last, StringComparison.Ordinal);
        Assert.DoesNotContain("\"ok\":false", last, StringComparison.Ordinal);
        Assert.DoesNotContain("left:", last, StringComparison.Ordinal);
    }

    private static bool IsRight(Leftover leftover, string answers) =>
        answers.StartsWith("lock 0\nlock issued\n", StringComparison.Ordinal)
            ? (leftover.Code == 0 || leftover.OrProven) && !answers.Contains("\nleft: ", StringComparison.Ordinal)
            : leftover.Code != 0
                && answers.StartsWith($"lock {leftover.Code}\n", StringComparison.Ordinal)
                && !answers.Contains("lock issued", StringComparison.Ordinal)
                && answers.Split('\n').Any(line => line.StartsWith("said: ", StringComparison.Ordinal)
                    && line.Contains(leftover.Said!, StringComparison.Ordinal));

    private static string Outcome(Leftover leftover, string answers)
    {
        string code = answers.Split('\n')[0]["lock ".Length..];
        return answers.Contains("lock issued", StringComparison.Ordinal) ? "issued: the lock took it away"
            : leftover.Said is null ? $"none (exit {code})" : $"none (exit {code}), names \"{leftover.Said}\"";
    }
}
