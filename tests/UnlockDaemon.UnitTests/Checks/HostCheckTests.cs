using UnlockDaemon.Checks;
using UnlockDaemon.Storage.Configuration;
using UnlockDaemon.UnitTests.Configuration;
using UnlockDaemon.UnitTests.Units;
using Xunit;

namespace UnlockDaemon.UnitTests.Checks;

/// <summary>What is found out about the configured units.</summary>
public sealed class HostCheckTests
{
    private readonly StandInSystemd _systemd = new();
    private readonly UnlockdConfiguration _configuration = ConfigurationLoaderTests.Valid(
        """
        volume: { container: /var/encrypt_file, mount_point: /var/secure }
        services:
          mysql: { unit: mariadb.service }
          core: { unit: core.service }
        """);

    [Fact]
    public async Task NamesUnitsThatFailAtBootBecauseOneIsGated()
    {
        _systemd["mariadb.service"].BecomeSilently(
            _systemd["mariadb.service"].State with { RequiredBy = ["core.service", "web.service"] });
        Finding warning = Assert.Single(await CheckAsync(), static found => found.Severity != FindingSeverity.Good);
        Assert.Equal(FindingSeverity.Warning, warning.Severity);
        Assert.StartsWith("web.service requires mariadb.service: ", warning.Text, StringComparison.Ordinal);
    }

    private Task<IReadOnlyList<Finding>> CheckAsync() => new HostCheck(_configuration, _systemd).CheckUnitAsync(
        _configuration.Services[0], TestContext.Current.CancellationToken);
}
