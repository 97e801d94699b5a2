using UnlockDaemon.Linux;
using YamlDotNet.RepresentationModel;

namespace UnlockDaemon.Storage.Configuration;

/// <summary>Reads "swap".</summary>
internal static class SwapSection
{
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
        string? size = section.Text("size", static text =>
            Sizes.Parse(text) is >= Smallest ? null : "is no size; write it as 512M or 2G, 1M at least");
        return new SwapConfiguration(path ?? "", size is null ? null : Sizes.Parse(size));
    }
}
