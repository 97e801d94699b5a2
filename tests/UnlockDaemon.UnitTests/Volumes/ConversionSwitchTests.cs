using System.Text;
using UnlockDaemon.Containers;
using UnlockDaemon.Linux;
using UnlockDaemon.Linux.Storage;
using UnlockDaemon.Storage;
using Xunit;

namespace UnlockDaemon.UnitTests.Volumes;

/// <summary>The end of a conversion, begun in every state that a crash can leave.</summary>
public sealed class ConversionSwitchTests : IDisposable
{
    private const string Uuid = "11111111-2222-3333-4444-555555555555";
    private static readonly byte[] s_new = [.. "LUKS"u8, 0xBA, 0xBE, .. new byte[162],
        .. Encoding.ASCII.GetBytes(Uuid), .. new byte[20]];
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("unlockd-switch-");
    private readonly ConversionFiles _files;
    private readonly string _configuration;

    public ConversionSwitchTests()
    {
        _files = new ConversionFiles(Path.Combine(_directory.FullName, "container"));
        _configuration = Path.Combine(_directory.FullName, "unlockd.yaml");
        File.WriteAllBytes(_configuration, [0xEF, 0xBB, 0xBF, .. "format: loop-aes"u8]);
        File.SetUnixFileMode(_configuration, UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }

    public void Dispose() => _directory.Delete(recursive: true);

    [Theory]
    [InlineData("", ".new", false)] // before anything
    [InlineData("", ".new", true)] // the configuration is written
    [InlineData(".new", "", true)] // exchanged
    [InlineData(".old", ".new", true)] // where they cannot be exchanged: between the two renames
    [InlineData(".old", "", true)] // done
    [InlineData(".old", "", false)] // the configuration was brought back from somewhere
    public void FinishesFromEveryState(string old, string fresh, bool configured)
    {
        ConversionSwitch change = Make(old, fresh);
        if (configured)
            File.WriteAllText(_configuration, "format: luks");

        Assert.Null(change.FindFault());
        change.Run(_configuration, "format: luks");
        Assert.Null(change.FindFault());
        change.Run(_configuration, "format: luks");

        Assert.Equal(s_new, File.ReadAllBytes(_files.Container));
        Assert.Equal("old", File.ReadAllText(_files.Old));
        Assert.False(File.Exists(_files.New));
        Assert.Equal("format: luks", File.ReadAllText(_configuration));
        Assert.Equal(configured ? (byte)'f' : 0xEF, File.ReadAllBytes(_configuration)[0]);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(_configuration));
    }

    [Fact]
    public void OldContainerMayBeRemovedOnceTheNewOneIsInItsPlace()
    {
        ConversionSwitch change = Make(".old", "");
        File.Delete(_files.Old);
        Assert.Null(change.FindFault());
        change.Run(_configuration, "format: luks");
        Assert.Equal(s_new, File.ReadAllBytes(_files.Container));
    }

    [Fact]
    public void OtherFilesAreToldAndLeftAlone()
    {
        ConversionSwitch change = Make("", ".new");
        File.Delete(_files.New);
        // Most file systems give it the inode of the one just removed.
        File.WriteAllText(_files.New, "other");
        Assert.Contains("inodes", change.FindFault(), StringComparison.Ordinal);
    }

    [Fact]
    public void TakenNameIsNotOverwritten()
    {
        ConversionSwitch change = Make("", ".new");
        File.WriteAllText(_files.Old, "precious");
        LinuxException taken = Assert.Throws<LinuxException>(() => change.Run(_configuration, "format: luks"));
        Assert.Contains(_files.Old, taken.Message, StringComparison.Ordinal);
        Assert.Equal("precious", File.ReadAllText(_files.Old));
        File.Delete(_files.Old);
        change.Run(_configuration, "format: luks");
        Assert.Equal("old", File.ReadAllText(_files.Old));
    }

    [Fact]
    public void JournalIsReadAsItWasWritten()
    {
        ConversionJournal journal = new(ConversionStage.Copying, 12, 34, 56, 78, "uuid", 9, "sum");
        Assert.Null(ConversionJournal.TryRead(_files));
        Assert.Null(_files.FindUnfinished());
        journal.Write(_files);
        Assert.Equal(journal, ConversionJournal.TryRead(_files));
        Assert.Contains("unlockctl convert", _files.FindUnfinished(), StringComparison.Ordinal);
        ConversionJournal.Delete(_files);
        Assert.Null(ConversionJournal.TryRead(_files));
    }

    [Theory]
    [InlineData("")]
    [InlineData("unlockd conversion 1\nCopying\n1\n2\n3\n4\nuuid\nfive\nsum\n")]
    [InlineData("unlockd conversion 2\nCopying\n1\n2\n3\n4\nuuid\n5\nsum\n")]
    public void OtherJournalIsRefused(string text)
    {
        File.WriteAllText(_files.Journal, text);
        LinuxException refused = Assert.Throws<LinuxException>(() => ConversionJournal.TryRead(_files));
        Assert.Contains(_files.Journal, refused.Message, StringComparison.Ordinal);
    }

    private ConversionSwitch Make(string old, string fresh)
    {
        File.WriteAllText(_files.Container + old, "old");
        File.WriteAllBytes(_files.Container + fresh, s_new);
        return new ConversionSwitch(_files, new ConversionJournal(ConversionStage.Switching,
            FileIdentity.Of(_files.Container + old).Inode, 0, 3,
            FileIdentity.Of(_files.Container + fresh).Inode, Uuid));
    }
}
