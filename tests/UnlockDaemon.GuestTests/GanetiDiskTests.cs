using UnlockDaemon.Rig;
using Xunit;

namespace UnlockDaemon.GuestTests;

/// <summary>What a real Ganeti does to an instance's disks while unlockd is in it.</summary>
public sealed class GanetiDiskTests(GanetiInstance instance) : GanetiTest(instance)
{
    // Nodes without LVM have no DRBD disks, and Ganeti replaces no others: its configuration is made to say that this
    // one is mirrored. What is looked at happens before Ganeti touches a disk.
    private const string SayMirrored = """
        import json, sys, uuid
        path, (name, size) = "/var/lib/ganeti/config.data", sys.argv[1:]
        config = json.load(open(path))
        instance = [i for i in config["instances"].values() if i["name"] == name][0]
        primary = instance["primary_node"]
        secondary = [node for node in config["nodes"] if node != primary][0]
        for disk in map(config["disks"].get, instance["disks"]):
            def volume(label, size):
                return dict(disk, uuid=str(uuid.uuid4()), dev_type="plain", size=size,
                    logical_id=["xenvg", label], children=[])
            disk.update(dev_type="drbd", nodes=[primary, secondary],
                logical_id=[primary, secondary, 11000, 0, 0, "secret"],
                children=[volume("data", disk["size"]), volume("meta", 128)])
        if "disk_template" in instance:
            instance["disk_template"] = "drbd"
        config["serial_no"] += 1
        json.dump(config, open(path, "w"))
        """;

    [Fact]
    public async Task MoveLocksBefore()
    {
        string target = await PrimaryAsync() == Master.Name ? "node2.example.com" : Master.Name;
        await ConvertAsync("file");
        try
        {
            await UnlockAsync();
            CommandResult move = await OnMasterAsync($"gnt-instance move -f -n {target} {GanetiInstance.Name}");
            Assert.True(move.ExitCode == 0, move.Output + move.Error);
            Assert.Equal(target, await PrimaryAsync());
            Assert.Equal("ganeti move", (await CertificatesAsync())[0].GetProperty("reason").GetString());
            Assert.Equal(("locked", false), await StateAsync());
        }
        finally
        {
            await ConvertAsync("sharedfile");
        }
    }

    [Fact]
    public async Task ReplacingDisksIsDeniedWhenAStrangerHoldsTheVolume()
    {
        const string Configuration = "/var/lib/ganeti/config.data";
        await UnlockAsync();
        await OnMasterAsync($"cat >/root/say-mirrored <<'END'\n{SayMirrored}\nEND");
        await RunAsync("sleep 1000 </var/secure/mysql/aria_log_control & echo $! >/root/holder");
        await WithoutDaemonsAsync(
            $"cp {Configuration} /root/config.data && python3 /root/say-mirrored {GanetiInstance.Name} 16");
        try
        {
            CommandResult replace = await OnMasterAsync($"gnt-instance replace-disks -p {GanetiInstance.Name}");
            AssertDenied(replace, "replace-disks", "sleep (pid");
            Assert.Equal(("ready", false), await StateAsync());
        }
        finally
        {
            await RunAsync("kill $(cat /root/holder)");
            await WithoutDaemonsAsync($"cp /root/config.data {Configuration}");
        }
    }

    private async Task ConvertAsync(string template)
    {
        CommandResult converted = await OnMasterAsync($"""
            gnt-instance shutdown {GanetiInstance.Name} &&
            gnt-instance modify -t {template} {GanetiInstance.Name} &&
            gnt-instance startup {GanetiInstance.Name}
            """);
        Assert.True(converted.ExitCode == 0, converted.Output + converted.Error);
    }

    /// <summary>Ganeti's configuration is changed by hand only while its daemons are down.</summary>
    private async Task WithoutDaemonsAsync(string command)
    {
        CommandResult changed = await OnMasterAsync($"""
            /usr/lib/ganeti/daemon-util stop-all && {command}; code=$?
            /usr/lib/ganeti/daemon-util start-all && exit $code
            """);
        Assert.True(changed.ExitCode == 0, changed.Output + changed.Error);
    }
}
