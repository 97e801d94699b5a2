using UnlockDaemon.Linux.Storage;
using Xunit;

namespace UnlockDaemon.UnitTests.Linux;

/// <summary>Processes of others, whose names and files they choose themselves.</summary>
public sealed class ProcessDirectoryTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("unlockd-process-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void HolderIsNamedWithoutControlCharacters()
    {
        File.WriteAllText(_directory + "/comm", "\e[2Jevil\n");
        Holder holder = new ProcessDirectory(7, _directory).Hold("file", "/var/secure/\e]0;title\a");
        Assert.Equal(" [2Jevil", holder.Command);
        Assert.Equal("/var/secure/ ]0;title ", holder.Path);
    }
}
