using UnlockDaemon.Linux.Storage;

namespace UnlockDaemon.Storage.Configuration;

/// <summary>Reads what a container without a header cannot tell itself, from "volume".</summary>
internal static class CipherKeys
{
    /// <summary>The keys, with the formats that take them.</summary>
    private static readonly (string Key, ContainerFormat[] Formats)[] s_formats =
    [
        ("cipher", [ContainerFormat.LoopAes, ContainerFormat.Plain]),
        ("hash", [ContainerFormat.LoopAes, ContainerFormat.Plain]),
        ("offset", [ContainerFormat.LoopAes, ContainerFormat.Plain]),
        ("skip", [ContainerFormat.LoopAes, ContainerFormat.Plain]),
        ("key_size", [ContainerFormat.Plain]),
        ("sector_size", [ContainerFormat.Plain]),
        ("seed", [ContainerFormat.LoopAes]),
        ("iterations", [ContainerFormat.LoopAes]),
        ("key_file", [ContainerFormat.LoopAes]),
        ("header", [ContainerFormat.Luks]),
    ];

    private static readonly string[] s_loopAesCiphers = ["AES128", "AES192", "AES256"];
    private static readonly string[] s_loopAesHashes = ["sha256", "sha384", "sha512", "rmd160"];
    private static readonly string[] s_hashes =
        ["ripemd160", "sha1", "sha224", "sha256", "sha384", "sha512", PlainCipher.NoHash];

    /// <summary>The ciphers whose first sectors can be decrypted before anything is mapped.</summary>
    private static readonly string[] s_ciphers =
        ["aes-cbc-essiv:sha256", "aes-cbc-plain", "aes-cbc-plain64", "aes-xts-plain", "aes-xts-plain64"];

    private static readonly string[] s_sectorSizes = ["512", "1024", "2048", "4096"];

    /// <summary>The cipher; null for LUKS, whose header has it.</summary>
    internal static PlainCipher? Read(Section section, ContainerFormat format)
    {
        foreach ((string key, ContainerFormat[] formats) in s_formats)
        {
            if (section.Find(key) is null || Array.IndexOf(formats, format) >= 0)
                continue;
            string takers = string.Join(" or ", Array.ConvertAll(formats, ContainerFormats.Name));
            section.Report(key, $"only format {takers} takes it, and this is {format.Name()}; leave it out");
        }

        return format switch
        {
            ContainerFormat.LoopAes => ReadLoopAes(section),
            ContainerFormat.Plain => ReadPlain(section),
            _ => null,
        };
    }

    private static PlainCipher ReadLoopAes(Section section)
    {
        string name = section.Text("cipher", text => OneOf(text, s_loopAesCiphers)) ?? "AES256";
        string? hash = section.Text("hash", text => OneOf(text, s_loopAesHashes));
        long offset = Number(section, "offset", 0);
        return PlainCipher.ForLoopAes(int.Parse(name.AsSpan(3)), hash == "rmd160" ? "ripemd160" : hash) with
        {
            Seed = section.Text("seed", static _ => null) ?? "",
            Iterations = (int)Number(section, "iterations", 0),
            Offset = offset,
            // losetup counts sectors from the start of the container, unless the offset is written with an @.
            Skip = Number(section, "skip", offset),
        };
    }

    private static PlainCipher ReadPlain(Section section)
    {
        string specification = section.Text("cipher", text => OneOf(text, s_ciphers))
            ?? PlainCipher.Default.Specification;
        int dash = specification.IndexOf('-', StringComparison.Ordinal);
        return new PlainCipher(specification[..dash], specification[(dash + 1)..], KeySize(section, specification),
            section.Text("hash", text => OneOf(text, s_hashes)) ?? PlainCipher.Default.Hash)
        {
            Offset = Number(section, "offset", 0),
            Skip = Number(section, "skip", 0),
            SectorSize = int.Parse(section.Text("sector_size", text => OneOf(text, s_sectorSizes)) ?? "512"),
        };
    }

    private static int KeySize(Section section, string cipher)
    {
        string[] sizes = cipher.StartsWith("aes-xts", StringComparison.Ordinal)
            ? ["256", "512"]
            : ["128", "192", "256"];
        string? text = section.Text("key_size", size =>
            Array.IndexOf(sizes, size) >= 0
                ? null
                : $"is no key size of {cipher} in bits; write {string.Join(" or ", sizes)}");
        return text is null ? PlainCipher.Default.KeyBits : int.Parse(text);
    }

    private static string? OneOf(string text, string[] names)
    {
        if (Array.IndexOf(names, text) >= 0)
            return null;
        string meant = Spelling.Nearest(text, names) is { } nearest ? $"; did you mean \"{nearest}\"?" : "";
        return $"is none of {string.Join(", ", names)}{meant}";
    }

    private static long Number(Section section, string key, long otherwise) =>
        section.Text(key, NumberProblem) is { } text ? long.Parse(text) : otherwise;

    private static string? NumberProblem(string text) =>
        text.Length is > 0 and < 10 && !text.AsSpan().ContainsAnyExceptInRange('0', '9')
            ? null
            : "is not a whole number; write digits alone";
}
