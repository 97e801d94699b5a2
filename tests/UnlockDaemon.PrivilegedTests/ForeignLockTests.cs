using System.Diagnostics;
using UnlockDaemon.Linux.Storage;
using UnlockDaemon.Linux.Systemd;
using UnlockDaemon.Storage.Configuration;
using Xunit;

namespace UnlockDaemon.PrivilegedTests;

/// <summary>What a user without any rights holds locked, flock(2), is read all the same.</summary>
public sealed class ForeignLockTests : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("unlockd-locked-");
    private Process? _holder;

    public void Dispose()
    {
        // The shell and what it waits for are one group.
        _holder?.Kill(entireProcessTree: true);
        _holder?.Dispose();
        _directory.Delete(recursive: true);
    }

    [Fact]
    public async Task KeysAreFound()
    {
        await HoldAsync("/proc/keys");
        Assert.NotNull(KeyTable.Read());
        Assert.False(new KeptKey("no-such-mapping").Exists);
    }

    [Fact]
    public async Task SwapIsFound()
    {
        await HoldAsync("/proc/swaps");
        Assert.NotNull(SwapTable.Read().ToArray());
    }

    [Fact]
    public async Task MemoryIsMeasured()
    {
        await HoldAsync("/proc/meminfo");
        Assert.NotEqual(0u, KeyDerivation.FitMemory(MemoryInfo.Read(), []));
    }

    /// <summary>A stand-in for /sys/fs/cgroup, where this machine may have no group to look at.</summary>
    [Fact]
    public async Task AControlGroupIsLookedAt()
    {
        string events = Path.Combine(_directory.FullName, "cgroup.events");
        await File.WriteAllTextAsync(events, "populated 1\n", TestContext.Current.CancellationToken);
        await HoldAsync(events);
        Assert.False(new ControlGroup("", _directory.FullName).IsEmpty);
    }

    [Fact]
    public async Task TheConfigurationIsRead()
    {
        string path = Path.Combine(_directory.FullName, "unlockd.yaml");
        await File.WriteAllTextAsync(path, "volume: { container: /var/c, mount_point: /var/secure }\n",
            TestContext.Current.CancellationToken);
        await HoldAsync(path);
        Assert.Empty(ConfigurationLoader.Load(path).Errors);
    }

    private async Task HoldAsync(string path)
    {
        File.SetUnixFileMode(_directory.FullName, (UnixFileMode)0x1ED); // 0755
        _holder = Process.Start(new ProcessStartInfo("setpriv",
            ["--reuid=65534", "--regid=65534", "--clear-groups", "flock", "-x", path, "sh", "-c",
                "echo held; exec sleep infinity"])
        { RedirectStandardOutput = true })!;
        Assert.Equal("held", await _holder.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken));
    }
}
