using System.Diagnostics;
using UnlockDaemon.Linux;
using UnlockDaemon.Linux.Storage;
using Xunit;

namespace UnlockDaemon.UnitTests.Linux;

/// <summary>What is replaced by another file of the same name is still whose it was.</summary>
public sealed class WholeFileTests : IDisposable
{
    private const UnixFileMode Mode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead;
    private readonly string _directory = Directory.CreateTempSubdirectory("unlockd-whole-").FullName;
    private readonly string _path;

    public WholeFileTests() => _path = Path.Combine(_directory, "file");

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void ANewOneHasTheModeThatIsGiven()
    {
        WholeFile.Write(_path, "text"u8, mode: Mode);
        Assert.Equal(Mode, File.GetUnixFileMode(_path));
    }

    [Fact]
    public void KeepsItsMode()
    {
        File.WriteAllText(_path, "before");
        File.SetUnixFileMode(_path, Mode);
        WholeFile.Write(_path, "after"u8);
        Assert.Equal("after", File.ReadAllText(_path));
        Assert.Equal(Mode, File.GetUnixFileMode(_path));
    }

    [Fact]
    public void KeepsItsOwner()
    {
        if (!ProcessHardening.IsRoot)
            Assert.Skip("only root may give files away");
        File.WriteAllText(_path, "before");
        using (Process given = Process.Start("chown", ["65534:65534", _path]))
            given.WaitForExit();
        WholeFile.Write(_path, "after"u8);
        Assert.Equal(65534u, FileOwner.UserId(_path));
    }

    [Fact]
    public void ALinkStaysOne()
    {
        string target = Path.Combine(_directory, "target");
        File.WriteAllText(target, "before");
        File.CreateSymbolicLink(_path, target);
        WholeFile.Write(_path, "after"u8);
        Assert.Equal(target, new FileInfo(_path).LinkTarget);
        Assert.Equal("after", File.ReadAllText(target));
    }

    [Fact]
    public void SomebodysFileWithTheNameOfADraftStays()
    {
        File.WriteAllText(_path + ".new", "somebody's");
        WholeFile.Write(_path, "after"u8);
        Assert.Equal("somebody's", File.ReadAllText(_path + ".new"));
    }

    [Fact]
    public void AFailureLeavesNoDraft()
    {
        Directory.CreateDirectory(_path);
        Assert.ThrowsAny<Exception>(() => WholeFile.Write(_path, "after"u8));
        Assert.Equal([_path], Directory.GetFileSystemEntries(_directory));
    }
}
