using UnlockDaemon.Service.Units;
using UnlockDaemon.Storage.Configuration;
using Xunit;

namespace UnlockDaemon.UnitTests.Units;

public sealed class ServicePlanTests
{
    [Fact]
    public void PutsEachServiceAfterThoseItDependsOn()
    {
        ServicePlan plan = Plan(Service("radius", "core"), Service("core", "mysql"), Service("mysql"));
        Assert.Equal(["mysql", "core", "radius"], plan.Services.Select(static s => s.Name));
        Assert.Equal(["core"], plan.DependentsOf("mysql"));
        Assert.Empty(plan.DependentsOf("radius"));
    }

    [Fact]
    public void KeepsTheConfiguredOrderWhereNothingDepends() =>
        Assert.Equal(
            ["c", "a", "b"], Plan(Service("c"), Service("a"), Service("b")).Services.Select(static s => s.Name));

    internal static ServiceConfiguration Service(string name, params string[] dependsOn) =>
        new(name, $"{name}.service", dependsOn, null, TimeSpan.FromSeconds(10));

    private static ServicePlan Plan(params ServiceConfiguration[] services) => new(services);
}
