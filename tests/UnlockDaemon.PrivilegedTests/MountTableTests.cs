using System.Diagnostics;
using UnlockDaemon.Linux.Storage;
using Xunit;

namespace UnlockDaemon.PrivilegedTests;

/// <summary>What is mounted anywhere is seen, on this machine's kernel.</summary>
public sealed class MountTableTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("unlockd-mounts-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    /// <remarks>
    /// The process that is found first of its namespace is in a root directory from where the mount is not seen.
    /// </remarks>
    [Fact]
    public void AMountInANamespaceOfItsOwnIsSeenBesideAProcessInAnotherRootDirectory()
    {
        using Process chrooted = Process.Start(new ProcessStartInfo("unshare", ["--mount", "--propagation", "private",
            "sh", "-c", $"""
            set -e
            mount -t tmpfs none {_directory}; mkdir {_directory}/root; mount --bind / {_directory}/root
            sleep 1000 >/dev/null & beside=$!
            exec chroot {_directory}/root sh -c "echo $beside; exec sleep 1000"
            """])
        {
            RedirectStandardOutput = true,
            UseShellExecute = false,
        })!;
        int beside = int.Parse(chrooted.StandardOutput.ReadLine()!);
        try
        {
            (int pid, _) = Assert.Single(MountTable.ReadAll(),
                seen => seen.Entry.MountPoint == _directory);
            Assert.Equal(beside, pid);
        }
        finally
        {
            using var other = Process.GetProcessById(beside);
            other.Kill();
            chrooted.Kill();
            chrooted.WaitForExit();
        }
    }
}
