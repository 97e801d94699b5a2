using UnlockDaemon.Linux;
using YamlDotNet.RepresentationModel;

namespace UnlockDaemon.Storage.Configuration;

/// <summary>Reads "volume".</summary>
internal static class VolumeSection
{
    private static readonly SectionKey[] s_keys =
    [
        new("container", "/var/encrypt_file"),
        new("format", "luks"),
        new("mount_point", "/var/secure"),
        new("filesystem", "ext4"),
        new("options", "[nodev, nosuid]"),
        new("cipher", "aes-cbc-essiv:sha256"),
        new("key_size", "256"),
        new("hash", "ripemd160"),
        new("offset", "16"),
        new("skip", "16"),
        new("sector_size", "512"),
        new("seed", "salt"),
        new("iterations", "100"),
        new("key_file", "/etc/unlockd/volume.gpg"),
        new("header", "/etc/unlockd/volume.header"),
        new("passphrase_encoding", "koi8-r"),
    ];

    private const string Utf8 = "utf-8";

    internal static VolumeConfiguration Read(YamlMappingNode node, Findings findings)
    {
        Section section = new(node, "volume", findings, s_keys);
        string? container = section.RequiredText("container", ContainerProblem);
        string? mountPoint = section.RequiredText("mount_point", MountPointPath.Problem);
        if (container is not null && mountPoint is not null)
            CheckApart(section, container, mountPoint);
        ContainerFormat format = section.Choice("format", ContainerFormats.Table, ContainerFormat.Luks);
        FilesystemType usual = format == ContainerFormat.LoopAes ? FilesystemType.Ext2 : FilesystemType.Ext4;
        return new VolumeConfiguration(
            container ?? "",
            format,
            mountPoint ?? "",
            section.Choice("filesystem", FilesystemTypes.Table, usual),
            section.Texts("options", findings, MountOption.Problem)?.ConvertAll(item => item.Value!)
                ?? ["nodev", "nosuid"],
            CipherKeys.Read(section, format))
        {
            KeyFile = section.Text("key_file", path => FileProblem(path, mountPoint)),
            Header = section.Text("header", path => FileProblem(path, mountPoint)),
            Encoding = Encoding(section),
        };
    }

    private static string? ContainerProblem(string path) =>
        path == "/" ? "is a directory; name the container file" : AbsolutePath.Problem(path);

    private static string? FileProblem(string path, string? mountPoint) =>
        AbsolutePath.Problem(path) ?? (mountPoint is not null && AbsolutePath.IsWithin(path, mountPoint)
            ? "lies on the volume that it is to open; put it elsewhere"
            : null);

    private static void CheckApart(Section section, string container, string mountPoint)
    {
        if (AbsolutePath.IsWithin(container, mountPoint))
            section.Report("container", $"\"{container}\" lies inside the mount point \"{mountPoint}\", which would "
                + "hide it; put it elsewhere");
        else if (AbsolutePath.IsWithin(mountPoint, container))
            section.Report("mount_point", $"\"{mountPoint}\" lies inside the container; name a directory elsewhere");
    }

    private static PassphraseEncoding? Encoding(Section section) =>
        section.Text("passphrase_encoding", EncodingProblem) is { } name and not Utf8
            ? PassphraseEncoding.All.First(encoding => encoding.Name == name)
            : null;

    private static string? EncodingProblem(string text) =>
        text == Utf8 || PassphraseEncoding.All.Any(encoding => encoding.Name == text)
            ? null
            : $"is none of {Utf8}, "
                + $"{string.Join(", ", PassphraseEncoding.All.Select(static encoding => encoding.Name))}";
}

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
