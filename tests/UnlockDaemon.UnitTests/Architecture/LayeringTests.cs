using System.Text.RegularExpressions;
using Xunit;

namespace UnlockDaemon.UnitTests.Architecture;

/// <summary>Uses inside the daemon go one way: Api, Prompts -> Volumes -> Units -> Configuration.</summary>
public sealed partial class LayeringTests
{
    [Theory]
    [InlineData("Configuration", "Units", "Volumes", "Prompts", "Api", "Checks", "Parts")]
    [InlineData("Containers", "Configuration", "Units", "Volumes", "Prompts", "Api", "Checks", "Parts")]
    [InlineData("Checks", "Api", "Parts")]
    [InlineData("Units", "Volumes", "Prompts", "Api", "Checks", "Parts")]
    [InlineData("Volumes", "Prompts", "Api", "Checks")]
    [InlineData("Prompts", "Api", "Checks")]
    [InlineData("Api", "Prompts", "Checks")]
    public void RoomUsesOnlyWhatLiesBelow(string room, params string[] forbidden)
    {
        foreach (string file in SourceTree.Files("UnlockDaemon.Service/" + room))
        {
            foreach (string other in forbidden)
                Assert.DoesNotContain($"using UnlockDaemon.Service.{other};", File.ReadAllText(file),
                    StringComparison.Ordinal);
        }
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

    private static void AssertNone(string what, Func<string, bool> isMeant, Regex pattern)
    {
        foreach (string file in SourceTree.Files().Where(isMeant))
            Assert.False(pattern.IsMatch(File.ReadAllText(file)), $"{what} in {file}");
    }

    [GeneratedRegex(@"new ProcessStartInfo|ProcessStartInfo \w+ = new|Process\.Start\(|posix_spawnp")]
    private static partial Regex Start();

    [GeneratedRegex("""File\.(Read|Open)\w*\(\$?"/(proc|sys)/""")]
    private static partial Regex KernelsText();

    [GeneratedRegex("LibraryImport")]
    private static partial Regex Import();
}
