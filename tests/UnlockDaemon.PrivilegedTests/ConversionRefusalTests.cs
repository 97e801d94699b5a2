using UnlockDaemon.Containers;
using UnlockDaemon.Linux;
using UnlockDaemon.Linux.Storage;
using UnlockDaemon.Storage;
using UnlockDaemon.Storage.Configuration;
using Xunit;

namespace UnlockDaemon.PrivilegedTests;

/// <summary>
/// A conversion that must not go on: somebody unlocks the old container meanwhile, or no prompt would open the new one.
/// </summary>
public sealed class ConversionRefusalTests : IDisposable
{
    private readonly ContainerFixture _fixture = new();

    [Fact]
    public void UnlockedWhileThePassphraseIsTypedIsRefused()
    {
        Conversion conversion = Make();
        Assert.Null(conversion.FindObstacle());
        LoopDevice loop = LoopDevice.Attach(_fixture.Container);
        using Passphrase passphrase = new();
        string? said = conversion.Run(
            passphrase, passphrase, static _ => { }, static _ => new Progress<long>(), CancellationToken.None);
        Assert.Contains($"is in use ({loop.Path})", said, StringComparison.Ordinal);
    }

    [Fact]
    public void PassphraseWithoutAPlaceInTheEncodingIsRefused()
    {
        using Passphrase passphrase = new();
        foreach (byte value in "билл\u20acинг"u8)
            passphrase.TryAppend(value);
        string? said = Make(PassphraseEncoding.Koi8R).Run(
            passphrase, passphrase, static _ => { }, static _ => new Progress<long>(), CancellationToken.None);
        Assert.Contains("choose another passphrase for the new container", said, StringComparison.Ordinal);
        Assert.Contains("koi8-r", said, StringComparison.Ordinal);
    }

    [Fact]
    public void UnlockedBeforeTheJournalWasWrittenIsNotRenamed()
    {
        Conversion conversion = MakeCompared();
        LoopDevice loop = LoopDevice.Attach(_fixture.Container);
        Assert.Equal($"{_fixture.Container} was unlocked meanwhile ({loop.Path}): 'unlockctl lock', then "
            + "'unlockctl convert'", Switch(conversion));
        CheckNothingIsChanged(conversion, loop);
    }

    [Fact]
    public void WrittenToSinceTheComparisonIsNotRenamed()
    {
        Conversion conversion = MakeCompared();
        File.SetLastWriteTimeUtc(_fixture.Container, DateTime.UtcNow.AddMinutes(1));
        Assert.Contains("was written to meanwhile", Switch(conversion), StringComparison.Ordinal);
        CheckNothingIsChanged(conversion);
    }

    public void Dispose() => _fixture.Dispose();

    private void CheckNothingIsChanged(Conversion conversion, LoopDevice? loop = null)
    {
        Assert.Equal(loop, LoopDevice.FindByBackingFile(FileIdentity.Of(_fixture.Container)));
        Assert.Equal("new", File.ReadAllText(conversion.Files.New));
        Assert.Equal("old", File.ReadAllText(_fixture.Container + ".yaml"));
        // What is written from now on has to be compared again.
        Assert.True(conversion.NeedsPassphrase);
        Assert.Equal(ConversionStage.Copying, ConversionJournal.TryRead(conversion.Files)!.Stage);
    }

    private string? Switch(Conversion conversion) => conversion.Switch(_fixture.Container + ".yaml", "new");

    private Conversion MakeCompared()
    {
        ConversionFiles files = new(_fixture.Container);
        File.WriteAllText(files.New, "new");
        File.WriteAllText(_fixture.Container + ".yaml", "old");
        new ConversionJournal(ConversionStage.Switching, FileIdentity.Of(files.Container).Inode,
            ConversionJournal.LastWrite(files.Container), 3, FileIdentity.Of(files.New).Inode).Write(files);
        return Make();
    }

    private Conversion Make(PassphraseEncoding? encoding = null)
    {
        VolumeConfiguration volume = new(_fixture.Container, ContainerFormat.LoopAes, _fixture.MountPoint.Path,
            FilesystemType.Ext2, [], PlainCipher.LoopAes256)
        { Encoding = encoding };
        return new Conversion(volume, new UnlockdConfiguration(volume, [], [], LockConfiguration.Default));
    }
}
