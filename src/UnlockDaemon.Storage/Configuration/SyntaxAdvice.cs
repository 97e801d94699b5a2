using YamlDotNet.Core;

namespace UnlockDaemon.Storage.Configuration;

/// <summary>Turns what the YAML reader says into what to do about it, and where.</summary>
internal static class SyntaxAdvice
{
    // A part of the reader's message, and what commonly leads to it. The first that fits is given.
    private static readonly (string Part, string Advice)[] s_causes =
    [
        ("invalid mapping", "indent keys of one level alike, and put text that has a colon and a blank in quotes"),
        ("expected ','", "close the bracket, and put text that has a colon and a blank in quotes"),
        ("expected node content", "something is missing between two commas"),
        ("expected key", "write each line as key: value, and indent keys of one level alike"),
        ("start any token", "put text that begins with this character in quotes"),
        ("quoted scalar", "close the quotes"),
    ];

    internal static void Report(YamlException exception, string text, Findings findings)
    {
        Mark start = exception.Start;
        if (exception.Message.Contains("tab", StringComparison.Ordinal) && TabIndentation(text, start.Line) is { } tab)
        {
            findings.Add(tab, "the line is indented with a tab, which YAML does not allow; use two spaces a level");
            return;
        }

        string reason = exception.Message.TrimEnd('.');
        int cause = Array.FindIndex(s_causes, entry => reason.Contains(entry.Part, StringComparison.Ordinal));
        string advice = cause < 0 ? "" : $"; {s_causes[cause].Advice}";
        findings.Add(start, $"not readable as YAML: {reason}{advice}");
    }

    // The reader names the start of the mapping around the tab.
    private static Mark? TabIndentation(string text, long from)
    {
        StringReader reader = new(text);
        long number = 0;
        while (reader.ReadLine() is { } line)
        {
            number++;
            int column = line.AsSpan().IndexOfAnyExcept(' ');
            if (number >= from && column >= 0 && line[column] == '\t')
                return new Mark(0, number, column + 1);
        }

        return null;
    }
}
