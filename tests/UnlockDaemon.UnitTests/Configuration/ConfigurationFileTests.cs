using System.Diagnostics;
using UnlockDaemon.Storage.Configuration;
using Xunit;

namespace UnlockDaemon.UnitTests.Configuration;

public sealed class ConfigurationFileTests : IDisposable
{
    private const UnixFileMode OwnerAlone =
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("unlockd-configuration-");

    private string FilePath => Path.Combine(_directory.FullName, "unlockd.yaml");

    public void Dispose() => _directory.Delete(recursive: true);

    [Fact]
    public void LoadsAFile()
    {
        File.WriteAllText(FilePath, "volume: { container: /a, mount_point: /b }");
        Assert.Equal("/a", ConfigurationLoader.Load(FilePath).Configuration?.Volume.Container);
    }

    [Fact]
    public void LoadsAFileThatBeginsWithAByteOrderMark()
    {
        File.WriteAllBytes(FilePath, [0xEF, 0xBB, 0xBF, .. "volume: { container: /a, mount_point: /b }"u8]);
        Assert.True(ConfigurationLoader.Load(FilePath).IsValid);
    }

    [Fact]
    public void ShowsHowToBeginWhenThereIsNoFile()
    {
        string message = TheError();
        Assert.StartsWith($"{FilePath}: there is no such file; write one that begins with:\nvolume:\n", message,
            StringComparison.Ordinal);
        string example = message[message.IndexOf("volume:", StringComparison.Ordinal)..];
        Assert.True(ConfigurationLoader.Parse(example, "example").IsValid);
    }

    [Fact]
    public void RefusesADirectory()
    {
        Directory.CreateDirectory(FilePath);
        Assert.Equal($"{FilePath}: is a directory; name the file in it", TheError());
    }

    [Theory]
    [InlineData(UnixFileMode.GroupWrite)]
    [InlineData(UnixFileMode.OtherWrite)]
    public void RefusesAFileThatOthersMayWrite(UnixFileMode mode)
    {
        File.WriteAllText(FilePath, "volume: { container: /a, mount_point: /b }");
        File.SetUnixFileMode(FilePath, OwnerAlone | mode);
        Assert.Equal(
            $"{FilePath}: others than its owner may write it, and it names commands that root runs; "
            + $"run: chmod go-w {FilePath}", TheError());
    }

    [Fact]
    public void RefusesAFileInADirectoryThatOthersMayWrite()
    {
        File.WriteAllText(FilePath, "volume: { container: /a, mount_point: /b }");
        File.SetUnixFileMode(_directory.FullName, OwnerAlone | UnixFileMode.OtherWrite);
        Assert.Equal(
            $"{FilePath}: others than the owner of {_directory.FullName} may replace it; "
            + $"run: chmod go-w {_directory.FullName}", TheError());
    }

    [Fact]
    public void RefusesAFileOfAnotherUser()
    {
        File.WriteAllText(FilePath, "volume: { container: /a, mount_point: /b }");
        GiveAway(FilePath);
        Assert.Equal(
            $"{FilePath}: belongs to a user other than root, and it names commands that root runs; "
            + $"run: chown root {FilePath}", TheError());
    }

    [Fact]
    public void RefusesAFileInADirectoryOfAnotherUser()
    {
        File.WriteAllText(FilePath, "volume: { container: /a, mount_point: /b }");
        GiveAway(_directory.FullName);
        Assert.Equal(
            $"{FilePath}: the owner of {_directory.FullName} may replace it, and is not root; "
            + $"run: chown root {_directory.FullName}", TheError());
    }

    [Fact]
    public void NamesThePlaceOfAByteThatIsNotUtf8()
    {
        File.WriteAllBytes(FilePath, [.. "# ok\n# é"u8, 0xC0, .. "\nvolume:\n"u8]);
        Assert.Equal($"{FilePath}:2:4: not UTF-8 from here on; save the file as UTF-8", TheError());
    }

    [Fact]
    public void RefusesAFileThatIsTooLong()
    {
        File.WriteAllText(FilePath, new string('#', 70_000));
        Assert.Equal($"{FilePath}: is longer than 64 KiB; this is not a configuration of unlockd", TheError());
    }

    private static void GiveAway(string path)
    {
        if (Environment.UserName != "root")
            Assert.Skip("only root can give a file to another user");
        using Process chown = Process.Start("chown", ["65534", path]);
        chown.WaitForExit();
        Assert.Equal(0, chown.ExitCode);
    }

    private string TheError() => Assert.Single(ConfigurationLoader.Load(FilePath).Errors).ToString();
}
