using UnlockDaemon.Linux.Storage;
using UnlockDaemon.Service.Volumes;
using Xunit;

namespace UnlockDaemon.PrivilegedTests;

/// <summary>The container is moved, replaced, deleted or truncated under its loop device.</summary>
public sealed class ReplacedContainerTests : IDisposable
{
    private readonly ContainerFixture _fixture = new();
    private readonly ContainerFile _container;
    private readonly LoopLayer _loop;
    private readonly LoopDevice _device;

    public ReplacedContainerTests()
    {
        _container = new ContainerFile(_fixture.Container);
        _loop = new LoopLayer(_container);
        _device = LoopDevice.Attach(_fixture.Container);
    }

    private string Other => _fixture.Container + ".other";

    public void Dispose()
    {
        if (_device.Size > 0)
            _device.Detach();
        if (!File.Exists(_fixture.Container))
            File.WriteAllText(_fixture.Container, "");
        _fixture.Dispose();
    }

    [Fact]
    public void UntouchedIsNoDamage()
    {
        Assert.Null(_loop.FindDamage(_device));
        Assert.Empty(_loop.Strays);
        Assert.Null(_loop.TakeDown());
        Assert.False(_loop.Observe().Up);
    }

    [Fact]
    public void MovedIsToldAndTakenDown()
    {
        File.Move(_fixture.Container, Other);
        Assert.Contains($"was moved to {Other} while it was unlocked: move it back", _loop.FindDamage(_device),
            StringComparison.Ordinal);
        Assert.Equal($"{_device.Path} on {Other}", _loop.Observe().Detail);
        Assert.Null(_loop.TakeDown());
        Assert.False(_loop.Observe().Up);
    }

    [Fact]
    public void MovedAndReplacedIsTold()
    {
        File.Move(_fixture.Container, Other);
        File.Copy(Other, _fixture.Container);
        Assert.Contains("and another file is in its place", _loop.FindDamage(_device), StringComparison.Ordinal);
        Assert.Null(_loop.TakeDown());
    }

    [Fact]
    public void DeletedStaysAttachedSoThatItCanBeSaved()
    {
        File.Delete(_fixture.Container);
        Assert.Contains("was deleted while it was unlocked", _loop.FindDamage(_device), StringComparison.Ordinal);
        Assert.Equal($"{_device.Path} on a file that was deleted", _loop.Observe().Detail);
        string lost = _loop.TakeDown()!;
        Assert.Contains($"'cp --sparse=always {_device.Path} {_fixture.Container}'", lost, StringComparison.Ordinal);
        Assert.True(_device.WasAttachedBy(_fixture.Container));
        File.Copy(_device.Path, _fixture.Container);
        _device.Detach();
        Assert.Null(_loop.FindLost());
    }

    [Fact]
    public void RenamedOverStaysAttached()
    {
        File.WriteAllText(Other, "another container");
        File.Move(Other, _fixture.Container, overwrite: true);
        Assert.Contains("was replaced while it was unlocked", _loop.FindDamage(_device), StringComparison.Ordinal);
        Assert.Contains($"{_fixture.Container}.saved'", _loop.TakeDown(), StringComparison.Ordinal);
    }

    [Fact]
    public void TruncatedIsTold()
    {
        using (FileStream file = File.OpenWrite(_fixture.Container))
            file.SetLength(4096);
        Assert.Contains("was truncated while it was unlocked, to 4096 of 16777216 bytes", _loop.FindDamage(_device),
            StringComparison.Ordinal);
        Assert.Null(_loop.TakeDown());
    }

    [Fact]
    public void DeviceOfAnotherFileIsNoStray()
    {
        File.Copy(_fixture.Container, Other);
        LoopDevice other = LoopDevice.Attach(Other);
        try
        {
            File.Move(_fixture.Container, _fixture.Container + ".away");
            Assert.Equal([_device], _loop.Strays);
        }
        finally
        {
            other.Detach();
        }
    }
}
