using UnlockDaemon.Linux.Storage;
using Xunit;

namespace UnlockDaemon.UnitTests.Linux;

/// <summary>Whether something fits on a disk that others need too.</summary>
public sealed class DiskSpaceTests
{
    private const long Gibibyte = 1L << 30;

    [Theory]
    [InlineData(1, 64L << 20)]
    [InlineData(20, 20 * Gibibyte / 50)]
    [InlineData(1000, Gibibyte)]
    public void ReserveIsAFiftiethWithinLimits(long size, long reserve) =>
        Assert.Equal(reserve, new DiskSpace(0, size * Gibibyte).Reserve);

    [Fact]
    public void RefusalHasTheFigures()
    {
        DiskSpace space = new(5 * Gibibyte, 100 * Gibibyte);
        Assert.Null(space.Refuse("/var/file", 4 * Gibibyte));
        Assert.Equal("4.5 GiB more do not fit on the disk of /var/file: it has 5.0 GiB left, of which 1.0 GiB stay in "
            + "reserve; make room for 512.0 MiB ('df -h /var/file')", space.Refuse("/var/file", 9 * Gibibyte / 2));
    }
}
