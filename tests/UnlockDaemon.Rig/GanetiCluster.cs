namespace UnlockDaemon.Rig;

/// <summary>
/// A real Ganeti of two nodes, with the package unlockd-ganeti on both. Its hypervisor is Ganeti's "fake" one: jobs,
/// locks and hooks are real, and the instance is a guest of the harness at the address that Ganeti has for it.
/// </summary>
public sealed class GanetiCluster : IAsyncDisposable
{
    private const string Name = "cluster.example.com";
    private const string Least =
        "min:memory-size=16,cpu-count=1,disk-count=0,disk-size=1,nic-count=0,spindle-use=0";

    private const string Most =
        "max:memory-size=4096,cpu-count=8,disk-count=16,disk-size=1048576,nic-count=8,spindle-use=12";

    private const string Init = $"""
        gnt-cluster init --enabled-hypervisors=fake --enabled-disk-templates=file,sharedfile,diskless \
            --file-storage-dir=/srv/ganeti/file-storage --shared-file-storage-dir=/srv/ganeti/shared-file-storage \
            --master-netdev=br0 --nic-parameters=mode=bridged,link=br0 --no-etc-hosts \
            --ipolicy-bounds-specs={Least}/{Most} \
            {Name} && cat /root/.ssh/id_rsa.pub
        """;

    private GanetiCluster(GanetiNode first, GanetiNode second) => (Master, Other) = (first, second);

    /// <summary>The node that runs the jobs.</summary>
    public GanetiNode Master { get; }

    /// <summary>The other node.</summary>
    public GanetiNode Other { get; }

    /// <summary>The package unlockd-ganeti that packaging/build-deb has made.</summary>
    /// <returns>Its path; null if there is none.</returns>
    public static string? FindPackage() => GuestImage.FindBuilt("unlockd-ganeti_*_all.deb");

    /// <summary>Why a cluster cannot run on this machine.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The reason; null if it can.</returns>
    public static async Task<string?> FindObstacleAsync(CancellationToken cancellationToken = default)
    {
        CommandResult mount = await HostCommand.RunAsync("unshare",
            [
                "--mount", "--pid", "--fork",
                "sh", "-c", "mount -t proc proc /proc && grep -qw overlay /proc/filesystems",
            ],
            cancellationToken: cancellationToken);
        return mount.ExitCode == 0 ? null : $"this machine has no overlay file system, or no namespaces: {mount.Error}";
    }

    /// <summary>Boots two nodes and makes a cluster of them.</summary>
    /// <param name="network">Where they are; the bridge of the guests.</param>
    /// <param name="instances">Names and addresses for their /etc/hosts.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <returns>The cluster, without instances.</returns>
    /// <exception cref="InvalidOperationException">Something failed; the message has its last words.</exception>
    public static async Task<GanetiCluster> StartAsync(GuestNetwork network,
        IReadOnlyDictionary<string, string> instances, CancellationToken cancellationToken = default)
    {
        string package = FindPackage()
            ?? throw new InvalidOperationException("there is no package: run packaging/build-deb");
        string tree = await GuestImage.RunScriptAsync("ganeti-nodes");
        string logs = Workplace.NewLogDirectory("ganeti");
        string shared = Workplace.NewRunDirectory();
        await File.WriteAllTextAsync(Path.Combine(shared, "hosts"), Hosts(network, instances), cancellationToken);
        GanetiNode first = await GanetiNode.BootAsync(
            tree, package, "node1.example.com", network.Address(101), network.Bridge, shared, logs);
        GanetiNode second = await GanetiNode.BootAsync(
            tree, package, "node2.example.com", network.Address(102), network.Bridge, shared, logs);
        GanetiCluster cluster = new(first, second);
        try
        {
            await cluster.FormAsync(cancellationToken);
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <summary>Takes a guest in as an instance.</summary>
    /// <param name="name">Its name; must be among the hosts.</param>
    /// <param name="address">The guest's address.</param>
    /// <param name="primary">Where Ganeti holds it to be.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <returns>When Ganeti has it.</returns>
    public async Task AddInstanceAsync(
        string name, string address, GanetiNode primary, CancellationToken cancellationToken = default)
    {
        string command = $"""
            gnt-instance add -H fake -t sharedfile --disk 0:size=16m -o noop+default -B memory=32 -n {primary.Name} \
                --net 0:ip={address} --no-ip-check --no-name-check {name}
            """;
        (await Master.RunAsync(command, cancellationToken: cancellationToken)).Require();
    }

    /// <summary>Pulls the plug of both nodes.</summary>
    public async ValueTask DisposeAsync()
    {
        await Master.DisposeAsync();
        await Other.DisposeAsync();
    }

    private static string Hosts(GuestNetwork network, IReadOnlyDictionary<string, string> instances) => $"""
        127.0.0.1 localhost
        {network.Address(100)} {Name} cluster
        {network.Address(101)} node1.example.com node1
        {network.Address(102)} node2.example.com node2
        {string.Join('\n', instances.Select(static instance => $"{instance.Value} {instance.Key}"))}

        """;

    private async Task FormAsync(CancellationToken cancellationToken)
    {
        await Master.WaitUntilReadyAsync(cancellationToken);
        await Other.WaitUntilReadyAsync(cancellationToken);
        // Ganeti makes a new key for root on the master, which the other node has to take.
        string key = (await Master.RunAsync(Init, cancellationToken: cancellationToken)).Require().Split('\n')[^1];
        (await Other.RunAsync(
            $"echo '{key}' >>/root/.ssh/authorized_keys", cancellationToken: cancellationToken)).Require();
        (await Master.RunAsync($"gnt-node add --no-ssh-key-check {Other.Name} </dev/null",
            cancellationToken: cancellationToken)).Require();
    }
}
