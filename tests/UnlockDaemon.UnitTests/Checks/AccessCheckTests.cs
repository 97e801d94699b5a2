using UnlockDaemon.Checks;
using UnlockDaemon.Storage.Configuration;
using Xunit;

namespace UnlockDaemon.UnitTests.Checks;

/// <summary>Who may get at the container.</summary>
public sealed class AccessCheckTests : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("unlockd-access-");

    public void Dispose() => _directory.Delete(recursive: true);

    [Theory]
    [InlineData(0x180, 0x1ED, null)] // 0600 in 0755
    [InlineData(0x1A4, 0x1ED, "'chmod go= ")] // 0644
    [InlineData(0x190, 0x1ED, "'chmod go= ")] // 0620
    [InlineData(0x180, 0x1FF, "'chmod go-w ")] // in 0777
    [InlineData(0x180, 0x3FF, null)] // in 1777
    public void IsToldWhereItIsMoreThanRoot(int mode, int directory, string? advice)
    {
        string container = Path.Combine(_directory.FullName, "container");
        File.WriteAllText(container, "");
        File.SetUnixFileMode(container, (UnixFileMode)mode);
        File.SetUnixFileMode(_directory.FullName, (UnixFileMode)directory);
        VolumeConfiguration volume = new(container, ContainerFormat.Luks, "/var/secure", FilesystemType.Ext4, [], null)
        {
            Header = "/nowhere/header",
        };
        Finding? found = AccessCheck.Run(volume).SingleOrDefault();
        Assert.Equal(advice is null, found is null);
        Assert.Contains(advice ?? "", found?.Text ?? "", StringComparison.Ordinal);
    }
}
