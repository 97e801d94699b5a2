using System.Diagnostics;
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
            LinuxException busy = Assert.Throws<LinuxException>(() => device.Detach());
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

    [Theory]
    [InlineData("--offset 1M")]
    [InlineData("--sizelimit 1M")]
    [InlineData("--read-only")]
    public void AnotherViewOfTheFileIsNotOurs(string view)
    {
        LoopDevice other = AttachByHand([.. view.Split(' '), _fixture.Container]);
        try
        {
            FileIdentity container = FileIdentity.Of(_fixture.Container);
            Assert.False(other.IsWhole);
            Assert.Null(LoopDevice.FindByBackingFile(container));
            Assert.Equal([other], LoopDevice.FindAllOn(container));
            LinuxException taken = Assert.Throws<LinuxException>(() => LoopDevice.Attach(_fixture.Container));
            Assert.Contains($"'losetup -d {other.Path}'", taken.Message, StringComparison.Ordinal);
        }
        finally
        {
            other.Detach();
        }
    }

    [Fact]
    public async Task AContainerThatAUserHasLockedIsNotWaitedForForEver()
    {
        using Process holder = Process.Start(new ProcessStartInfo("flock",
            [_fixture.Container, "sh", "-c", "echo held; exec sleep infinity"])
        { RedirectStandardOutput = true })!;
        try
        {
            Assert.Equal("held", await holder.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken));
            LinuxException locked = await Assert.ThrowsAsync<LinuxException>(() => Task.Run(
                () => LoopDevice.Attach(_fixture.Container), TestContext.Current.CancellationToken)
                .WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken));
            Assert.Contains("'lslocks' names it", locked.Message, StringComparison.Ordinal);
        }
        finally
        {
            holder.Kill(entireProcessTree: true);
        }
    }

    /// <summary>Its number has passed to another file since it was found.</summary>
    [Fact]
    public void DeviceOfAnotherFileStaysAttached()
    {
        string other = _fixture.Container + ".other";
        File.Copy(_fixture.Container, other);
        LoopDevice device = LoopDevice.Attach(_fixture.Container);
        device.Detach(FileIdentity.Of(other));
        Assert.True(device.IsAttachedTo(FileIdentity.Of(_fixture.Container)));
        device.Detach(FileIdentity.Of(_fixture.Container));
        Assert.Null(device.BackingPath);
    }

    [Fact]
    public void IsKnownByItsOffset()
    {
        LoopDevice device = LoopDevice.Attach(_fixture.Container, 1 << 20);
        Assert.False(device.IsWhole);
        Assert.Equal(device, LoopDevice.Attach(_fixture.Container, 1 << 20));
        Assert.Equal(device, LoopDevice.FindByBackingFile(FileIdentity.Of(_fixture.Container), 1 << 20));
        device.Detach();
    }

    /// <summary>The device keeps 63 bytes of the path, which these have in common.</summary>
    [Fact]
    public void LongPathsAreToldApart()
    {
        string directory = Path.Combine(Path.GetDirectoryName(_fixture.Container)!, new string('d', 64));
        Directory.CreateDirectory(directory);
        string one = Path.Combine(directory, "one"), other = Path.Combine(directory, "other");
        File.Copy(_fixture.Container, one);
        File.Copy(_fixture.Container, other);
        LoopDevice device = LoopDevice.Attach(one);
        try
        {
            Assert.Equal(one, device.BackingPath);
            Assert.True(device.WasAttachedBy(one));
            Assert.False(device.WasAttachedBy(other));
            string moved = Path.Combine(Path.GetDirectoryName(directory)!, "moved");
            File.Move(one, moved);
            Assert.True(device.WasAttachedBy(one));
            File.Delete(moved);
            Assert.Equal(moved, device.BackingPath);
            Assert.True(device.WasAttachedBy(one));
        }
        finally
        {
            device.Detach();
        }
    }

    public void Dispose() => _fixture.Dispose();

    private static LoopDevice AttachByHand(string[] options)
    {
        using Process losetup = Process.Start(
            new ProcessStartInfo("losetup", ["--find", "--show", .. options]) { RedirectStandardOutput = true })!;
        string path = losetup.StandardOutput.ReadToEnd().Trim();
        losetup.WaitForExit();
        return new LoopDevice(path);
    }
}
