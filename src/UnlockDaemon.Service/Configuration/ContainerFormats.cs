namespace UnlockDaemon.Service.Configuration;

/// <summary>The names of container formats, as the configuration, the command line and the socket write them.</summary>
public static class ContainerFormats
{
    internal static readonly NameTable<ContainerFormat> Table = new(
        ("luks", ContainerFormat.Luks),
        ("loop-aes", ContainerFormat.LoopAes),
        ("plain", ContainerFormat.Plain));

    /// <summary>Every name.</summary>
    public static IReadOnlyList<string> Names => Table.Names;

    /// <summary>Names a format.</summary>
    /// <param name="format">The format.</param>
    /// <returns>Its name: "loop-aes".</returns>
    public static string Name(this ContainerFormat format) => Table[format];

    /// <summary>Finds a format by its name.</summary>
    /// <param name="name">The name, in lower case.</param>
    /// <param name="format">The format found.</param>
    /// <returns>Whether there is one of that name.</returns>
    public static bool TryParse(string name, out ContainerFormat format) => Table.TryFind(name, out format);
}
