using FsCheck;
using FsCheck.Fluent;
using UnlockDaemon.Storage.Configuration;
using Xunit;

namespace UnlockDaemon.UnitTests.Units;

public sealed class CommandLineTests
{
    [Theory]
    [InlineData("/usr/bin/mysqladmin ping", "/usr/bin/mysqladmin|ping")]
    [InlineData("  /bin/a \t b  ", "/bin/a|b")]
    [InlineData("""/bin/a "one two" 'three four'""", "/bin/a|one two|three four")]
    [InlineData("""/bin/a "it's" 'a "b"'""", "/bin/a|it's|a \"b\"")]
    [InlineData("""/bin/a '' "" b""", "/bin/a|||b")]
    [InlineData("""/bin/a one\stwo \x41 \\ \" \t""", "/bin/a|one two|A|\\|\"|\t")]
    [InlineData("""/bin/a "a \"b\" c" """, "/bin/a|a \"b\" c")]
    [InlineData("/bin/a --user=root $HOME %n ;", "/bin/a|--user=root|$HOME|%n|;")]
    [InlineData("""/bin/a --text="one two" """, "/bin/a|--text=one two")]
    public void SplitsAsSystemdDoes(string text, string words) =>
        Assert.Equal(words.Split('|'), CommandLine.Split(text));

    [Theory]
    [InlineData("", "has no command")]
    [InlineData("  ", "has no command")]
    [InlineData("/bin/a 'b", "has a quote (') that is not closed")]
    [InlineData("/bin/a \"b", "has a quote (\") that is not closed")]
    [InlineData("/bin/a b\\", "ends in a backslash; write \\\\ for a backslash")]
    [InlineData("/bin/a \\q", "has an unknown escape, \\q; write \\\\ for a backslash")]
    [InlineData("/bin/a \\x4", "has \\x without two hexadecimal digits of an ASCII character")]
    [InlineData("/bin/a \\x00", "has \\x without two hexadecimal digits of an ASCII character")]
    [InlineData("/bin/a \\xff", "has \\x without two hexadecimal digits of an ASCII character")]
    public void SaysWhatIsWrong(string text, string problem) => Assert.Equal(problem, CommandLine.Problem(text));

    [Fact]
    public void GivesBackQuotedWords() =>
        Prop.ForAll(ArbMap.Default.ArbFor<NonNull<string>[]>(), static words =>
            words.Length == 0
            || CommandLine.Split(string.Join(' ', words.Select(static word => Quote(word.Get))))
                .SequenceEqual(words.Select(static word => word.Get)))
            .QuickCheckThrowOnFailure();

    [Fact]
    public void NoTextEndsInAnotherException() =>
        Prop.ForAll(ArbMap.Default.ArbFor<NonNull<string>>(), static text =>
            CommandLine.Problem(text.Get) is not null || CommandLine.Split(text.Get).Count > 0)
            .QuickCheckThrowOnFailure();

    private static string Quote(string word) =>
        $"\"{word.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\"";
}
