using YamlDotNet.Core;

namespace UnlockDaemon.Service.Configuration;

/// <summary>Turns what the YAML reader says into what to do about it.</summary>
internal static class SyntaxAdvice
{
    internal static string For(YamlException exception, string text)
    {
        string line = LineOf(text, exception.Start.Line);
        string blank = line[..^line.TrimStart(' ', '\t').Length];
        if (blank.Contains('\t'))
            return "the line is indented with a tab; YAML wants spaces: replace the tab by two spaces a level";
        string reason = exception.Message;
        string advice = reason switch
        {
            _ when reason.Contains("apping values are not allowed", StringComparison.Ordinal) =>
                "; text with a colon and a blank in it wants quotes, and a key must be indented as those beside it",
            _ when reason.Contains("cannot start any token", StringComparison.Ordinal) =>
                "; text that begins with this character wants quotes",
            _ => "",
        };
        return $"not readable as YAML: {reason}{advice}";
    }

    private static string LineOf(string text, long line)
    {
        StringReader reader = new(text);
        string? found = reader.ReadLine();
        for (long number = 1; number < line && found is not null; number++)
            found = reader.ReadLine();
        return found ?? "";
    }
}
