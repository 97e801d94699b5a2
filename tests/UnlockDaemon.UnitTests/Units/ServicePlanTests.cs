using UnlockDaemon.Service.Configuration;
using UnlockDaemon.Service.Units;
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

    [Fact]
    public void NamesTheServicesOfALoopAndNoOthers()
    {
        string mistake = Mistake(
            Service("web", "core"), Service("core", "mysql"), Service("mysql", "radius"), Service("radius", "core"));
        Assert.Equal("services wait for each other in a loop: core -> mysql -> radius -> core", mistake);
    }

    [Fact]
    public void NamesAServiceThatWaitsForItself() =>
        Assert.Equal("services wait for each other in a loop: core -> core", Mistake(Service("core", "core")));

    [Fact]
    public void NamesAnUnknownDependency() =>
        Assert.Equal(
            "service core depends on mysqll, which is not configured",
            Mistake(Service("mysql"), Service("core", "mysqll")));

    [Fact]
    public void NamesAServiceThatIsThereTwice() =>
        Assert.Equal("there are two services named core", Mistake(Service("core"), Service("core")));

    internal static ServiceConfiguration Service(string name, params string[] dependsOn) =>
        new(name, $"{name}.service", dependsOn, null, TimeSpan.FromSeconds(10));

    private static ServicePlan Plan(params ServiceConfiguration[] services)
    {
        Assert.True(ServicePlan.TryCreate(services, out ServicePlan? plan, out string? mistake), mistake);
        return plan;
    }

    private static string Mistake(params ServiceConfiguration[] services)
    {
        Assert.False(ServicePlan.TryCreate(services, out _, out string? mistake));
        return mistake;
    }
}
