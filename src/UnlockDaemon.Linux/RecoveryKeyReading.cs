using System.Numerics;

namespace UnlockDaemon.Linux;

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
