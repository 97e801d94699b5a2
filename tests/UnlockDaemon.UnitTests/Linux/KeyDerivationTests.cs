using UnlockDaemon.Linux.Storage;
using Xunit;

namespace UnlockDaemon.UnitTests.Linux;

/// <summary>The memory that a key derivation may take: it has to be there at each unlock.</summary>
public sealed class KeyDerivationTests
{
    [Theory]
    [InlineData(262144, 200000, 65536)]
    [InlineData(262144, 60000, 30000)]
    [InlineData(262144, 4000, 8192)]
    [InlineData(64L << 20, 60L << 20, 1 << 20)]
    public void IsAQuarterOfAllAndHalfOfWhatIsFree(long total, long available, uint expected) =>
        Assert.Equal(expected, KeyDerivation.FitMemory(Memory(total, available), []));

    [Fact]
    public void IsAQuarterOfTheLowestLimit() => Assert.Equal(
        32768u, KeyDerivation.FitMemory(Memory(4 << 20, 3 << 20), [512 << 20, 128 << 20]));

    [Fact]
    public void LimitsOfAllGroupsAboveCount()
    {
        DirectoryInfo root = Directory.CreateTempSubdirectory("unlockd-test-");
        try
        {
            string groups = Directory.CreateDirectory(Path.Combine(root.FullName, "user.slice/user-0.slice")).FullName;
            Directory.CreateDirectory(Path.Combine(root.FullName, "system.slice/unlockd.service"));
            File.WriteAllText(Path.Combine(groups, "memory.max"), "max\n");
            File.WriteAllText(Path.Combine(root.FullName, "user.slice/memory.max"), "100\n");
            File.WriteAllText(Path.Combine(root.FullName, "system.slice/unlockd.service/memory.max"), "200\n");
            File.WriteAllText(Path.Combine(root.FullName, "own"), "0::/user.slice/user-0.slice\n");
            string own = Path.Combine(root.FullName, "own");
            Assert.Equal([100, 200], KeyDerivation.ReadLimits(own, root.FullName));

            string named = Directory.CreateDirectory(
                Path.Combine(root.FullName, "system.slice/system-unlockd.slice/unlockd@archive.service")).FullName;
            File.WriteAllText(Path.Combine(named, "memory.max"), "300\n");
            Assert.Equal([100, 300], KeyDerivation.ReadLimits(own, root.FullName, "unlockd@archive.service"));
        }
        finally
        {
            root.Delete(recursive: true);
        }
    }

    private static MemoryInfo Memory(long total, long available) => MemoryInfo.Parse(
        $"MemTotal:       {total} kB\nMemFree:          100 kB\nMemAvailable:   {available} kB\nHugePages_Total:  0\n");
}
