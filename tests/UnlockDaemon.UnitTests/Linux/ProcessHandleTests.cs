using System.Diagnostics;
using System.Runtime.InteropServices;
using Tmds.Linux;
using UnlockDaemon.Linux;
using Xunit;

namespace UnlockDaemon.UnitTests.Linux;

/// <summary>A process is given all of the time that it has to end by itself.</summary>
public sealed partial class ProcessHandleTests
{
    private const int SIGUSR1 = 10;

    [Fact]
    public async Task ASignalToThisProgramDoesNotShortenTheGrace()
    {
        TimeSpan grace = TimeSpan.FromSeconds(1);
        using PosixSignalRegistration harmless = PosixSignalRegistration.Create((PosixSignal)SIGUSR1,
            static signal => signal.Cancel = true);
        // It does not hear SIGTERM: only time, or a wait that is cut short, ends the grace.
        using Process stubborn = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", "trap '' TERM; echo; sleep 60"])
        {
            RedirectStandardOutput = true,
        })!;
        _ = await stubborn.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken);
        using ProcessHandle handle = ProcessHandle.TryOpen(stubborn.Id)!;
        TaskCompletionSource<int> waiter = new();
        Stopwatch taken = new();
        Task<bool> end = Task.Factory.StartNew(() =>
        {
            waiter.SetResult(gettid());
            taken.Start();
            bool ended = handle.End(grace, TimeSpan.FromSeconds(10));
            taken.Stop();
            return ended;
        }, TestContext.Current.CancellationToken, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        int thread = await waiter.Task;
        while (!end.IsCompleted && taken.Elapsed < grace / 2)
        {
            Assert.Equal(0, tgkill(Environment.ProcessId, thread, SIGUSR1));
            await Task.WhenAny(end, Task.Delay(10, TestContext.Current.CancellationToken));
        }

        Assert.True(await end);
        Assert.InRange(taken.Elapsed, grace, TimeSpan.MaxValue);
        Assert.Equal(128 + LibC.SIGKILL, await ExitCodeAsync(stubborn));
    }

    private static async Task<int> ExitCodeAsync(Process process)
    {
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return process.ExitCode;
    }

    [LibraryImport("libc")]
    private static partial int gettid();

    [LibraryImport("libc")]
    private static partial int tgkill(int tgid, int tid, int sig);
}
