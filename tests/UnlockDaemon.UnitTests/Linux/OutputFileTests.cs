using System.Diagnostics;
using UnlockDaemon.Linux.Storage;
using Xunit;

namespace UnlockDaemon.UnitTests.Linux;

/// <summary>What an operator names for output stays what it is.</summary>
public sealed class OutputFileTests : IDisposable
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(10);
    private readonly string _directory = Directory.CreateTempSubdirectory("unlockd-output-").FullName;
    private readonly string _path;

    public OutputFileTests() => _path = Path.Combine(_directory, "output");

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void RegularFileIsReplacedWhole()
    {
        OutputFile.Write(_path, "a long certificate"u8);
        OutputFile.Write(_path, "certificate"u8);
        Assert.Equal("certificate", File.ReadAllText(_path));
        Assert.Single(Directory.GetFiles(_directory));
    }

    [Fact]
    public void LinkStaysALink()
    {
        string target = Path.Combine(_directory, "target");
        File.WriteAllText(target, "what was there before, and longer");
        File.CreateSymbolicLink(_path, target);
        OutputFile.Write(_path, "certificate"u8);
        Assert.Equal(target, new FileInfo(_path).LinkTarget);
        Assert.Equal("certificate", File.ReadAllText(target));
    }

    [Fact]
    public async Task PipeIsWrittenTo()
    {
        using (Process made = Process.Start("mkfifo", [_path]))
            await made.WaitForExitAsync(Cancellation);
        Task<string> read = Task.Run(() => File.ReadAllText(_path), Cancellation);
        OutputFile.Write(_path, "certificate"u8);
        Assert.Equal("certificate", await read.WaitAsync(s_limit, Cancellation));
    }
}
