using YamlDotNet.RepresentationModel;

namespace UnlockDaemon.Service.Configuration;

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
    ];

    private static readonly string[] s_cipherKeys = ["cipher", "key_size", "hash"];

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
            Cipher(section, format));
    }

    private static string? ContainerProblem(string path) =>
        path == "/" ? "is a directory; name the container file" : AbsolutePath.Problem(path);

    private static void CheckApart(Section section, string container, string mountPoint)
    {
        if (AbsolutePath.IsWithin(container, mountPoint))
            section.Report("container", $"\"{container}\" lies inside the mount point \"{mountPoint}\", which would "
                + "hide it; put it elsewhere");
        else if (AbsolutePath.IsWithin(mountPoint, container))
            section.Report("mount_point", $"\"{mountPoint}\" lies inside the container; name a directory elsewhere");
    }

    private static PlainCipher? Cipher(Section section, ContainerFormat format)
    {
        if (format == ContainerFormat.Plain)
        {
            return new PlainCipher(
                section.Text("cipher", CipherProblem) ?? PlainCipher.Default.Cipher,
                KeySize(section),
                section.Text("hash", WordProblem) ?? PlainCipher.Default.Hash);
        }

        foreach (string key in s_cipherKeys)
        {
            if (section.Find(key) is not null)
                section.Report(key, $"only format plain takes it, and this is {format.Name()}; leave it out");
        }

        return null;
    }

    private static int KeySize(Section section)
    {
        string? text = section.Text("key_size", KeySizeProblem);
        return text is null ? PlainCipher.Default.KeySizeBits : int.Parse(text);
    }

    private static string? KeySizeProblem(string text) =>
        text.Length is > 0 and < 5 && !text.AsSpan().ContainsAnyExceptInRange('0', '9')
            && int.Parse(text) is >= 64 and <= 1024 and int bits && bits % 8 == 0
            ? null
            : "is not the size of a key in bits; write 128, 192, 256 or 512";

    private static string? CipherProblem(string text) =>
        text.Contains('-') ? WordProblem(text) : "is not cipher-mode-iv; write one such as aes-cbc-essiv:sha256";

    private static string? WordProblem(string text) =>
        text.Length == 0 || text.AsSpan().ContainsAnyExceptInRange('!', '~') ? "is not a single word" : null;
}
