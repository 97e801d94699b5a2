using System.IO.Enumeration;
using System.Text;
using System.Text.Json;
using UnlockDaemon.Rig;
using Xunit;

namespace UnlockDaemon.GuestTests;

/// <summary>Whoever holds the volume is found, by whatever means it is held; who does not is left alone.</summary>
public sealed class HoldersTests(UnlockdGuest fixture) : LightServiceTest(fixture)
{
    private const string Ask = """
        echo "$({ systemctl show -p MainPID --value holder
            pgrep -P "$(systemctl show -p MainPID --value holder)"; } | tail -1)"
        unlockctl holders --json | tr -d '\n'; echo
        fuser -vm /var/secure 2>&1 | sed 's/^/fuser /'
        lsof -w +f -- /var/secure 2>&1 | sed 's/^/lsof /'
        """;

    [Fact]
    public async Task FindsEveryKind()
    {
        await UnlockForHoldersAsync();
        StringBuilder table = new("kind of holder              unlockd  fuser -m  lsof +f\n");
        List<string> missed = [];
        foreach (Holding holding in Holding.All)
        {
            string answers = await RunAsync($"{holding.Begin}\n{Ask}\n{{ {holding.End}; }} >/dev/null 2>&1; true");
            Row row = Row.Read(holding, answers.Split('\n'));
            table.AppendLine($"{holding.Name,-27} {Mark(row.Found)} {Mark(row.Fuser)}  {Mark(row.Lsof)}");
            if (!row.Found)
                missed.Add($"{holding.Name}:\n{answers}");
        }

        TestContext.Current.TestOutputHelper?.WriteLine(table.ToString());
        Assert.True(missed.Count == 0, $"{table}\n{string.Join("\n", missed)}");
        Assert.Equal("nobody holds the volume", await RunAsync("unlockctl holders"));
    }

    [Fact]
    public async Task FindsADeviceStackedOnTheMapping()
    {
        await UnlockForHoldersAsync();
        // The kernel lets nobody stack a device on a mounted one.
        await RunAsync("""
            systemctl stop sleeper; umount /var/secure
            dmsetup create above --table '0 8 linear /dev/mapper/unlockd-secure 0'
            """);
        CommandResult holders = await TryAsync("unlockctl holders; c=$?; dmsetup remove above; exit $c");
        Assert.Equal(5, holders.ExitCode);
        Assert.Matches("another device: /dev/dm-", holders.Output);
    }

    [Fact]
    public async Task ServicesWithMountNamespacesOfTheirOwnHoldNothing()
    {
        string[] confined =
        [
            "-p PrivateTmp=yes", "-p ProtectSystem=strict -p ReadWritePaths=/var/secure", "-p PrivateMounts=yes",
            "-p ProtectHome=yes -p ProtectKernelTunables=yes",
        ];
        string[] late = ["-p PrivateTmp=yes", "-p PrivateDevices=yes"];
        try
        {
            // A namespace may be older than the mount, or younger.
            await RunAsync(string.Join('\n', late.Select(static (option, i) => Confine($"late{i}", option))));
            await UnlockForHoldersAsync();
            await RunAsync(string.Join('\n', confined.Select(static (option, i) => Confine($"confined{i}", option))));
            Assert.Equal("nobody holds the volume", await RunAsync("unlockctl holders"));
            await RunAsync("unlockctl lock");
        }
        finally
        {
            await TryAsync("systemctl stop 'confined*' 'late*'");
        }
    }

    private static string Confine(string unit, string options) =>
        $"systemd-run -q --unit={unit} -p Type=exec {options} sleep infinity";

    private static string Mark(bool found) => found ? "yes    " : "-      ";

    /// <summary>Who finds it.</summary>
    private sealed record Row(bool Found, bool Fuser, bool Lsof)
    {
        internal static Row Read(Holding holding, string[] answers)
        {
            string pid = holding.IsProcess ? answers[0] : "0";
            IEnumerable<string> Of(string tool) =>
                answers.Where(line => line.StartsWith(tool + " ", StringComparison.Ordinal))
                    .Select(line => line[tool.Length..]);
            bool Names(string line) => holding.IsProcess
                ? line.Split(' ', StringSplitOptions.RemoveEmptyEntries).Contains(pid)
                : line.Contains(holding.Path, StringComparison.Ordinal);
            return new(
                JsonDocument.Parse(answers[1]).RootElement.GetProperty("holders").EnumerateArray().Any(holder =>
                    IsIt(holding, pid, holder)), Of("fuser").Any(Names), Of("lsof").Any(Names));
        }

        private static bool IsIt(Holding holding, string pid, JsonElement holder)
        {
            string command = holding.Kind == "executable" ? "sleeper" : "python3";
            return holder.GetProperty("kind").GetString() == holding.Kind
                && FileSystemName.MatchesSimpleExpression(holding.Path, holder.GetProperty("path").GetString())
                && holder.GetProperty("pid").GetInt32().ToString() == pid
                && (!holding.IsProcess
                    || (holder.GetProperty("unit").GetString() == "holder.service"
                        && holder.GetProperty("command").GetString() == command));
        }
    }
}
