using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace UnlockDaemon.Service.Configuration;

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
    ];

    private static readonly SectionKey[] s_lockKeys = [new("deadline", "90s")];

    internal static UnlockdConfiguration? Parse(string text, Findings findings)
    {
        try
        {
            YamlStream stream = new();
            stream.Load(new StrictEvents(new Parser(new StringReader(text)), findings));
            return Read(stream, findings);
        }
        catch (YamlException exception)
        {
            findings.Add(exception.Start, SyntaxAdvice.For(exception, text));
            return null;
        }
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
        return volume is null ? null : new UnlockdConfiguration(volume, consoles, services, locking);
    }

    private static LockConfiguration ReadLock(Section section) =>
        new(section.Time("deadline", LockConfiguration.Default.Deadline));
}
