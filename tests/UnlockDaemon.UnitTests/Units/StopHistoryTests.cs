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
    public void RemembersTheLongestOfTheLastFive()
    {
        foreach (double seconds in (double[])[60, 1, 2, 3.25, 2, 1])
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
    public void TakesABrokenFileForNone(string content)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_path)!);
        File.WriteAllText(_path, content);
        StopHistory history = new(_path);
        Assert.Equal(TimeSpan.Zero, history.Longest("mysql"));
        history.Add("mysql", TimeSpan.FromSeconds(2));
        Assert.Equal(TimeSpan.FromSeconds(2), history.Longest("mysql"));
    }
}
