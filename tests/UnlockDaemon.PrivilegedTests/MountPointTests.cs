using UnlockDaemon.Linux.Storage;
using Xunit;

namespace UnlockDaemon.PrivilegedTests;

/// <summary>Mounting, unmounting and who is in the way, on this machine's kernel.</summary>
public sealed class MountPointTests : IDisposable
{
    private readonly ContainerFixture _fixture = new();

    [Fact]
    public void MountsWithItsOptionsAndUnmounts()
    {
        Mount();
        MountEntry mount = _fixture.MountPoint.Current!;
        Assert.Equal("ext4", mount.Type);
        Assert.Contains("nodev", mount.Options, StringComparison.Ordinal);
        Assert.True(_fixture.MountPoint.TryDetach());
        Assert.Null(_fixture.MountPoint.Current);
    }

    [Fact]
    public void HolderIsFoundByItsOpenFileAndWorkingDirectory()
    {
        Mount();
        string file = Path.Combine(_fixture.MountPoint.Path, "held");
        File.WriteAllText(file, "");
        string[] hold = ["-c", $"exec <{file}; echo ready; exec sleep 1000 <{file}"];
        System.Diagnostics.ProcessStartInfo start = new("/bin/sh", hold)
        {
            WorkingDirectory = _fixture.MountPoint.Path,
            RedirectStandardOutput = true,
            UseShellExecute = false,
        };
        using var holder = System.Diagnostics.Process.Start(start)!;
        holder.StandardOutput.ReadLine();
        try
        {
            Assert.False(_fixture.MountPoint.TryDetach());
            MountEntry mount = _fixture.MountPoint.Current!;
            IReadOnlyList<Holder> holders = HolderScan.Find(mount.Device, mount, lower: null);
            Assert.Contains(holders, found => found.Pid == holder.Id && found.Kind == "file" && found.Path == file);
            Assert.Contains(holders, found => found.Pid == holder.Id && found.Kind == "cwd");
        }
        finally
        {
            holder.Kill();
            holder.WaitForExit();
        }
    }

    [Fact]
    public void ImmutableDirectoryTakesNoFiles()
    {
        Assert.True(_fixture.MountPoint.TrySetImmutable());
        Assert.ThrowsAny<Exception>(() => File.WriteAllText(Path.Combine(_fixture.MountPoint.Path, "file"), ""));
    }

    [Fact]
    public void DirectoryWithFilesInItStaysAsItIs()
    {
        string file = Path.Combine(_fixture.MountPoint.Path, "file");
        File.WriteAllText(file, "in use");
        Assert.False(_fixture.MountPoint.TrySetImmutable());
        File.Delete(file);
    }

    [Fact]
    public async Task CleanFilesystemPassesTheCheck()
    {
        LoopDevice device = LoopDevice.Attach(_fixture.Container);
        Assert.Null(
            await FilesystemCheck.PreenAsync(device.Path, progress: null, TestContext.Current.CancellationToken));
    }

    public void Dispose() => _fixture.Dispose();

    private void Mount() =>
        _fixture.MountPoint.Attach(LoopDevice.Attach(_fixture.Container).Path, "ext4",
            ["nodev", "nosuid", "errors=remount-ro"]);
}
