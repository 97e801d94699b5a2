using System.Numerics;
using System.Security.Cryptography;

namespace UnlockDaemon.Linux;

/// <summary>
/// A generated passphrase in a form that can be read over the telephone: eight groups of six digits. Digits have no
/// look-alikes, lie on every keyboard, and have names in every language.
/// </summary>
/// <remarks>
/// A group carries 16 random bits x as the number 11 x + its place (1 to 8), so the key has 128 bits. The rest by 11
/// tells every wrong digit and every swap of two neighbours, and that groups stand in each other's places: a digit
/// changes it by d 10^k, a swap by 9 d 10^k, and neither is a multiple of 11 for d from 1 to 9.
/// </remarks>
public static class RecoveryKey
{
    /// <summary>How many groups there are.</summary>
    public const int Groups = 8;

    /// <summary>Digits in a group.</summary>
    public const int GroupLength = 6;

    /// <summary>Digits in all; as the passphrase of the key slot they stand without anything in between.</summary>
    public const int Length = Groups * GroupLength;

    /// <summary>Length of the form for people, "012345-123456-...".</summary>
    public const int ShownLength = Length + Groups - 1;

    private const int Modulus = 11;
    private const byte Separator = (byte)'-';

    /// <summary>Makes a new one.</summary>
    /// <param name="key">Takes the digits; emptied first.</param>
    public static void Generate(Passphrase key)
    {
        ArgumentNullException.ThrowIfNull(key);
        key.Clear();
        using LockedMemory random = new(Groups * sizeof(ushort));
        Span<byte> bits = random.GetSpan();
        RandomNumberGenerator.Fill(bits);
        for (int group = 0; group < Groups; group++)
        {
            int value = (((bits[2 * group] << 8) | bits[(2 * group) + 1]) * Modulus) + group + 1;
            Span<byte> digits = key.Free[..GroupLength];
            for (int i = GroupLength - 1; i >= 0; i--, value /= 10)
                digits[i] = (byte)('0' + (value % 10));
            key.Advance(GroupLength);
        }
    }

    /// <summary>Writes the form for people.</summary>
    /// <param name="key">A generated key.</param>
    /// <param name="shown">Takes <see cref="ShownLength"/> bytes; secret as the key is.</param>
    public static void Show(Passphrase key, Span<byte> shown)
    {
        ArgumentNullException.ThrowIfNull(key);
        ArgumentOutOfRangeException.ThrowIfNotEqual(key.Length, Length);
        for (int group = 0, at = 0; group < Groups; group++)
        {
            key.Bytes.Slice(group * GroupLength, GroupLength).CopyTo(shown[at..]);
            at += GroupLength;
            if (group < Groups - 1)
                shown[at++] = Separator;
        }
    }

    /// <summary>
    /// Looks whether what was typed is a recovery key; spaces and hyphens between digits do not count.
    /// </summary>
    /// <param name="typed">What was typed; becomes the bare digits if it is one.</param>
    /// <returns>What it is, and which groups are mistyped.</returns>
    public static RecoveryKeyReading Read(Passphrase typed)
    {
        ArgumentNullException.ThrowIfNull(typed);
        using LockedMemory memory = new(Passphrase.MaximumLength);
        Span<byte> digits = memory.GetSpan();
        if (TakeDigits(typed.Bytes, digits) is not { } count || Math.Abs(count - Length) > GroupLength)
            return RecoveryKeyReading.None;
        int mistyped = CountOfGroups(typed.Bytes) == Groups
            ? FindMistypedGroups(typed.Bytes)
            : FindMistypedDigits(digits[..count]);
        if (mistyped != 0)
            return RecoveryKeyReading.Mistyped(mistyped);
        typed.Clear();
        digits[..count].CopyTo(typed.Free);
        typed.Advance(count);
        return RecoveryKeyReading.Whole;
    }

    private static bool IsSeparator(byte typed) => typed is Separator or (byte)' ' or (byte)'\t';

    private static int? TakeDigits(ReadOnlySpan<byte> typed, Span<byte> digits)
    {
        int count = 0;
        foreach (byte key in typed)
        {
            if (key is >= (byte)'0' and <= (byte)'9')
                digits[count++] = key;
            else if (!IsSeparator(key))
                return null;
        }

        return count;
    }

    private static int CountOfGroups(ReadOnlySpan<byte> typed)
    {
        int count = 0;
        for (int i = 0; i < typed.Length; i++)
        {
            if (!IsSeparator(typed[i]) && (i == 0 || IsSeparator(typed[i - 1])))
                count++;
        }

        return count;
    }

    /// <summary>Typed in eight groups: each is looked at by itself, whatever length it has.</summary>
    private static int FindMistypedGroups(ReadOnlySpan<byte> typed)
    {
        int mistyped = 0;
        for (int group = 0, at = 0; group < Groups; group++)
        {
            while (IsSeparator(typed[at]))
                at++;
            int start = at;
            while (at < typed.Length && !IsSeparator(typed[at]))
                at++;
            if (!IsWhole(typed[start..at], group))
                mistyped |= 1 << group;
        }

        return mistyped;
    }

    /// <summary>
    /// Typed in one go: with a digit too few or too many, all groups from the slip on look wrong from the start, and
    /// all up to it from the end.
    /// </summary>
    private static int FindMistypedDigits(ReadOnlySpan<byte> digits)
    {
        int fromStart = 0;
        int fromEnd = 0;
        for (int group = 0; group < Groups; group++)
        {
            int start = group * GroupLength;
            int end = digits.Length - Length + start;
            if (start + GroupLength > digits.Length || !IsWhole(digits.Slice(start, GroupLength), group))
                fromStart |= 1 << group;
            if (end < 0 || !IsWhole(digits.Slice(end, GroupLength), group))
                fromEnd |= 1 << group;
        }

        if (digits.Length == Length || (fromStart & fromEnd) != 0)
            return digits.Length == Length ? fromStart : fromStart & fromEnd;
        // A digit too many between two groups, or at either end.
        return fromStart == 0 ? 1 << (Groups - 1) : fromStart & -fromStart;
    }

    private static bool IsWhole(ReadOnlySpan<byte> digits, int group)
    {
        int value = 0;
        foreach (byte digit in digits)
            value = (value * 10) + digit - '0';
        return digits.Length == GroupLength && value % Modulus == group + 1 && value / Modulus <= ushort.MaxValue;
    }
}

/// <summary>What was typed, looked at as a recovery key.</summary>
/// <param name="IsWhole">It is one, and every group is right.</param>
/// <param name="MistypedGroups">
/// A bit for each group that is not, the lowest for the first; 0 when it is none at all.
/// </param>
public readonly record struct RecoveryKeyReading(bool IsWhole, int MistypedGroups)
{
    // An ordinary passphrase of so many digits has six groups right by chance once in 60,000 times.
    private const int GroupsOfASlip = 2;

    /// <summary>No recovery key: an ordinary passphrase.</summary>
    public static RecoveryKeyReading None { get; }

    /// <summary>A recovery key without a mistake.</summary>
    public static RecoveryKeyReading Whole { get; } = new(IsWhole: true, 0);

    /// <summary>
    /// Whether it can only be a recovery key with a slip, and not a passphrase that happens to be all digits.
    /// </summary>
    public bool IsSlip => MistypedGroups != 0 && BitOperations.PopCount((uint)MistypedGroups) <= GroupsOfASlip;

    /// <summary>What is wrong, as a sentence without its full stop; null when nothing is.</summary>
    public string? Complaint => MistypedGroups == 0 ? null
        : BitOperations.IsPow2(MistypedGroups) ? $"group {Numbers()} of the recovery key is mistyped"
        : $"groups {Numbers()} of the recovery key are mistyped";

    internal static RecoveryKeyReading Mistyped(int groups) => new(IsWhole: false, groups);

    private string Numbers()
    {
        List<int> numbers = [];
        for (int group = 0; group < RecoveryKey.Groups; group++)
        {
            if ((MistypedGroups >> group & 1) != 0)
                numbers.Add(group + 1);
        }

        return string.Join(", ", numbers);
    }
}
