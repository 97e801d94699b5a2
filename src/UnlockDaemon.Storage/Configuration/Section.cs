using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace UnlockDaemon.Storage.Configuration;

/// <summary>
/// One mapping of the file: finds its values, and reports the missing ones and those of a wrong type.
/// </summary>
internal sealed class Section
{
    private readonly Dictionary<string, YamlNode> _values = new(StringComparer.Ordinal);
    private readonly SectionKey[] _keys;
    private readonly YamlNode _node;
    private readonly string _path;
    private readonly Findings _findings;

    /// <summary>Takes a mapping and reports its unknown keys.</summary>
    /// <param name="node">The mapping.</param>
    /// <param name="path">Its place in the file, keys joined by dots; empty for the whole.</param>
    /// <param name="findings">Where mistakes go.</param>
    /// <param name="keys">The keys it may have.</param>
    internal Section(YamlMappingNode node, string path, Findings findings, SectionKey[] keys)
    {
        (_node, _path, _findings, _keys) = (node, path, findings, keys);
        string[] names = Array.ConvertAll(keys, key => key.Name);
        foreach ((YamlNode key, YamlNode value) in node.Children)
        {
            string name = ((YamlScalarNode)key).Value!;
            if (Array.IndexOf(names, name) >= 0)
                _values[name] = value;
            else
                findings.Add(key, $"unknown key \"{name}\"{Inside}; {Spelling.Advice(name, names)}");
        }
    }

    private string Inside => _path.Length == 0 ? " at the top level" : $" in {_path}";

    /// <summary>Describes the type of a value, as it follows "is".</summary>
    internal static string Describe(YamlNode node) => node switch
    {
        YamlSequenceNode => "a list",
        YamlMappingNode => "a mapping",
        _ => "plain text",
    };

    /// <summary>Whether a value was left out after its key.</summary>
    internal static bool IsNothing(YamlNode node) =>
        node is YamlScalarNode { Style: ScalarStyle.Plain, Value: null or "" or "~" or "null" or "Null" or "NULL" };

    /// <summary>The full name of a key, for messages.</summary>
    internal string PathOf(string key) => _path.Length == 0 ? key : $"{_path}.{key}";

    /// <summary>Reports a mistake in the value of a key that is there.</summary>
    internal void Report(string key, string problem) => _findings.Add(_values[key], $"{PathOf(key)}: {problem}");

    /// <summary>The value of a key; null when it is absent.</summary>
    internal YamlNode? Find(string key) => _values.GetValueOrDefault(key);

    /// <summary>The value of a key that must be there, of the wanted type; null when it is not, which is
    /// reported.</summary>
    internal T? Require<T>(string key)
        where T : YamlNode
    {
        if (!_values.ContainsKey(key))
            _findings.Add(_node, $"{(_path.Length == 0 ? "the file" : _path)} has no \"{key}\"; add {Example(key)}");
        return Find<T>(key);
    }

    /// <summary>The value of a key, of the wanted type; null when it is absent, or wrong, which is reported.</summary>
    internal T? Find<T>(string key)
        where T : YamlNode
    {
        if (!_values.TryGetValue(key, out YamlNode? node))
            return null;
        if (IsNothing(node))
            _findings.Add(node, $"{PathOf(key)} has no value; write {Example(key)}");
        else if (node is T wanted)
            return wanted;
        else
            _findings.Add(node, $"{PathOf(key)} is {Describe(node)}; {Wanted<T>()} is wanted: write {Example(key)}");
        return null;
    }

    private static string Wanted<T>()
        where T : YamlNode =>
        typeof(T) == typeof(YamlSequenceNode) ? "a list"
        : typeof(T) == typeof(YamlMappingNode) ? "a mapping (key: value)"
        : "plain text";

    private SectionKey Example(string key) => Array.Find(_keys, known => known.Name == key);
}

/// <summary>A key that a section may have.</summary>
/// <param name="Name">The key.</param>
/// <param name="Example">A value to show in advice.</param>
internal readonly record struct SectionKey(string Name, string Example)
{
    public override string ToString() => $"{Name}: {Example}";
}

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
