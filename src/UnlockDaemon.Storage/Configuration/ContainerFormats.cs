namespace UnlockDaemon.Storage.Configuration;

/// <summary>The names of container formats, as the configuration, the command line and the socket write them.</summary>
public static class ContainerFormats
{
    internal static readonly NameTable<ContainerFormat> Table = new(
        ("luks", ContainerFormat.Luks),
        ("loop-aes", ContainerFormat.LoopAes),
        ("plain", ContainerFormat.Plain));

    /// <summary>Names a format.</summary>
    /// <param name="format">The format.</param>
    /// <returns>Its name: "loop-aes".</returns>
    public static string Name(this ContainerFormat format) => Table[format];
}
