namespace UnlockDaemon.Containers;

/// <summary>How far a conversion is.</summary>
internal enum ConversionStage
{
    /// <summary>The new container is being made; what there is of it is worth nothing.</summary>
    Making,

    /// <summary>The new container is a LUKS container, filled up to a mark.</summary>
    Copying,

    /// <summary>Both have the same contents: names and configuration are being changed.</summary>
    Switching,
}
