using Tmds.DBus.Protocol;
using UnlockDaemon.Linux.Systemd;
using Xunit;

namespace UnlockDaemon.UnitTests.Units;

/// <summary>Properties as systemd sends them.</summary>
public sealed class UnitPropertiesTests
{
    [Fact]
    public void ReadsWhatHasToBeAMountPoint()
    {
        Tmds.DBus.Protocol.Array<Struct<string, bool, bool, string, int>> assertions =
        [
            Struct.Create("AssertPathExists", false, false, "/etc/web", 1),
            Struct.Create("AssertPathIsMountPoint", false, false, "/var/secure", -1),
        ];
        UnitState state = UnitProperties.Apply(new UnitState { Id = "a.service" },
            new Dictionary<string, VariantValue>(StringComparer.Ordinal)
            {
                ["Asserts"] = assertions.AsVariantValue(),
                ["NeedDaemonReload"] = true,
            });
        Assert.Equal(["/var/secure"], state.AssertedMountPoints);
        Assert.True(state.NeedsReload);
    }
}
