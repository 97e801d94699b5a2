using UnlockDaemon.Storage.Configuration;

namespace UnlockDaemon.UnitTests.Simulation;

/// <summary>What a history begins with: how the machine is set up.</summary>
/// <param name="KeepsKey">Whether lock.keep_key is configured.</param>
/// <param name="HasSwap">Whether swap space is configured.</param>
/// <param name="IsDirty">Whether the container was not unmounted in peace before the boot.</param>
/// <param name="HasOneshot">Whether one of the services does its work and ends.</param>
internal sealed record Scenario(bool KeepsKey, bool HasSwap, bool IsDirty, bool HasOneshot)
{
    internal const string Database = "mysql";
    internal const string Core = "core";
    internal const string Radius = "radius";
    internal const string Web = "web";

    private static readonly TimeSpan s_timeout = TimeSpan.FromSeconds(120);

    private static readonly ServiceConfiguration[] s_services =
    [
        new(Database, "mariadb.service", [], null, s_timeout),
        new(Core, "utm5_core.service", [Database], null, s_timeout),
        new(Radius, "utm5_radius.service", [Core, Database], null, s_timeout),
        new(Web, "nginx.service", [], null, s_timeout),
    ];

    // Configurations do not change: one of each kind serves all histories.
    private static readonly Dictionary<(bool, bool, string), UnlockdConfiguration> s_made = (
        from keepsKey in new[] { false, true }
        from hasSwap in new[] { false, true }
        from container in new[] { World.PathA, World.PathB }
        select ((keepsKey, hasSwap, container), Make(keepsKey, hasSwap, container)))
        .ToDictionary(static made => made.Item1, static made => made.Item2);

    internal static IEnumerable<string> Services { get; } = [.. s_services.Select(static service => service.Name)];

    /// <summary>Throws the dice for one.</summary>
    internal static Scenario Throw(Dice dice) =>
        new(dice.Percent(30), dice.Percent(25), dice.Percent(15), dice.Percent(10));

    /// <summary>The configuration with one of the containers.</summary>
    internal UnlockdConfiguration With(string container) => s_made[(KeepsKey, HasSwap, container)];

    private static UnlockdConfiguration Make(bool keepsKey, bool hasSwap, string container) => new(
        new VolumeConfiguration(container, ContainerFormat.Luks, "/var/secure", FilesystemType.Ext4, [], null),
        [],
        s_services,
        new LockConfiguration(
            TimeSpan.FromSeconds(90), TimeSpan.FromMinutes(30), keepsKey ? TimeSpan.FromMinutes(10) : null),
        hasSwap ? new SwapConfiguration("/var/swap", 1 << 20) : null);
}
