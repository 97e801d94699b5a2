namespace UnlockDaemon.Service.Configuration;

/// <summary>How a container is encrypted.</summary>
public enum ContainerFormat
{
    /// <summary>LUKS, version 1 or 2: the header tells which.</summary>
    Luks,

    /// <summary>loop-AES with one passphrase, AES256, as "losetup -e AES256" makes it.</summary>
    LoopAes,

    /// <summary>dm-crypt without a header; <see cref="PlainCipher"/> tells the rest.</summary>
    Plain,
}
