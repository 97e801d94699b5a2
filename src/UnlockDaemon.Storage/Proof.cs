using UnlockDaemon.Protocol.Messages;

namespace UnlockDaemon.Storage;

/// <summary>
/// What a certificate says, from one look after a lock. No step's own word counts here, and what was not looked at is not
/// proven.
/// </summary>
internal static class Proof
{
    /// <summary>Makes every check, also after one has failed.</summary>
    /// <param name="seen">A look with <see cref="Aspects.Leftovers"/>.</param>
    /// <param name="known">How the file system was left; null when that is not known.</param>
    /// <param name="flush">What came of flushing the container.</param>
    /// <param name="stateDirectory">Where what is known is kept, for the message.</param>
    internal static IReadOnlyList<CheckResult> Of(
        Snapshot seen, FilesystemMemory? known, StepResult flush, string stateDirectory)
    {
        LeftoverFacts left = seen.Leftovers!;
        List<CheckResult> checks =
        [
            Check("services stopped", left.Services, "inactive, control groups empty"),
            Check("filesystem unmounted", left.Mounts, "in no mount namespace"),
            CheckSuperblock(seen, known, stateDirectory),
            Check("mapping gone", left.Mappings, "the device mapper has none of its name, and none was forgotten"),
            Check("key gone", left.Keys, seen.IsKeyKept
                ? "no key of dm-crypt in a kernel keyring; unlockd's own keeps one for a while, as lock.keep_key says"
                : "no key of it in a kernel keyring"),
            Check("container detached", left.Devices, seen.IsDevice
                ? "it is a block device, and no other device of the kernel is on it"
                : "no loop device on its inode"),
            new("container flushed", flush.IsDone, flush.IsDone ? "fsync and syncfs succeeded" : flush.Reason),
        ];
        // Made where swap is configured; of any other swap, "unlockctl check" warns.
        if (seen.Swap is { } swap)
            checks.Add(Check("swap off", swap.Mapping is null ? [] : [$"swap on {swap.Mapping}"],
                "its mapping is gone, and the key with it"));
        return checks;
    }

    private static CheckResult Check(string name, IReadOnlyList<string> leftovers, string good) =>
        new(name, leftovers.Count == 0, leftovers.Count == 0 ? good : string.Join(", ", leftovers));

    private static CheckResult CheckSuperblock(Snapshot seen, FilesystemMemory? known, string stateDirectory)
    {
        const string Again = "unlock and lock it once more";
        (bool clean, string detail) = known switch
        {
            null => (false, $"what {stateDirectory} knew of it is lost: {Again}"),
            { Verdict: FilesystemVerdict.Mounted } => (false, $"it was not unlockd that unmounted it: {Again}"),
            { Verdict: FilesystemVerdict.Unclean } => (false, known.Detail),
            _ when known.Container != seen.Container.Identity?.ToString() =>
                (false, $"the container is another one than unlockd knows: {Again}"),
            _ when known.Seal != seen.Seal || known.Seal is null =>
                (false, $"the container was written to, and not by unlockd: {Again}"),
            _ => (true, known.Detail),
        };
        return new CheckResult("superblock clean", clean, detail);
    }
}
