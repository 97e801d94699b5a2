using UnlockDaemon.Linux;
using UnlockDaemon.Linux.Storage;

namespace UnlockDaemon.Storage;

/// <summary>A passphrase in one encoding, or the keys that it opens the key file to.</summary>
internal sealed class Secret : IDisposable
{
    private readonly Passphrase? _passphrase;
    private readonly KeyLines? _lines;

    private Secret(PassphraseEncoding? encoding, Passphrase? passphrase, KeyLines? lines)
    {
        Encoding = encoding;
        _passphrase = passphrase;
        _lines = lines;
    }

    /// <summary>Null for the passphrase as it was typed.</summary>
    internal PassphraseEncoding? Encoding { get; }

    /// <summary>Whether it is the 64 or 65 keys of a key file.</summary>
    internal bool HasManyKeys => _lines is not null;

    /// <summary>A passphrase in every encoding that makes a difference; with a key file, those that open it.</summary>
    internal static List<Secret> All(Passphrase typed, string? keyFile)
    {
        List<Secret> secrets = [];
        foreach (PassphraseEncoding? encoding in (PassphraseEncoding?[])[null, .. PassphraseEncoding.All])
        {
            Passphrase? converted = encoding is null ? Copy(typed.Bytes) : encoding.TryConvert(typed);
            if (converted is null)
                continue;
            if (encoding is not null && converted.Bytes.SequenceEqual(typed.Bytes))
                converted.Dispose();
            else if (keyFile is null)
                secrets.Add(new Secret(encoding, converted, null));
            else if (Open(encoding, converted, keyFile) is { } keys)
                secrets.Add(keys);
        }

        return secrets;
    }

    internal VolumeKey Derive(PlainCipher cipher) =>
        _lines is not null ? VolumeKey.Derive(_lines, cipher) : VolumeKey.Derive(_passphrase!, cipher);

    internal IteratedKey Iterate(PlainCipher cipher) => new(_passphrase!.Bytes, cipher);

    public void Dispose()
    {
        _passphrase?.Dispose();
        _lines?.Dispose();
    }

    private static Secret? Open(PassphraseEncoding? encoding, Passphrase passphrase, string keyFile)
    {
        using Passphrase used = passphrase;
        KeyLines? lines = new GpgKeyFile(keyFile).TryDecrypt(used);
        if (lines?.Count != 1)
            return lines is null ? null : new Secret(encoding, null, lines);
        using (lines)
            return new Secret(encoding, Copy(lines[0]), null);
    }

    private static Passphrase Copy(ReadOnlySpan<byte> bytes)
    {
        Passphrase copy = new();
        bytes.CopyTo(copy.Free);
        copy.Advance(bytes.Length);
        return copy;
    }
}
