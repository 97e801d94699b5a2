using UnlockDaemon.Service.Units;
using Xunit;

namespace UnlockDaemon.UnitTests.Units;

public sealed class StopHistoryTests : IDisposable
{
    private readonly string _path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName(), "stops");

    public void Dispose()
    {
        if (Directory.Exists(Path.GetDirectoryName(_path)))
            Directory.Delete(Path.GetDirectoryName(_path)!, recursive: true);
    }

    [Fact]
    public void KnowsNothingAtFirst() => Assert.Equal(TimeSpan.Zero, new StopHistory(_path).Longest("mysql"));

    [Fact]
    public void RemembersTheLastStopOfEach()
    {
        foreach (double seconds in (double[])[60, 1, 3.25])
            new StopHistory(_path).Add("mysql", TimeSpan.FromSeconds(seconds));
        new StopHistory(_path).Add("core", TimeSpan.FromSeconds(9));
        Assert.Equal(TimeSpan.FromSeconds(3.25), new StopHistory(_path).Longest("mysql"));
        Assert.Equal(TimeSpan.FromSeconds(9), new StopHistory(_path).Longest("core"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("mysql\n")]
    [InlineData("mysql nonsense\n\n \n")]
    [InlineData("\0\0\0")]
    [InlineData("mysql 1e300\n")]
    [InlineData("mysql NaN\n")]
    [InlineData("mysql -5\n")]
    public void TakesABrokenFileForNone(string content)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_path)!);
        File.WriteAllText(_path, content);
        StopHistory history = new(_path);
        Assert.Equal(TimeSpan.Zero, history.Longest("mysql"));
        history.Add("mysql", TimeSpan.FromSeconds(2));
        Assert.Equal(TimeSpan.FromSeconds(2), history.Longest("mysql"));
    }

    [Fact]
    public void ReadsWhatAnOlderVersionWrote()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_path)!);
        File.WriteAllText(_path, "mysql 60 1.82 2.5\n");
        Assert.Equal(TimeSpan.FromSeconds(2.5), new StopHistory(_path).Longest("mysql"));
    }

    [Fact]
    public void KnowsNothingWhereItCanNeitherReadNorWrite()
    {
        // No file can be in its place, and none be read from it.
        Directory.CreateDirectory(_path + "/taken");
        StopHistory history = new(_path);
        history.Add("mysql", TimeSpan.FromSeconds(2));
        Assert.Equal(TimeSpan.Zero, history.Longest("mysql"));
    }
}
