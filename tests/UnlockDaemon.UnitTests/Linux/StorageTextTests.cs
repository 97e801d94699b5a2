using UnlockDaemon.Linux.Storage;
using Xunit;

namespace UnlockDaemon.UnitTests.Linux;

/// <summary>A record shows all its properties unless told otherwise, and those of a device are system calls.</summary>
public sealed class StorageTextTests
{
    [Fact]
    public void ShowsThePathAndAsksNothing()
    {
        Assert.Equal("/nowhere/a", $"{new ContainerFile("/nowhere/a")}");
        Assert.Equal("/nowhere/b", $"{new LoopDevice("/nowhere/b")}");
        Assert.Equal("/dev/mapper/c", $"{new CryptMapping("c", "/nowhere/c")}");
        Assert.Equal("/nowhere/d", $"{new MountPoint("/nowhere/d")}");
        Assert.Equal("/nowhere/e", $"{new GpgKeyFile("/nowhere/e")}");
    }
}
