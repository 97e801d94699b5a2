using System.Text.RegularExpressions;
using Xunit;

namespace UnlockDaemon.UnitTests.Architecture;

/// <summary>Code that the compiler cannot check says why it is right.</summary>
public sealed partial class UnsafeCodeTests
{
    // The reason may be said once for lines that belong together.
    private const int Above = 3;

    [Fact]
    public void EveryPlaceHasItsReason()
    {
        string[] places = [.. SourceTree.Files().SelectMany(PlacesOf)];
        Assert.True(places.Length == 0, string.Join('\n', places));
    }

    private static IEnumerable<string> PlacesOf(string file)
    {
        string[] lines = File.ReadAllLines(file);
        return lines.Index()
            .Where(line => Place().IsMatch(line.Item)
                && !lines[Math.Max(0, line.Index - Above)..line.Index].Any(IsReason))
            .Select(line => $"{file}:{line.Index + 1}: {line.Item.Trim()}");
    }

    private static bool IsReason(string line) => line.Contains("// SAFETY: ", StringComparison.Ordinal);

    /// <summary>Pinned memory, memory of the stack by address, and texts and memory that somebody else owns.</summary>
    [GeneratedRegex(@"\bfixed \(|\* \w+ = stackalloc|\bSpan<byte>\(\(void\*\)"
        + @"|FromNullTerminated\(|\bPtrToString|\bMarshal\.Copy\(")]
    private static partial Regex Place();
}
