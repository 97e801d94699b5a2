using UnlockDaemon.Linux;
using UnlockDaemon.Storage;

namespace UnlockDaemon.Conformance;

/// <summary>One thing that happens in a scenario.</summary>
/// <param name="Words">What it is called there.</param>
internal sealed record Move(string Words)
{
    /// <summary>The words for an end of the daemon and the begin of another one.</summary>
    internal const string Restart = "restart";

    /// <summary>The words for one that is configured with the other container.</summary>
    internal const string RestartOnOther = "restart on other";

    /// <summary>How large the containers are made.</summary>
    internal const long ContainerSize = 32 << 20;

    /// <summary>How much is cut off or appended.</summary>
    internal const long Piece = 4 << 20;

    /// <summary>For how long a key is kept: longer than a slow guest takes for a look.</summary>
    internal static readonly TimeSpan KeyLife = TimeSpan.FromSeconds(8);

    /// <summary>The right passphrase; the simulation takes every one that begins with an r for that.</summary>
    internal const string RightPassphrase = "right";

    private const string WrongPassphrase = "wrong";

    private static readonly Dictionary<string, Func<Step>> s_steps = new(StringComparer.Ordinal)
    {
        ["attach"] = static () => new Step.Attach(),
        ["map right"] = static () => new Step.Map(Make(RightPassphrase)),
        ["map wrong"] = static () => new Step.Map(Make(WrongPassphrase)),
        ["map by kept key"] = static () => new Step.Map(null),
        ["check"] = static () => new Step.Check("it is asked for"),
        ["mount"] = static () => new Step.Mount(),
        ["sync"] = static () => new Step.Sync(),
        ["flush"] = static () => new Step.Flush(),
        ["unmount"] = static () => new Step.Unmount(),
        ["unmap"] = static () => new Step.Unmap(),
        ["detach"] = static () => new Step.Detach(),
        ["protect"] = static () => new Step.Protect(),
        ["swap on"] = static () => new Step.SwapOn(),
        ["swap off"] = static () => new Step.SwapOff(),
        ["keep key"] = static () => new Step.KeepKey(),
        ["expire key"] = static () => new Step.ExpireKey(KeyLife),
        ["forget key"] = static () => new Step.ForgetKey(),
        ["wipe keys"] = static () => new Step.WipeKeys(),
        ["grow right"] = static () => new Step.GrowMapping(ContainerSize + Piece, Make(RightPassphrase)),
        ["grow wrong"] = static () => new Step.GrowMapping(ContainerSize + Piece, Make(WrongPassphrase)),
        ["grow"] = static () => new Step.GrowMapping(ContainerSize + Piece, null),
        ["grow filesystem"] = static () => new Step.GrowFilesystem(),
    };

    private static readonly Dictionary<string, StrangersAct> s_acts = new(StringComparer.Ordinal)
    {
        ["attach again"] = StrangersAct.AttachAgain,
        ["losetup -d"] = StrangersAct.DetachByHand,
        ["dmsetup remove"] = StrangersAct.UnmapByHand,
        ["umount"] = StrangersAct.UnmountByHand,
        ["mount other"] = StrangersAct.MountOther,
        ["hold file"] = StrangersAct.HoldFile,
        ["hold directory"] = StrangersAct.HoldDirectory,
        ["hold mapping"] = StrangersAct.HoldMapping,
        ["hold loop"] = StrangersAct.HoldLoop,
        ["hold namespace"] = StrangersAct.HoldNamespace,
        ["let go"] = StrangersAct.LetGo,
        ["move"] = StrangersAct.MoveContainer,
        ["move back"] = StrangersAct.MoveContainerBack,
        ["delete"] = StrangersAct.DeleteContainer,
        ["put another"] = StrangersAct.PutAnother,
        ["truncate"] = StrangersAct.TruncateContainer,
        ["mark unclean"] = StrangersAct.MarkUnclean,
        ["break"] = StrangersAct.BreakFilesystem,
        ["wait"] = StrangersAct.Wait,
    };

    /// <summary>What a stranger does; null for what the daemon does.</summary>
    internal StrangersAct? Act => s_acts.TryGetValue(Words, out StrangersAct act) ? act : null;

    /// <summary>Reads the moves of a scenario.</summary>
    /// <param name="words">Their words, with ", " between them.</param>
    internal static IReadOnlyList<Move> Read(string words) =>
        [.. words.Split(", ").Select(static one => new Move(one.Trim()).Check())];

    /// <summary>Makes the step; null for what is none.</summary>
    internal Step? ToStep() => s_steps.TryGetValue(Words, out Func<Step>? make) ? make() : null;

    private Move Check() => s_steps.ContainsKey(Words) || s_acts.ContainsKey(Words)
        || Words is Restart or RestartOnOther
            ? this
            : throw new ArgumentException($"there is no move \"{Words}\"");

    private static Passphrase Make(string text)
    {
        Passphrase passphrase = new();
        foreach (char letter in text)
            passphrase.TryAppend((byte)letter);
        return passphrase;
    }
}
