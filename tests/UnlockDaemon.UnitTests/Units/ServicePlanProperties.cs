using FsCheck;
using FsCheck.Fluent;
using UnlockDaemon.Service.Units;
using UnlockDaemon.Storage.Configuration;
using Xunit;

namespace UnlockDaemon.UnitTests.Units;

public sealed class ServicePlanProperties
{
    private const int Most = 8;

    /// <summary>
    /// Any graph without a loop of up to eight services, in any order: a service depends on some with a lower number.
    /// </summary>
    private static readonly Gen<ServiceConfiguration[]> s_services =
        from count in Gen.Choose(0, Most)
        from rows in Gen.ArrayOf(Gen.Choose(0, (1 << count) - 1), count)
        from services in Gen.Shuffle(rows.Select(static (row, i) => ServicePlanTests.Service($"s{i}",
            [.. Enumerable.Range(0, i).Where(j => (row >> j & 1) == 1).Select(static j => $"s{j}")])))
        select services.ToArray();

    [Fact]
    public void APlanHasEveryServiceOnceAndAfterItsDependencies() =>
        Prop.ForAll(s_services.ToArbitrary(), static services =>
        {
            ServicePlan plan = new(services);
            return plan.Services.Order(ByName).SequenceEqual(services.Order(ByName)) && IsOrdered(plan);
        }).Check(Settings());

    [Fact]
    public void DependentsAreTheReverseOfDependencies() =>
        Prop.ForAll(s_services.ToArbitrary(), static services =>
        {
            ServicePlan plan = new(services);
            return plan.Services.All(service => plan.Services.All(other =>
                plan.DependentsOf(service.Name).Contains(other.Name) == other.DependsOn.Contains(service.Name)));
        }).Check(Settings());

    private static readonly Comparer<ServiceConfiguration> ByName =
        Comparer<ServiceConfiguration>.Create(static (a, b) => string.CompareOrdinal(a.Name, b.Name));

    private static Config Settings() => Config.QuickThrowOnFailure.WithMaxTest(3_000);

    private static bool IsOrdered(ServicePlan plan)
    {
        var before = new HashSet<string>();
        return plan.Services.All(service => service.DependsOn.All(before.Contains) && before.Add(service.Name));
    }
}
