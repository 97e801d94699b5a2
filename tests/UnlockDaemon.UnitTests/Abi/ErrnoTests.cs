using System.Reflection;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using Tmds.Linux;
using UnlockDaemon.UnitTests.Architecture;
using Xunit;

namespace UnlockDaemon.UnitTests.Abi;

/// <summary>What failed in the C library can be told afterwards.</summary>
public sealed partial class ErrnoTests
{
    /// <summary>One never fails, the others return the number.</summary>
    private static readonly string[] s_withoutErrno = ["geteuid", "posix_fadvise", "posix_fallocate"];

    [Fact]
    public void EveryFunctionOfTheLibraryThatIsUsedSavesIt()
    {
        string[] used = [.. SourceTree.Files().SelectMany(static file =>
            Call().Matches(File.ReadAllText(file)).Select(static call => call.Groups[1].Value))
            .Distinct().Except(s_withoutErrno)];
        Assert.Contains("read", used);
        Assert.All(used, static name => Assert.True(
            Imports(name).All(static import => import.SetLastError) && Imports(name).Any(), name));
    }

    /// <summary>Some are reached through a method that has a better signature.</summary>
    private static IEnumerable<DllImportAttribute> Imports(string name) => typeof(LibC)
        .GetMethods(BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic)
        .Select(static method => method.GetCustomAttribute<DllImportAttribute>()).OfType<DllImportAttribute>()
        .Where(import => import.EntryPoint == name);

    [GeneratedRegex(@"\bLibC\.([a-z][a-z0-9_]+)\(")]
    private static partial Regex Call();
}
