using UnlockDaemon.Linux;
using UnlockDaemon.Linux.Storage;
using Xunit;

namespace UnlockDaemon.PrivilegedTests;

/// <summary>Loop devices of this machine's kernel.</summary>
public sealed class LoopDeviceTests : IDisposable
{
    private readonly ContainerFixture _fixture = new();

    [Fact]
    public void AttachesOneDeviceHoweverOftenAndByWhateverName()
    {
        string other = _fixture.Container + ".link";
        File.CreateSymbolicLink(other, _fixture.Container);
        LoopDevice first = LoopDevice.Attach(_fixture.Container);
        LoopDevice second = LoopDevice.Attach(other);
        Assert.Equal(first, second);
        Assert.True(first.IsAttachedTo(FileIdentity.Of(_fixture.Container)));
    }

    [Fact]
    public async Task AttachesOneDeviceWhenManyAttachAtOnce()
    {
        LoopDevice[] devices = await Task.WhenAll(
            Enumerable.Range(0, 8).Select(_ => Task.Run(() => LoopDevice.Attach(_fixture.Container))));
        Assert.Single(devices.Distinct());
    }

    [Fact]
    public void IsGoneAfterDetach()
    {
        LoopDevice device = LoopDevice.Attach(_fixture.Container);
        device.Detach();
        Assert.Null(LoopDevice.FindByBackingFile(FileIdentity.Of(_fixture.Container)));
    }

    [Fact]
    public void DetachOfADeviceInUseFails()
    {
        LoopDevice device = LoopDevice.Attach(_fixture.Container);
        using (File.OpenHandle(device.Path))
        {
            LinuxException busy = Assert.Throws<LinuxException>(device.Detach);
            Assert.Contains(device.Path, busy.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void DeviceInUseGoesAwayAtItsLastClose()
    {
        LoopDevice device = LoopDevice.Attach(_fixture.Container);
        using (File.OpenHandle(device.Path))
        {
            device.DetachAtLastClose();
            Assert.True(device.IsAttachedTo(FileIdentity.Of(_fixture.Container)));
        }

        Assert.True(SpinWait.SpinUntil(
            () => LoopDevice.FindByBackingFile(FileIdentity.Of(_fixture.Container)) is null, TimeSpan.FromSeconds(5)));
    }

    [Fact]
    public void MissingContainerIsNamed()
    {
        LinuxException missing = Assert.Throws<LinuxException>(() => LoopDevice.Attach("/nowhere/container"));
        Assert.Equal("cannot open /nowhere/container: No such file or directory", missing.Message);
    }

    public void Dispose() => _fixture.Dispose();
}
