using System.Globalization;

namespace UnlockDaemon.Linux;

/// <summary>Sizes as people write them, in powers of 1024.</summary>
public static class Sizes
{
    private const string Units = "KMGT";

    /// <summary>Reads "10G", "512M" or "1.5T".</summary>
    /// <param name="text">A number and one of K, M, G, T.</param>
    /// <returns>Bytes, a multiple of 512; or null when it is no size.</returns>
    public static long? Parse(string text)
    {
        int unit = text.Length == 0 ? -1 : Units.IndexOf(char.ToUpperInvariant(text[^1]), StringComparison.Ordinal);
        if (unit < 0 || !decimal.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.AllowDecimalPoint,
            CultureInfo.InvariantCulture, out decimal number) || number <= 0 || number > 1_000_000)
            return null;
        return (long)(number * (1L << (10 * (unit + 1)))) / 512 * 512;
    }

    /// <summary>Writes "10.0 GiB".</summary>
    /// <param name="bytes">The size.</param>
    /// <returns>One digit behind the point.</returns>
    public static string Text(long bytes)
    {
        int unit = bytes < 1024 ? -1 : (BitLength(bytes) - 1) / 10 - 1;
        unit = Math.Min(unit, Units.Length - 1);
        return unit < 0 ? $"{bytes} B" : $"{bytes / (double)(1L << (10 * (unit + 1))):0.0} {Units[unit]}iB";
    }

    private static int BitLength(long value) => 64 - System.Numerics.BitOperations.LeadingZeroCount((ulong)value);
}
