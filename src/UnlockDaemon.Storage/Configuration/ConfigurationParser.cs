using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace UnlockDaemon.Storage.Configuration;

/// <summary>Reads the whole document.</summary>
internal static class ConfigurationParser
{
    internal const string Beginning = """
        volume:
          container: /var/encrypt_file
          mount_point: /var/secure
        services:
          mysql: { unit: mariadb.service }
        """;

    private static readonly SectionKey[] s_keys =
    [
        new("volume", "{ container: /var/encrypt_file, mount_point: /var/secure }"),
        new("consoles", "[tty1, hvc0, ttyS0]"),
        new("services", "{ mysql: { unit: mariadb.service } }"),
        new("lock", "{ deadline: 90s }"),
        new("swap", "{ path: /var/swap_file, size: 512M }"),
    ];

    private static readonly SectionKey[] s_lockKeys =
        [new("deadline", "90s"), new("hold_limit", "30m"), new("keep_key", "10m")];

    internal static UnlockdConfiguration? Parse(string text, Findings findings) =>
        Load(text, findings) is { } stream ? Read(stream, findings) : null;

    private static YamlStream? Load(string text, Findings findings)
    {
        YamlStream stream = new();
        StrictEvents events = new(new Parser(new StringReader(text)), findings);
        try
        {
            stream.Load(events);
            return stream;
        }
        catch (YamlException exception)
        {
            SyntaxAdvice.Report(exception, text, findings);
        }
        catch (Exception exception) when (exception is InvalidOperationException or ArgumentException)
        {
            // YamlDotNet 16.3.0 loses its way in some broken texts, such as "- :", or a bracket that is not closed.
            findings.Add(events.Current?.End ?? new Mark(0, 1, 1),
                "not readable as YAML from here on; see that each bracket is closed and each line is key: value");
        }

        return null;
    }

    private static UnlockdConfiguration? Read(YamlStream stream, Findings findings)
    {
        YamlNode? root = stream.Documents.Count == 0 ? null : stream.Documents[0].RootNode;
        if (root is YamlMappingNode mapping)
            return Read(new Section(mapping, "", findings, s_keys), findings);
        if (root is null || Section.IsNothing(root))
            findings.Add(new Mark(0, 1, 1), $"the file says nothing; begin with:\n{Beginning}");
        else
            findings.Add(root, $"the file is {Section.Describe(root)}; a mapping is wanted:\n{Beginning}");
        return null;
    }

    private static UnlockdConfiguration? Read(Section section, Findings findings)
    {
        VolumeConfiguration? volume = section.Require<YamlMappingNode>("volume") is { } node
            ? VolumeSection.Read(node, findings)
            : null;
        List<string> consoles = section.Texts("consoles", findings, ConsoleName.Problem)
            ?.ConvertAll(item => item.Value!) ?? [.. ConsoleName.Usual];
        List<ServiceConfiguration> services = section.Find<YamlMappingNode>("services") is { } all
            ? ServicesSection.Read(all, findings)
            : [];
        LockConfiguration locking = section.Find<YamlMappingNode>("lock") is { } rules
            ? ReadLock(new Section(rules, "lock", findings, s_lockKeys))
            : LockConfiguration.Default;
        SwapConfiguration? swap = section.Find<YamlMappingNode>("swap") is { } space
            ? SwapSection.Read(space, volume, findings)
            : null;
        return volume is null ? null : new UnlockdConfiguration(volume, consoles, services, locking, swap);
    }

    private static LockConfiguration ReadLock(Section section) =>
        new(section.Time("deadline", LockConfiguration.Default.Deadline),
            section.Time("hold_limit", LockConfiguration.Default.HoldLimit),
            section.Find<YamlNode>("keep_key") is null ? null : section.Time("keep_key", TimeSpan.Zero));
}

/// <summary>Names of terminals that a person can sit at.</summary>
internal static class ConsoleName
{
    internal static readonly string[] Usual = ["tty1", "hvc0", "ttyS0"];

    // Source: Documentation/admin-guide/devices.txt of the kernel, and the gettys of systemd-getty-generator(8).
    private static readonly string[] s_families = ["ttyS", "ttyAMA", "ttyUSB", "hvc", "xvc", "tty"];

    /// <summary>What is wrong with a console, as it follows its name; null for nothing.</summary>
    internal static string? Problem(string name)
    {
        if (name.StartsWith("/dev/", StringComparison.Ordinal) && Problem(name[5..]) is null)
            return $"is a path; write {name[5..]}";
        if (name == "tty0")
            return "stands for whichever terminal is shown; write tty1";
        if (name == "console")
            return "stands for another terminal; write the one that /sys/class/tty/console/active names";
        return Array.Exists(s_families, family => IsOf(family, name))
            ? null
            : "is not a console unlockd knows; write one such as tty1, ttyS0 or hvc0";
    }

    private static bool IsOf(string family, string name) =>
        name.StartsWith(family, StringComparison.Ordinal)
        && name.Length - family.Length is 1 or 2
        && !name.AsSpan(family.Length).ContainsAnyExceptInRange('0', '9');
}
