using System.Diagnostics;
using UnlockDaemon.Linux.Systemd;
using Xunit;

namespace UnlockDaemon.UnitTests.Units;

public sealed class ControlGroupTests
{
    private static readonly string[] s_roots = ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"];

    private static CancellationToken Limit => TestContext.Current.CancellationToken;

    [Fact]
    public async Task OneThatIsGoneIsEmpty()
    {
        string root = Directory.CreateTempSubdirectory("unlockd-cgroup-").FullName;
        await File.WriteAllTextAsync(root + "/cgroup.controllers", "memory\n", Limit);
        var group = new ControlGroup("/no/such/group", root);
        Assert.True(group.IsEmpty);
        Assert.Empty(group.ReadProcesses());
        await group.WaitUntilEmptyAsync(Limit);
        Directory.Delete(root, recursive: true);
    }

    /// <summary>Version 1 has no cgroup.controllers, and its groups are elsewhere: nothing is known of them.</summary>
    [Fact]
    public void WithoutVersionTwoNoneIsEmpty()
    {
        string root = Directory.CreateTempSubdirectory("unlockd-cgroup-").FullName;
        Assert.False(new ControlGroup("/system.slice/mariadb.service", root).IsEmpty);
        Directory.Delete(root);
    }

    [Fact]
    public async Task NamesItsProcessesAndWaitsForTheirEnd()
    {
        string directory = MakeGroup(out ControlGroup group);
        using Process process = Process.Start("/bin/sleep", "1000");
        try
        {
            Assert.True(group.IsEmpty);
            Directory.CreateDirectory(directory + "/below");
            await File.WriteAllTextAsync(directory + "/below/cgroup.procs", $"{process.Id}", Limit);
            Assert.False(group.IsEmpty);
            Assert.Equal([process.Id], group.ReadProcesses());

            Task empty = group.WaitUntilEmptyAsync(Limit);
            Assert.False(empty.IsCompleted);
            process.Kill();
            await empty.WaitAsync(TimeSpan.FromSeconds(5), Limit);
            Assert.True(group.IsEmpty);
        }
        finally
        {
            process.Kill();
            await process.WaitForExitAsync(CancellationToken.None);
            Directory.Delete(directory + "/below");
            Directory.Delete(directory);
        }
    }

    [Fact]
    public async Task TheWaitCanBeEnded()
    {
        string directory = MakeGroup(out ControlGroup group);
        using Process process = Process.Start("/bin/sleep", "1000");
        try
        {
            await File.WriteAllTextAsync(directory + "/cgroup.procs", $"{process.Id}", Limit);
            using var ended = new CancellationTokenSource();
            Task empty = group.WaitUntilEmptyAsync(ended.Token);
            await ended.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(
                () => empty.WaitAsync(TimeSpan.FromSeconds(5), Limit));
        }
        finally
        {
            process.Kill();
            await process.WaitForExitAsync(CancellationToken.None);
            Directory.Delete(directory);
        }
    }

    private static string MakeGroup(out ControlGroup group)
    {
        string name = $"/unlockd-test-{Environment.ProcessId}-{Guid.NewGuid():n}";
        string? root = Array.Find(s_roots, static root => File.Exists(root + "/cgroup.procs"));
        group = new ControlGroup(name, root ?? "");
        try
        {
            Directory.CreateDirectory((root ?? throw new DirectoryNotFoundException()) + name);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            Assert.Skip($"no control group can be made here: {exception.Message}");
        }

        return root + name;
    }
}
