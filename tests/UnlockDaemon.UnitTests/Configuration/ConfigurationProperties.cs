using FsCheck;
using FsCheck.Fluent;
using UnlockDaemon.Storage.Configuration;
using Xunit;

namespace UnlockDaemon.UnitTests.Configuration;

public sealed class ConfigurationProperties
{
    // Pieces that the configuration and YAML give a meaning to; put together at random they reach deep.
    private static readonly string[] s_pieces =
    [
        "volume", "container", "mount_point", "format", "filesystem", "options", "consoles", "services", "mysql",
        "unit", "depends_on", "ready", "timeout", "lock", "deadline", "/var/secure", "/", "luks", "plain", "tty1",
        "exec:", "tcp:", "mysql:", "127.0.0.1:80", "mariadb.service", "90s", "0", "99999999999999999999", "~", ": ",
        ":", "- ", "-", "[", "]", "{", "}", ", ", ",", "\n", "\n  ", "\n    ", "\r\n", "\t", " ",
        "# ", "\"", "'", "|\n",
        ">", "&a ", "*a", "!!str ", "!<", "%YAML 1.2\n", "---\n", "...\n", "? ", "<<", "\\x", "\0", "\u0085", "\uFEFF",
        "é", "\ud83d", "@", "`",
    ];

    [Fact]
    public void NoTextEndsInAnException() =>
        Prop.ForAll(ArbMap.Default.ArbFor<string>(), IsAnswered).Check(Settings(2_000));

    [Fact]
    public void NoYamlEndsInAnException() =>
        Prop.ForAll(Gen.ListOf(Gen.Elements(s_pieces)).Select(string.Concat).ToArbitrary(), IsAnswered)
            .Check(Settings(20_000));

    [Fact]
    public void NoDamageToAConfigurationEndsInAnException()
    {
        const string Whole = ConfigurationLoaderTests.Whole;
        Gen<string> damaged =
            from at in Gen.Choose(0, Whole.Length - 1)
            from length in Gen.Choose(0, 12)
            from piece in Gen.Elements(s_pieces)
            select Whole[..at] + piece + Whole[Math.Min(Whole.Length, at + length)..];
        Prop.ForAll(damaged.ToArbitrary(), IsAnswered).Check(Settings(10_000));
    }

    [Fact]
    public void TimesAreReadAsWritten() =>
        Prop.ForAll(Gen.Choose(1, 86_399_999).ToArbitrary(), milliseconds =>
        {
            TimeSpan time = TimeSpan.FromMilliseconds(milliseconds);
            string text = $"{time.Hours}h{time.Minutes}m{time.Seconds}s{time.Milliseconds}ms";
            return Duration.TryParse(text, out TimeSpan read, out _) && read == time;
        }).Check(Settings(1_000));

    private static Config Settings(int count) => Config.QuickThrowOnFailure.WithMaxTest(count).WithEndSize(200)
        .WithQuietOnSuccess(true);

    // Either a configuration, or at least one mistake, each with a place and words.
    private static bool IsAnswered(string? text)
    {
        ConfigurationResult result = ConfigurationLoader.Parse(text ?? "", "@");
        return result.IsValid
            ? result.Errors.Count == 0
            : result.Errors.Count > 0 && result.Errors.All(error => error.Line > 0 && error.Message.Length > 0);
    }
}
