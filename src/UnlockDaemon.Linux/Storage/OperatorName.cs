namespace UnlockDaemon.Linux.Storage;

/// <summary>Name of the operator that a key slot belongs to.</summary>
public static class OperatorName
{
    /// <summary>The longest name, in characters.</summary>
    public const int MaximumLength = 64;

    /// <summary>Says why a text cannot be a name.</summary>
    /// <param name="text">The text.</param>
    /// <returns>The reason, or null when it can.</returns>
    public static string? FindFault(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (text.Length is 0 or > MaximumLength)
            return $"a name has 1 to {MaximumLength} characters";
        if (text.Trim().Length != text.Length
            || text.Any(static letter => char.IsControl(letter) || char.IsSurrogate(letter)
                || letter is '\'' or '"' or '\\'
                || char.GetUnicodeCategory(letter) is System.Globalization.UnicodeCategory.Format))
            return "a name has letters, digits, spaces in between and signs, but no quotes and no backslash";
        return text.All(char.IsAsciiDigit) ? "a name of digits alone would look like the number of a slot" : null;
    }
}
