using System.Text.RegularExpressions;
using Xunit;

namespace UnlockDaemon.UnitTests.Architecture;

/// <summary>Nothing is begun and forgotten: what it throws would never be seen.</summary>
public sealed partial class SupervisionTests
{
    [Fact]
    public void NothingIsBegunAndForgotten()
    {
        DirectoryInfo? root = new(AppContext.BaseDirectory);
        while (root is not null && !File.Exists(Path.Combine(root.FullName, "UnlockDaemon.sln")))
            root = root.Parent;
        string source = Path.Combine(root!.FullName, "src");
        string[] found =
        [
            .. from file in Directory.EnumerateFiles(source, "*.cs", SearchOption.AllDirectories)
               where !file.Contains("/obj/", StringComparison.Ordinal)
               from line in File.ReadLines(file)
               where Forgotten().IsMatch(line)
               select $"{Path.GetRelativePath(source, file)}: {line.Trim()}",
        ];
        Assert.Empty(found);
    }

    [Theory]
    [InlineData("        _ = BringUpAsync();", true)]
    [InlineData("        _ = sequence.Unfinished.ContinueWith(_ => plan.Dispose());", true)]
    [InlineData("        Register(() => _ = FinishAsync(stopping));", true)]
    [InlineData("        Task.Run(Look);", true)]
    [InlineData("        _ = Task.Run(Look);", true)]
    [InlineData("    private async void OnChanged()", true)]
    [InlineData("        ThreadPool.QueueUserWorkItem(Look);", true)]
    [InlineData("        _ = await _socket.ReceiveAsync(buffer);", false)]
    [InlineData("        Task<int> look = Task.Run(Look);", false)]
    [InlineData("            await Task.Run(() => Look()).WaitAsync(limit);", false)]
    public void KnowsWhatIsForgotten(string line, bool forgotten) =>
        Assert.Equal(forgotten, Forgotten().IsMatch(line));

    [GeneratedRegex(@"\b_ = (?!await\b)[\w.!?]*(Async|Task\.Run|StartNew)\(|\.ContinueWith\(|\basync void\b"
        + @"|\bQueueUserWorkItem\(|^\s*Task\.(Run|Factory\.StartNew)\(")]
    private static partial Regex Forgotten();
}
