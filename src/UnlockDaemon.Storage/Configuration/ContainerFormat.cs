namespace UnlockDaemon.Storage.Configuration;

/// <summary>How a container is encrypted.</summary>
public enum ContainerFormat
{
    /// <summary>LUKS, version 1 or 2: the header tells which.</summary>
    Luks,

    /// <summary>loop-AES, as "losetup -e AES256" makes it, with a passphrase or a key file.</summary>
    LoopAes,

    /// <summary>dm-crypt without a header; <see cref="VolumeConfiguration.Cipher"/> tells the rest.</summary>
    Plain,
}
