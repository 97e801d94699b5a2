using FsCheck;
using FsCheck.Fluent;
using UnlockDaemon.Service.Configuration;
using UnlockDaemon.Service.Units;
using Xunit;

namespace UnlockDaemon.UnitTests.Units;

public sealed class ServicePlanProperties
{
    private const int Most = 8;

    /// <summary>Any graph of up to eight services: bit j of row i says that service i depends on service j.</summary>
    private static readonly Gen<int[]> s_graphs =
        from count in Gen.Choose(0, Most)
        from rows in Gen.ArrayOf(SparseRow(count), count)
        select rows;

    [Fact]
    public void APlanHasEveryServiceOnceAndAfterItsDependencies() =>
        Prop.ForAll(s_graphs.ToArbitrary(), static rows =>
        {
            ServiceConfiguration[] services = Services(rows);
            return !ServicePlan.TryCreate(services, out ServicePlan? plan, out _)
                || (plan.Services.Order(ByName).SequenceEqual(services.Order(ByName)) && IsOrdered(plan));
        }).Check(Settings());

    [Fact]
    public void ThereIsAPlanExactlyIfThereIsNoLoop() =>
        Prop.ForAll(s_graphs.ToArbitrary(), static rows =>
            ServicePlan.TryCreate(Services(rows), out _, out _) == !HasLoop(rows)).Check(Settings());

    [Fact]
    public void ALoopThatIsNamedIsOne() =>
        Prop.ForAll(s_graphs.ToArbitrary(), static rows =>
        {
            if (ServicePlan.TryCreate(Services(rows), out _, out string? mistake))
                return true;
            int[] loop = [.. mistake[(mistake.IndexOf(": ", StringComparison.Ordinal) + 2)..]
                .Split(" -> ").Select(static name => int.Parse(name[1..]))];
            return loop[0] == loop[^1] && loop.Zip(loop.Skip(1)).All(edge => DependsOn(rows[edge.First], edge.Second));
        }).Check(Settings());

    [Fact]
    public void DependentsAreTheReverseOfDependencies() =>
        Prop.ForAll(s_graphs.ToArbitrary(), static rows =>
            !ServicePlan.TryCreate(Services(rows), out ServicePlan? plan, out _)
            || plan.Services.All(service => plan.Services.All(other =>
                plan.DependentsOf(service.Name).Contains(other.Name) == other.DependsOn.Contains(service.Name))))
            .Check(Settings());

    private static readonly Comparer<ServiceConfiguration> ByName =
        Comparer<ServiceConfiguration>.Create(static (a, b) => string.CompareOrdinal(a.Name, b.Name));

    private static Config Settings() => Config.QuickThrowOnFailure.WithMaxTest(3_000);

    // Of two random rows the common bits: dense graphs all have loops.
    private static Gen<int> SparseRow(int count) =>
        from a in Gen.Choose(0, (1 << count) - 1)
        from b in Gen.Choose(0, (1 << count) - 1)
        select a & b;

    private static bool DependsOn(int row, int service) => (row >> service & 1) == 1;

    private static ServiceConfiguration[] Services(int[] rows) =>
    [
        .. rows.Select((row, i) => ServicePlanTests.Service($"s{i}", [.. Enumerable.Range(0, rows.Length)
            .Where(j => DependsOn(row, j)).Select(static j => $"s{j}")])),
    ];

    private static bool IsOrdered(ServicePlan plan)
    {
        var before = new HashSet<string>();
        return plan.Services.All(service => service.DependsOn.All(before.Contains) && before.Add(service.Name));
    }

    /// <summary>Takes away services without dependencies until none is left to take: the rest is in loops.</summary>
    private static bool HasLoop(int[] rows)
    {
        int left = (1 << rows.Length) - 1;
        for (int known = 0; left != known;)
        {
            known = left;
            for (int i = 0; i < rows.Length; i++)
                if ((rows[i] & left) == 0)
                    left &= ~(1 << i);
        }

        return left != 0;
    }
}
