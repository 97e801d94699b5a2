using System.Text.RegularExpressions;
using Xunit;

namespace UnlockDaemon.UnitTests.Architecture;

/// <summary>Uses between the rooms go as the map in src/README.md says; it is the one place that does.</summary>
public sealed partial class LayeringTests
{
    private static readonly string[] s_assemblies =
    [
        "UnlockDaemon.Linux.dll", "UnlockDaemon.Protocol.dll", "UnlockDaemon.Storage.dll", "UnlockDaemon.Service.dll",
        "unlockd.dll",
    ];

    /// <summary>Each room of the map with the rooms that it may use.</summary>
    private static Dictionary<string, string[]> Map => File.ReadLines(Path.Combine(SourceTree.Root, "README.md"))
        .Where(static line => line.StartsWith("| `", StringComparison.Ordinal))
        .Select(static line => line.Split('|', StringSplitOptions.TrimEntries))
        .ToDictionary(static cells => cells[1].Trim('`'),
            static cells => Room().Matches(cells[3]).Select(static room => room.Groups[1].Value).ToArray());

    private static IEnumerable<(string From, string To)> Uses => s_assemblies.SelectMany(static assembly =>
        CompiledUses.Of(Path.Combine(AppContext.BaseDirectory, assembly)));

    [Fact]
    public void EachRoomUsesOnlyWhatTheMapAllows()
    {
        Dictionary<string, string[]> map = Map;
        AssertNone(Uses.Where(use => use.From != use.To && !map.GetValueOrDefault(use.From, []).Contains(use.To))
            .Select(static use => $"{use.From} uses {use.To}"));
    }

    [Fact]
    public void TheMapAllowsNothingThatIsNotUsed()
    {
        HashSet<(string, string)> uses = [.. Uses];
        AssertNone(Map.SelectMany(static room => room.Value.Prepend(room.Key).Select(other => (room.Key, Other: other)))
            .Where(allowed => !uses.Contains(allowed))
            .Select(static allowed => $"{allowed.Key} does not use {allowed.Other}"));
    }

    [Fact]
    public void NativeImportsAreInInteropOnly() => AssertNone("LibraryImport", static file =>
        !file.Contains("/Interop/", StringComparison.Ordinal), Import());

    /// <summary>Tool looks for programs where nobody but root can put one.</summary>
    [Fact]
    public void ProgramsAreStartedByToolAlone() => AssertNone("a program that is started",
        static file => !file.EndsWith("/Tool.cs", StringComparison.Ordinal), Start());

    /// <summary>There anybody may hold a lock, which the runtime's own classes would ask for.</summary>
    [Fact]
    public void TheKernelsTextIsReadByKernelText() => AssertNone("/proc or /sys read by File", static file =>
        !file.EndsWith("/KernelText.cs", StringComparison.Ordinal), KernelsText());

    private static void AssertNone(IEnumerable<string> found)
    {
        string[] all = [.. found.Order(StringComparer.Ordinal)];
        Assert.True(all.Length == 0, string.Join('\n', all));
    }

    private static void AssertNone(string what, Func<string, bool> isMeant, Regex pattern)
    {
        foreach (string file in SourceTree.Files().Where(isMeant))
            Assert.False(pattern.IsMatch(File.ReadAllText(file)), $"{what} in {file}");
    }

    [GeneratedRegex("`([^`]+)`")]
    private static partial Regex Room();

    [GeneratedRegex(@"new ProcessStartInfo|ProcessStartInfo \w+ = new|Process\.Start\(|posix_spawnp")]
    private static partial Regex Start();

    [GeneratedRegex("""File\.(Read|Open)\w*\(\$?"/(proc|sys)/""")]
    private static partial Regex KernelsText();

    [GeneratedRegex("LibraryImport")]
    private static partial Regex Import();
}
