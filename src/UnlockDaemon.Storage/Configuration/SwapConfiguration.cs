namespace UnlockDaemon.Storage.Configuration;

/// <summary>Swap space under a random key.</summary>
/// <param name="Path">Absolute path of a file or a block device.</param>
/// <param name="Size">Size of the file in bytes; null for a device.</param>
public sealed record SwapConfiguration(string Path, long? Size);
