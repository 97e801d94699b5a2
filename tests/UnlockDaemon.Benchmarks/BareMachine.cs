using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using System.Text;
using UnlockDaemon.Rig;

namespace UnlockDaemon.Benchmarks;

/// <summary>
/// This machine's own kernel and processors, under a container that boots the guest's image: the daemon runs as fast as
/// it would without a guest, and has the systemd and the bus that it needs.
/// </summary>
internal sealed class BareMachine : IAsyncDisposable
{
    private const string Leader = "X_NSPAWN_LEADER_PID=";
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("unlockd-bare-");
    private Process? _container;
    private string _leader = "";

    private string Root => Path.Combine(_directory.FullName, "root");

    private string NotifyPath => Path.Combine(_directory.FullName, "notify");

    /// <summary>Boots the container; nothing of it is written to the image.</summary>
    internal static async Task<BareMachine> BootAsync(GuestImage image, CancellationToken cancellation)
    {
        BareMachine machine = new();
        Directory.CreateDirectory(machine.Root);
        await RunAsync("mount", ["-o", "ro,noload,loop", image.Path, machine.Root], default, cancellation);
        using Socket notifications = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        notifications.Bind(new UnixDomainSocketEndPoint(machine.NotifyPath));
        machine.Start();
        await machine.WaitUntilReadyAsync(notifications, cancellation);
        return machine;
    }

    /// <summary>Runs a program in it.</summary>
    internal Task<string> RunAsync(string command, byte[] input, CancellationToken cancellation) => RunAsync("nsenter",
        ["-t", _leader, "-m", "-u", "-i", "-n", "-p", "-C", "--root", "--wd", "--", "env", "-i",
            "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "sh", "-c", command],
        input, cancellation);

    public async ValueTask DisposeAsync()
    {
        if (_container is not null)
        {
            // The container ends with it.
            _container.Kill();
            await _container.WaitForExitAsync();
            _container.Dispose();
        }

        await RunAsync("umount", ["--lazy", Root], default, CancellationToken.None);
        _directory.Delete(recursive: true);
    }

    private static async Task<string> RunAsync(
        string file, string[] arguments, ReadOnlyMemory<byte> input, CancellationToken cancellation) =>
        (await HostCommand.RunAsync(file, arguments, input, cancellationToken: cancellation)).Require();

    private void Start()
    {
        ProcessStartInfo start = new("systemd-nspawn",
            ["--quiet", "--keep-unit", "--register=no", "--boot", "--notify-ready=yes", "--volatile=overlay",
                "--private-network", "--resolv-conf=off", "--timezone=off", "--capability=all", $"--directory={Root}"])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["NOTIFY_SOCKET"] = NotifyPath;
        _container = Process.Start(start)!;
        _container.BeginOutputReadLine();
        _container.BeginErrorReadLine();
    }

    /// <summary>sd_notify(3): first who the first process is, and when the boot is over READY=1.</summary>
    private async Task WaitUntilReadyAsync(Socket notifications, CancellationToken cancellation)
    {
        byte[] buffer = new byte[4096];
        for (bool ready = false; !ready;)
        {
            int count = await notifications.ReceiveAsync(buffer, cancellation);
            string[] lines = Encoding.UTF8.GetString(buffer, 0, count).Split('\n');
            ready = lines.Contains("READY=1");
            if (Array.Find(lines, static line => line.StartsWith(Leader, StringComparison.Ordinal)) is { } line)
                _leader = int.Parse(line[Leader.Length..], CultureInfo.InvariantCulture)
                    .ToString(CultureInfo.InvariantCulture);
        }
    }
}
