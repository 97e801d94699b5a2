using YamlDotNet.RepresentationModel;

namespace UnlockDaemon.Storage.Configuration;

/// <summary>Values of a section as the program wants them.</summary>
internal static class SectionValues
{
    /// <summary>The text of a key, checked; null when it is absent or was reported.</summary>
    internal static string? Text(this Section section, string key, Func<string, string?> problem) =>
        Checked(section, key, section.Find<YamlScalarNode>(key)?.Value, problem);

    /// <summary>The text of a key that must be there, checked; null when that was reported.</summary>
    internal static string? RequiredText(this Section section, string key, Func<string, string?> problem) =>
        Checked(section, key, section.Require<YamlScalarNode>(key)?.Value, problem);

    /// <summary>The length of time of a key.</summary>
    internal static TimeSpan Time(this Section section, string key, TimeSpan otherwise)
    {
        if (section.Find<YamlScalarNode>(key)?.Value is not { } text)
            return otherwise;
        if (!Duration.TryParse(text, out TimeSpan value, out string? problem))
            section.Report(key, $"\"{text}\" {problem}");
        return value;
    }

    /// <summary>The value of a key that is one of a few names.</summary>
    internal static T Choice<T>(this Section section, string key, NameTable<T> table, T otherwise)
        where T : struct, Enum
    {
        if (section.Find<YamlScalarNode>(key)?.Value is not { } text)
            return otherwise;
        if (!table.TryFind(text, out T value))
        {
            string meant = Spelling.Nearest(text, table.Names) is { } nearest ? $"; did you mean \"{nearest}\"?" : "";
            section.Report(key, $"\"{text}\" is none of {string.Join(", ", table.Names)}{meant}");
        }

        return value;
    }

    /// <summary>The texts of a list, each checked and no two the same; null when the key is absent.</summary>
    internal static List<YamlScalarNode>? Texts(this Section section, string key, Findings findings,
        Func<string, string?> problem)
    {
        if (section.Find<YamlSequenceNode>(key) is not { } list)
            return null;
        List<YamlScalarNode> texts = [];
        foreach (YamlNode item in list.Children)
        {
            if (item is not YamlScalarNode { Value: { } text } scalar || Section.IsNothing(item))
                findings.Add(item, $"{section.PathOf(key)} has {Describe(item)} in it; write plain words");
            else if (texts.Exists(known => known.Value == text))
                findings.Add(item, $"{section.PathOf(key)}: \"{text}\" is there twice; keep one");
            else if (problem(text) is { } found)
                findings.Add(item, $"{section.PathOf(key)}: \"{text}\" {found}");
            else
                texts.Add(scalar);
        }

        return texts;
    }

    private static string Describe(YamlNode item) =>
        Section.IsNothing(item) ? "an empty item" : Section.Describe(item);

    private static string? Checked(Section section, string key, string? text, Func<string, string?> problem)
    {
        if (text is null || problem(text) is not { } found)
            return text;
        section.Report(key, $"\"{text}\" {found}");
        return null;
    }
}
