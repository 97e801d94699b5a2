using YamlDotNet.Core;
using YamlDotNet.Core.Events;
using YamlDotNet.RepresentationModel;

namespace UnlockDaemon.Storage.Configuration;

/// <summary>
/// A configuration whose volume has become a LUKS container: its format is changed, keys that only the old format takes
/// are put into comments, and a file system that was the old format's usual one is named. All else stays, byte for
/// byte.
/// </summary>
public static class FormatChange
{
    private const string Format = "format";

    /// <summary>Makes the change, and reads it as the daemon will.</summary>
    /// <param name="text">The configuration, valid.</param>
    /// <param name="file">Its name, for messages.</param>
    /// <returns>The new text with what it says; or why a person has to make it.</returns>
    public static (string? Text, UnlockdConfiguration? Configuration, string? Problem) ToLuks(string text, string file)
    {
        if (ConfigurationLoader.Parse(text, file).Configuration is not { } before)
            return (null, null, "the configuration is not valid: see 'unlockctl check'");
        if (before.Volume.Format == ContainerFormat.Luks)
            return (text, before, null);
        try
        {
            string changed = ReplaceFormat(text);
            changed = DropRefusedKeys(changed, file);
            if (ConfigurationLoader.Parse(changed, file).Configuration?.Volume.Filesystem != before.Volume.Filesystem)
                changed = AddFilesystem(changed, before.Volume.Filesystem.Name());
            return ConfigurationLoader.Parse(changed, file).Configuration is { } after && IsSame(before, after)
                ? (changed, after, null)
                : (null, null, NotUnderstood(file));
        }
        catch (InvalidOperationException)
        {
            return (null, null, NotUnderstood(file));
        }
    }

    private static string NotUnderstood(string file) =>
        $"{file} is written in a way that cannot be changed by a program: write each key of volume on a "
            + "line of its own";

    private static bool IsSame(UnlockdConfiguration before, UnlockdConfiguration after) =>
        after.Volume.Format == ContainerFormat.Luks
        && after.Volume.Filesystem == before.Volume.Filesystem
        && after.Volume.Container == before.Volume.Container
        && after.Volume.MountPoint == before.Volume.MountPoint
        && after.Services.Count == before.Services.Count;

    private static YamlMappingNode Volume(string text)
    {
        YamlStream stream = new();
        stream.Load(new StringReader(text));
        return (YamlMappingNode)((YamlMappingNode)stream.Documents[0].RootNode).Children
            .First(static entry => entry.Key is YamlScalarNode { Value: "volume" }).Value;
    }

    private static YamlNode Value(YamlMappingNode volume, string key) =>
        volume.Children.First(entry => entry.Key is YamlScalarNode scalar && scalar.Value == key).Value;

    private static string ReplaceFormat(string text)
    {
        YamlNode value = Value(Volume(text), Format);
        return string.Concat(text.AsSpan(0, (int)value.Start.Index), "luks", text.AsSpan((int)value.End.Index));
    }

    private static string AddFilesystem(string text, string filesystem)
    {
        YamlMappingNode volume = Volume(text);
        YamlNode value = Value(volume, Format);
        int end = (int)value.End.Index;
        if (volume.Style == MappingStyle.Flow)
            return text.Insert(end, $", filesystem: {filesystem}");
        int line = text.IndexOf('\n', end);
        string newLine = line > 0 && text[line - 1] == '\r' ? "\r\n" : "\n";
        string added = new string(' ', (int)volume.Start.Column - 1) + $"filesystem: {filesystem}" + newLine;
        return line < 0 ? text + newLine + added : text.Insert(line + 1, added);
    }

    /// <summary>The reader itself tells which keys LUKS does not take.</summary>
    private static string DropRefusedKeys(string text, string file)
    {
        while (ConfigurationLoader.Parse(text, file).Errors is [var error, ..])
        {
            YamlMappingNode volume = Volume(text);
            KeyValuePair<YamlNode, YamlNode> entry = volume.Children.First(entry => Contains(entry, error));
            text = volume.Style == MappingStyle.Flow ? Remove(text, volume, entry) : PutIntoComment(text, entry);
        }

        return text;
    }

    private static bool Contains(KeyValuePair<YamlNode, YamlNode> entry, ConfigurationError error) =>
        entry.Key is YamlScalarNode { Value: not (Format or "container" or "mount_point") }
        && IsBefore(entry.Key.Start, error)
        && (error.Line, error.Column).CompareTo(((int)entry.Value.End.Line, (int)entry.Value.End.Column)) <= 0;

    private static bool IsBefore(Mark mark, ConfigurationError error) =>
        ((int)mark.Line, (int)mark.Column).CompareTo((error.Line, error.Column)) <= 0;

    private static string PutIntoComment(string text, KeyValuePair<YamlNode, YamlNode> entry)
    {
        int last = (int)(entry.Value.End.Column == 1 ? entry.Value.End.Line - 1 : entry.Value.End.Line);
        string[] lines = text.Split('\n');
        for (int i = (int)entry.Key.Start.Line; i <= last; i++)
            lines[i - 1] = lines[i - 1].Insert((int)entry.Key.Start.Column - 1, "# ");
        return string.Join('\n', lines);
    }

    private static string Remove(string text, YamlMappingNode volume, KeyValuePair<YamlNode, YamlNode> entry)
    {
        List<KeyValuePair<YamlNode, YamlNode>> entries = [.. volume.Children];
        int index = entries.FindIndex(other => other.Key == entry.Key);
        (long from, long to) = index > 0
            ? (entries[index - 1].Value.End.Index, entry.Value.End.Index)
            : (entry.Key.Start.Index, entries[1].Key.Start.Index);
        return text.Remove((int)from, (int)(to - from));
    }
}
