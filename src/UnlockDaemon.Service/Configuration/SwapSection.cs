using System.Globalization;
using YamlDotNet.RepresentationModel;

namespace UnlockDaemon.Service.Configuration;

/// <summary>Reads "swap".</summary>
internal static class SwapSection
{
    private const string Units = "KMG";
    private const long Smallest = 1 << 20;
    private static readonly SectionKey[] s_keys = [new("path", "/var/swap_file"), new("size", "512M")];

    internal static SwapConfiguration Read(YamlMappingNode node, VolumeConfiguration? volume, Findings findings)
    {
        Section section = new(node, "swap", findings, s_keys);
        string? path = section.RequiredText("path", AbsolutePath.Problem);
        if (path is not null && path == volume?.Container)
            section.Report("path", $"\"{path}\" is the container; name another file");
        else if (path is not null && volume is not null && AbsolutePath.IsWithin(path, volume.MountPoint))
            section.Report("path",
                $"\"{path}\" lies on the volume, which is locked when swap is wanted; put it elsewhere");
        string? size = section.Text("size",
            static text => Parse(text) is null ? "is no size; write it as 512M or 2G, 1M at least" : null);
        return new SwapConfiguration(path ?? "", size is null ? null : Parse(size));
    }

    private static long? Parse(string text)
    {
        int unit = text.Length == 0 ? -1 : Units.IndexOf(text[^1], StringComparison.Ordinal);
        return unit >= 0
            && int.TryParse(text.AsSpan()[..^1], NumberStyles.None, CultureInfo.InvariantCulture, out int number)
            && (long)number << (10 * (unit + 1)) is >= Smallest and var bytes
            ? bytes
            : null;
    }
}
