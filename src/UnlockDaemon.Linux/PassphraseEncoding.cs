using System.Text;

namespace UnlockDaemon.Linux;

/// <summary>
/// An encoding of one byte a character, as consoles had it before UTF-8: a volume made there has a passphrase of such
/// bytes.
/// </summary>
/// <remarks>
/// Tables of our own: the runtime's encodings make strings and arrays of what they convert. Source: unicode.org,
/// Public/MAPPINGS/VENDORS.
/// </remarks>
public sealed class PassphraseEncoding
{
    private const char None = '\uFFFD';

    // The characters of the bytes 0x80 to 0xFF.
    private readonly string _upperHalf;

    private PassphraseEncoding(string name, string upperHalf)
    {
        Name = name;
        _upperHalf = upperHalf;
    }

    /// <summary>KOI8-R.</summary>
    public static PassphraseEncoding Koi8R { get; } = new("koi8-r",
        "─│┌┐└┘├┤┬┴┼▀▄█▌▐░▒▓⌠■∙√≈≤≥\u00A0⌡°²·÷" +
        "═║╒ё╓╔╕╖╗╘╙╚╛╜╝╞╟╠╡Ё╢╣╤╥╦╧╨╩╪╫╬©" +
        "юабцдефгхийклмнопярстужвьызшэщчъ" +
        "ЮАБЦДЕФГХИЙКЛМНОПЯРСТУЖВЬЫЗШЭЩЧЪ");

    /// <summary>CP1251, as Windows has it.</summary>
    public static PassphraseEncoding Cp1251 { get; } = new("cp1251",
        "ЂЃ‚ѓ„…†‡€‰Љ‹ЊЌЋЏђ‘’“”•–—\uFFFD™љ›њќћџ" +
        "\u00A0ЎўЈ¤Ґ¦§Ё©Є«¬\u00AD®Ї°±Ііґµ¶·ё№є»јЅѕї" +
        "АБВГДЕЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯ" +
        "абвгдежзийклмнопрстуфхцчшщъыьэюя");

    /// <summary>CP866, as DOS has it.</summary>
    public static PassphraseEncoding Cp866 { get; } = new("cp866",
        "АБВГДЕЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯ" +
        "абвгдежзийклмноп░▒▓│┤╡╢╖╕╣║╗╝╜╛┐" +
        "└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀" +
        "рстуфхцчшщъыьэюяЁёЄєЇїЎў°∙·√№¤■\u00A0");

    /// <summary>All of them.</summary>
    public static IReadOnlyList<PassphraseEncoding> All { get; } = [Koi8R, Cp1251, Cp866];

    /// <summary>Its name, in the configuration too.</summary>
    public string Name { get; }

    /// <summary>Converts a passphrase that was typed in UTF-8.</summary>
    /// <param name="typed">The passphrase. What is not UTF-8 at all is taken as it is: it was typed where the console
    /// has this encoding.</param>
    /// <returns>The converted one, or null when a character of it has no place in this encoding.</returns>
    public Passphrase? TryConvert(Passphrase typed)
    {
        ArgumentNullException.ThrowIfNull(typed);
        bool utf8 = System.Text.Unicode.Utf8.IsValid(typed.Bytes);
        Passphrase converted = new();
        for (ReadOnlySpan<byte> rest = typed.Bytes; !rest.IsEmpty;)
        {
            int length = 1;
            byte value = rest[0];
            if (utf8)
            {
                _ = Rune.DecodeFromUtf8(rest, out Rune character, out length);
                if (!TryFind(character, out value))
                {
                    converted.Dispose();
                    return null;
                }
            }

            converted.TryAppend(value);
            rest = rest[length..];
        }

        return converted;
    }

    private bool TryFind(Rune character, out byte value)
    {
        int index = character.IsAscii ? character.Value - 0x80
            : character.IsBmp && character.Value != None ? _upperHalf.IndexOf((char)character.Value) : -1;
        value = (byte)(0x80 + index);
        return character.IsAscii || index >= 0;
    }
}
