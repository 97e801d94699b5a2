using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;

namespace UnlockDaemon.Service.Units;

/// <summary>Splits a command line into words as systemd does for ExecStart=, without variables and specifiers.</summary>
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

    /// <summary>Splits a text.</summary>
    /// <param name="text">The command line.</param>
    /// <param name="words">The words, at least one.</param>
    /// <param name="mistake">What is wrong with it.</param>
    /// <returns>Whether it could be split.</returns>
    internal static bool TrySplit(
        string text,
        [NotNullWhen(true)] out IReadOnlyList<string>? words,
        [NotNullWhen(false)] out string? mistake)
    {
        words = null;
        mistake = null;
        try
        {
            words = new CommandLine(text).Split();
        }
        catch (FormatException exception)
        {
            mistake = exception.Message;
        }

        return words is not null;
    }

    private List<string> Split()
    {
        var words = new List<string>();
        while (SkipSpace())
            words.Add(ReadWord());
        return words.Count > 0 ? words : throw new FormatException("the command is empty");
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

        return quote == '\0' ? _word.ToString() : throw new FormatException($"a quote ({quote}) is not closed");
    }

    /// <summary>Reads an escape and stays on its last character.</summary>
    private void ReadEscape()
    {
        if (++_position == _text.Length)
            throw new FormatException("a backslash is at the end");
        char c = _text[_position];
        int known = EscapeLetters.IndexOf(c);
        if (known >= 0)
            _word.Append(EscapeValues[known]);
        else if (c == 'x')
            _word.Append((char)ReadHexadecimal());
        else
            throw new FormatException($"there is no escape \\{c}; write \\\\ for a backslash");
    }

    private int ReadHexadecimal()
    {
        ReadOnlySpan<char> digits = _text.AsSpan(_position + 1);
        if (digits.Length < 2
            || !int.TryParse(digits[..2], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out int value)
            || value is 0 or > 127)
            throw new FormatException("\\x is not followed by two hexadecimal digits of an ASCII character");
        _position += 2;
        return value;
    }
}
