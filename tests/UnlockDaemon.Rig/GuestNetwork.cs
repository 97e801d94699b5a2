using System.Text;
using Microsoft.Win32.SafeHandles;
using UnlockDaemon.Linux.Storage;

namespace UnlockDaemon.Rig;

/// <summary>A bridge that guests are plugged into; this machine itself has the address ending in 1.</summary>
/// <remarks>
/// Networks are numbered, so that several runs can go on at the same time: bridge udbrN, addresses 10.77.N.0/24. A
/// locked file holds the number; the lock goes with the process, and who takes the number next removes what was left.
/// </remarks>
public sealed class GuestNetwork : IAsyncDisposable
{
    private const int Networks = 100;
    private const int Ports = 16;
    private readonly SafeFileHandle _lock;
    private readonly int _number;
    private readonly bool[] _taken = new bool[Ports];

    private GuestNetwork(SafeFileHandle held, int number)
    {
        _lock = held;
        _number = number;
    }

    /// <summary>This machine's address on it.</summary>
    public string HostAddress => Address(1);

    /// <summary>The bridge's name.</summary>
    public string Bridge => $"udbr{_number}";

    /// <summary>Makes a network.</summary>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <returns>The network, without any guest.</returns>
    public static async Task<GuestNetwork> CreateAsync(CancellationToken cancellationToken = default)
    {
        GuestNetwork network = Reserve();
        await network.RemoveDevicesAsync();
        StringBuilder batch = new();
        batch.Append($"link add {network.Bridge} type bridge forward_delay 0\n");
        batch.Append($"address add {network.HostAddress}/24 dev {network.Bridge}\n");
        batch.Append($"link set {network.Bridge} up\n");
        for (int port = 0; port < Ports; port++)
        {
            batch.Append($"tuntap add dev {network.Tap(port)} mode tap\n");
            batch.Append($"link set {network.Tap(port)} master {network.Bridge} up\n");
        }

        (await IpAsync(batch.ToString(), [], cancellationToken)).Require();
        return network;
    }

    /// <summary>Removes the network.</summary>
    public async ValueTask DisposeAsync()
    {
        await RemoveDevicesAsync();
        _lock.Dispose();
    }

    /// <summary>An address on it; those above 100 are not given to guests.</summary>
    internal string Address(int host) => $"10.77.{_number}.{host}";

    internal NetworkPort AddPort()
    {
        lock (_taken)
        {
            int port = Array.IndexOf(_taken, value: false);
            if (port < 0)
                throw new InvalidOperationException($"{Bridge} has no more than {Ports} places for guests");
            _taken[port] = true;
            return new NetworkPort(this, Tap(port), Address(port + 2));
        }
    }

    internal ValueTask RemoveAsync(NetworkPort port)
    {
        lock (_taken)
            _taken[int.Parse(port.Interface.Split('-')[1])] = false;
        return ValueTask.CompletedTask;
    }

    private static GuestNetwork Reserve()
    {
        for (int number = 0; number < Networks; number++)
        {
            if (OwnFile.TryLock($"/run/lock/unlockd-rig.{number}") is { } held)
                return new GuestNetwork(held, number);
        }

        throw new InvalidOperationException($"all {Networks} test networks are in use: see /run/lock/unlockd-rig.*");
    }

    private string Tap(int port) => $"udtap{_number}-{port}";

    private async Task RemoveDevicesAsync()
    {
        StringBuilder batch = new();
        for (int port = 0; port < Ports; port++)
            batch.Append($"link delete {Tap(port)}\n");
        batch.Append($"link delete {Bridge}\n");
        await IpAsync(batch.ToString(), ["-force"], CancellationToken.None);
    }

    private static Task<CommandResult> IpAsync(string batch, string[] options, CancellationToken cancellationToken) =>
        HostCommand.RunAsync("ip", [.. options, "-batch", "-"], Encoding.ASCII.GetBytes(batch),
            cancellationToken: cancellationToken);
}
