namespace UnlockDaemon.Linux.Terminals;

/// <summary>
/// Makes a passphrase of typed bytes. All bytes but a few control characters are part of it as they are.
/// </summary>
/// <param name="passphrase">The passphrase that grows.</param>
/// <param name="utf8">Whether the terminal sends UTF-8, where a character may have several bytes.</param>
public sealed class PassphraseEntry(Passphrase passphrase, bool utf8)
{
    private const byte CtrlC = 3;
    /// <summary>As it comes from a terminal.</summary>
    public const byte CtrlD = 4;

    private const byte Backspace = 8;
    private const byte Newline = 10;
    private const byte Return = 13;
    private const byte CtrlU = 21;
    private const byte Delete = 127;

    /// <summary>Takes one byte.</summary>
    /// <param name="key">As typed.</param>
    /// <returns>What it meant.</returns>
    public EntryKey Feed(byte key)
    {
        switch (key)
        {
            case Newline or Return:
                return EntryKey.Enter;
            case CtrlD when passphrase.Length == 0:
                return EntryKey.Login;
            case CtrlC:
                return EntryKey.Cancel;
            case CtrlU:
                passphrase.Clear();
                return EntryKey.Taken;
            case Backspace or Delete when passphrase.Length > 0:
                passphrase.RemoveLastCharacter(utf8);
                return EntryKey.Taken;
            case CtrlD or Backspace or Delete or 0:
                return EntryKey.Refused;
            default:
                return passphrase.TryAppend(key) ? EntryKey.Taken : EntryKey.Refused;
        }
    }
}

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
