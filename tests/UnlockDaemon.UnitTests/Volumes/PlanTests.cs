using System.Text;
using UnlockDaemon.Linux.Storage;
using UnlockDaemon.Storage;
using Xunit;

namespace UnlockDaemon.UnitTests.Volumes;

/// <summary>The plans for the cases that matter, against a golden file.</summary>
public sealed class PlanTests
{
    private static readonly Superblock s_clean = new("ext4", true, false, false, 1 << 20);

    private static readonly (string Name, Snapshot Seen)[] s_cases =
    [
        ("nothing is there", Scene.Locked),
        ("the container is a device", Scene.Locked with
        {
            Container = Scene.Locked.Container with { Kind = ContainerKind.Device },
        }),
        ("attached", Scene.Attached),
        ("attached read-only by somebody", Scene.Locked with
        {
            Loops = [Scene.Loop with { IsWhole = false }],
        }),
        ("attached to a file that was moved away", Scene.Locked with
        {
            Strays = [Scene.Loop with { BackingFile = "/var/away" }],
        }),
        ("mapped, clean", Scene.Mapped with { Superblock = new(s_clean, null) }),
        ("mapped, not clean", Scene.Mapped with { Superblock = new(s_clean with { IsClean = false }, null) }),
        ("mapped, a check is due", Scene.Mapped with { Superblock = new(s_clean with { CheckIsDue = true }, null) }),
        ("mounted", Scene.Mounted),
        ("mounted, with swap", Scene.Mounted with { Swap = new("/dev/mapper/unlockd.swap", 1 << 20, true) }),
        ("mounted, its key wiped by a panic", Scene.Mounted with
        {
            Mapping = Scene.Mounted.Mapping! with { IsOnNothing = true, Lower = null },
        }),
        ("dm-integrity alone", Scene.Attached with { Integrity = "unlockd-secure_dif" }),
    ];

    [Fact]
    public void PlansAreAsRecorded()
    {
        StringBuilder plans = new();
        foreach ((string name, Snapshot seen) in s_cases)
        {
            plans.Append($"{name}\n  unlock       {Text(Plan.ToMount(seen, secret: null))}\n");
            plans.Append($"  lock, ahead  {Text(Plan.BeforeStop(seen))}\n");
            plans.Append($"  lock, then   {Text(Plan.AfterStop(seen, []))}\n");
            plans.Append($"  panic        {Text(Plan.AfterKill(seen))}\n");
        }

        plans.Append($"grow           {Text(Plan.ToGrow(1 << 30, secret: null))}\n");
        using Stream golden = typeof(PlanTests).Assembly.GetManifestResourceStream(
            "UnlockDaemon.UnitTests.Volumes.Plans.golden")!;
        using StreamReader reader = new(golden);
        Assert.Equal(reader.ReadToEnd(), plans.ToString());
    }

    [Fact]
    public void TheStateAtRestIsWhatTheMachineShows()
    {
        StringBuilder states = new();
        foreach ((string name, Snapshot seen) in s_cases)
            states.Append($"{name}: {Plan.AtRest(seen, false, true, true)}\n");
        Assert.Equal("""
            nothing is there: Locked
            the container is a device: Locked
            attached: Locked
            attached read-only by somebody: Locked
            attached to a file that was moved away: Locked
            mapped, clean: Failed
            mapped, not clean: Failed
            mapped, a check is due: Failed
            mounted: Ready
            mounted, with swap: Ready
            mounted, its key wiped by a panic: Failed
            dm-integrity alone: Locked

            """, states.ToString());
        Assert.Equal(VolumeState.Starting, Plan.AtRest(Scene.Mounted, isSettling: true, false, true));
        Assert.Equal(VolumeState.Degraded, Plan.AtRest(Scene.Mounted, false, areAllReady: false, true));
        Assert.Equal(VolumeState.Degraded, Plan.AtRest(Scene.Mounted, false, true, isSound: false));
    }

    private static string Text(IReadOnlyList<Step> steps) =>
        steps.Count == 0 ? "-" : string.Join(", ", steps.Select(Describe));

    private static string Describe(Step step) => step switch
    {
        Step.Map { Secret: null } => "Map",
        Step.Check check => $"Check ({check.Reason})",
        _ => step.GetType().Name,
    };
}
