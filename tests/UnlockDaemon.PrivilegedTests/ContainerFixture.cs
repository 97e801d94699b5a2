using System.Diagnostics;
using UnlockDaemon.Linux;
using UnlockDaemon.Linux.Storage;
using Xunit;

namespace UnlockDaemon.PrivilegedTests;

/// <summary>A container file with an ext4 file system in the clear, and a directory to mount it on.</summary>
public sealed class ContainerFixture : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("unlockd-privileged-").FullName;

    public ContainerFixture()
    {
        if (!ProcessHardening.IsRoot || !File.Exists("/dev/loop-control"))
            Assert.Skip("needs root and a kernel with loop devices");
        Container = Path.Combine(_directory, "container");
        MountPoint = new MountPoint(Path.Combine(_directory, "mount"));
        Directory.CreateDirectory(MountPoint.Path);
        using (FileStream file = File.Create(Container))
            file.SetLength(16 << 20);
        using Process mkfs = Process.Start("/usr/sbin/mkfs.ext4", ["-q", Container]);
        mkfs.WaitForExit();
        Assert.Equal(0, mkfs.ExitCode);
    }

    public string Container { get; }

    public MountPoint MountPoint { get; }

    public void Dispose()
    {
        if (MountPoint.Current is not null)
            MountPoint.TryDetach();
        LoopDevice.FindByBackingFile(FileIdentity.Of(Container))?.Detach();
        Process.Start("/usr/bin/chattr", ["-i", MountPoint.Path]).WaitForExit();
        Directory.Delete(_directory, recursive: true);
    }
}
