namespace UnlockDaemon.Protocol;

/// <summary>The interface definitions, as the socket tells them to whoever asks.</summary>
public static class InterfaceText
{
    /// <summary>Name of this program's interface.</summary>
    public const string Unlockd = "org.unlockd";

    /// <summary>Name of the interface that every Varlink service has.</summary>
    public const string VarlinkService = "org.varlink.service";

    /// <summary>Reads a definition.</summary>
    /// <param name="name">Name of the interface.</param>
    /// <returns>Its text, or null when there is no such interface here.</returns>
    public static string? Find(string name)
    {
        if (name is not (Unlockd or VarlinkService))
            return null;
        using Stream text = typeof(InterfaceText).Assembly.GetManifestResourceStream(name + ".varlink")!;
        using StreamReader reader = new(text);
        return reader.ReadToEnd();
    }
}

/// <summary>The version of this program.</summary>
public static class ProductVersion
{
    /// <summary>Such as "0.1.0".</summary>
    public static string Text { get; } = typeof(ProductVersion).Assembly.GetName().Version!.ToString(3);
}
