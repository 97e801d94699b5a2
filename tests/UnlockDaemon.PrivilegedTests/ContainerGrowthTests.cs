using UnlockDaemon.Linux.Storage;
using Xunit;

namespace UnlockDaemon.PrivilegedTests;

/// <summary>A container that grows while its loop device is attached.</summary>
public sealed class ContainerGrowthTests : IDisposable
{
    private const long Before = 16 << 20;
    private const long After = 40 << 20;
    private readonly ContainerFixture _fixture = new();

    [Fact]
    public void DeviceTakesUpTheSizeWhenTold()
    {
        LoopDevice device = LoopDevice.Attach(_fixture.Container);
        ContainerFile container = new(_fixture.Container);
        container.Grow(After, null, CancellationToken.None);
        Assert.Equal(After, container.Size);
        Assert.Equal(Before, device.Size);
        device.TakeUpSize();
        Assert.Equal(After, device.Size);
    }

    [Fact]
    public void AppendedPartHasItsBlocksAndTheRestIsAsItWas()
    {
        ContainerFile container = new(_fixture.Container);
        long missing = Before - container.Allocated;
        byte[] before = File.ReadAllBytes(_fixture.Container);
        container.Grow(After, null, CancellationToken.None);
        Assert.True(missing > 0, "the fixture is not sparse");
        Assert.InRange(container.Allocated, After - missing, After - missing + (1 << 20));
        Assert.Equal(before, File.ReadAllBytes(_fixture.Container).AsSpan(0, (int)Before));
    }

    [Fact]
    public void EndedGrowthIsFinishedByTheNext()
    {
        ContainerFile container = new(_fixture.Container);
        using CancellationTokenSource ending = new();
        Assert.Throws<OperationCanceledException>(() => container.Grow(64 << 20, new Ending(ending), ending.Token));
        Assert.Equal(32 << 20, container.Size);
        container.Grow(64 << 20, null, CancellationToken.None);
        Assert.Equal(64 << 20, container.Size);
    }

    public void Dispose() => _fixture.Dispose();

    private sealed class Ending(CancellationTokenSource ending) : IProgress<long>
    {
        public void Report(long value) => ending.Cancel();
    }
}
