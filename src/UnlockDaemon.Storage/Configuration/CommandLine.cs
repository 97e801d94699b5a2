using System.Globalization;
using System.Text;

namespace UnlockDaemon.Storage.Configuration;

/// <summary>Splits a command line into words as systemd does for ExecStart=; variables are not replaced.</summary>
/// <remarks>
/// systemd.service(5), "Command lines", and systemd.syntax(7): words end at white space; quotes, single or double, keep
/// it; a backslash begins a C escape, inside quotes too.
/// </remarks>
internal sealed class CommandLine
{
    private const string EscapeLetters = "abfnrtvs\\\"'";
    private const string EscapeValues = "\a\b\f\n\r\t\v \\\"'";

    private readonly string _text;
    private readonly StringBuilder _word = new();
    private int _position;

    private CommandLine(string text) => _text = text;

    /// <summary>Splits a command line into at least one word.</summary>
    /// <exception cref="FormatException">It cannot be split; the message is that of <see cref="Problem"/>.</exception>
    internal static IReadOnlyList<string> Split(string text) => new CommandLine(text).Split();

    /// <summary>What is wrong with a command line, as it follows it; null for nothing.</summary>
    internal static string? Problem(string text)
    {
        try
        {
            Split(text);
            return null;
        }
        catch (FormatException exception)
        {
            return exception.Message;
        }
    }

    private List<string> Split()
    {
        var words = new List<string>();
        while (SkipSpace())
            words.Add(ReadWord());
        return words.Count > 0 ? words : throw new FormatException("has no command");
    }

    private bool SkipSpace()
    {
        while (_position < _text.Length && char.IsWhiteSpace(_text[_position]))
            _position++;
        return _position < _text.Length;
    }

    private string ReadWord()
    {
        _word.Clear();
        char quote = '\0';
        for (; _position < _text.Length; _position++)
        {
            char c = _text[_position];
            if (c == '\\')
                ReadEscape();
            else if (quote != '\0' ? c == quote : c is '"' or '\'')
                quote = quote == '\0' ? c : '\0';
            else if (quote == '\0' && char.IsWhiteSpace(c))
                break;
            else
                _word.Append(c);
        }

        return quote == '\0'
            ? _word.ToString()
            : throw new FormatException($"has a quote ({quote}) that is not closed");
    }

    /// <summary>Reads an escape and stays on its last character.</summary>
    private void ReadEscape()
    {
        if (++_position == _text.Length)
            throw new FormatException("ends in a backslash; write \\\\ for a backslash");
        char c = _text[_position];
        int known = EscapeLetters.IndexOf(c);
        if (known >= 0)
            _word.Append(EscapeValues[known]);
        else if (c == 'x')
            _word.Append((char)ReadHexadecimal());
        else
            throw new FormatException($"has an unknown escape, \\{c}; write \\\\ for a backslash");
    }

    private int ReadHexadecimal()
    {
        ReadOnlySpan<char> digits = _text.AsSpan(_position + 1);
        if (digits.Length < 2
            || !int.TryParse(digits[..2], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out int value)
            || value is 0 or > 127)
            throw new FormatException("has \\x without two hexadecimal digits of an ASCII character");
        _position += 2;
        return value;
    }
}
