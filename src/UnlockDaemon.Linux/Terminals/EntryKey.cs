namespace UnlockDaemon.Linux.Terminals;

/// <summary>What a typed byte meant.</summary>
public enum EntryKey
{
    /// <summary>It became part of the passphrase, or changed it.</summary>
    Taken,

    /// <summary>The passphrase is full, or the key means nothing here.</summary>
    Refused,

    /// <summary>The passphrase is complete.</summary>
    Enter,

    /// <summary>The operator gives this attempt up.</summary>
    Cancel,

    /// <summary>The operator wants to log in instead.</summary>
    Login,
}
