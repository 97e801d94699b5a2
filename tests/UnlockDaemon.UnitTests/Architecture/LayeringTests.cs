using Xunit;

namespace UnlockDaemon.UnitTests.Architecture;

/// <summary>Uses inside the daemon go one way: Api, Prompts -> Volumes -> Units -> Configuration.</summary>
public sealed class LayeringTests
{
    [Theory]
    [InlineData("Configuration", "Units", "Volumes", "Prompts", "Api", "Checks")]
    [InlineData("Units", "Volumes", "Prompts", "Api", "Checks")]
    [InlineData("Volumes", "Prompts", "Api", "Checks")]
    [InlineData("Prompts", "Api", "Checks")]
    [InlineData("Api", "Prompts", "Checks")]
    public void RoomUsesOnlyWhatLiesBelow(string room, params string[] forbidden)
    {
        string folder = Path.Combine(Source(), "UnlockDaemon.Service", room);
        foreach (string file in Directory.EnumerateFiles(folder, "*.cs", SearchOption.AllDirectories))
        {
            foreach (string other in forbidden)
                Assert.DoesNotContain($"using UnlockDaemon.Service.{other};", File.ReadAllText(file),
                    StringComparison.Ordinal);
        }
    }

    [Fact]
    public void NativeImportsAreInInteropOnly()
    {
        foreach (string file in Directory.EnumerateFiles(Source(), "*.cs", SearchOption.AllDirectories))
        {
            bool interop = file.Contains("/Interop/", StringComparison.Ordinal);
            if (!interop && !file.Contains("/obj/", StringComparison.Ordinal))
                Assert.DoesNotContain("LibraryImport", File.ReadAllText(file), StringComparison.Ordinal);
        }
    }

    private static string Source()
    {
        DirectoryInfo? directory = new(AppContext.BaseDirectory);
        while (directory is not null && !File.Exists(Path.Combine(directory.FullName, "UnlockDaemon.sln")))
            directory = directory.Parent;
        return Path.Combine(directory!.FullName, "src");
    }
}
