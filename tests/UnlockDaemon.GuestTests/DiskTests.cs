using UnlockDaemon.Rig;
using Xunit;

namespace UnlockDaemon.GuestTests;

/// <summary>A guest's power and its disk, as a hypervisor and DRBD see them.</summary>
public sealed class DiskTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task PowersOffCleanly()
    {
        await using Guest guest = await BootAsync("power");
        await guest.RunAsync("echo kept >/root/file", cancellationToken: Cancellation);
        await guest.PowerOffAsync(cancellationToken: Cancellation);

        Assert.Equal(0, await guest.Exited);
        // Nobody who asks a guest that is gone is left waiting, also once each of its three shells was lost to one.
        for (int asked = 1; asked <= 4; asked++)
        {
            await Assert.ThrowsAsync<EndOfStreamException>(() => guest
                .RunAsync("true", cancellationToken: Cancellation).WaitAsync(TimeSpan.FromSeconds(30), Cancellation));
        }

        string features = await FeaturesAsync(guest.Disk);
        Assert.DoesNotContain("needs_recovery", features, StringComparison.Ordinal);
    }

    [Fact]
    public async Task RebootsWithWhatWasWritten()
    {
        await using Guest guest = await BootAsync("reboot");
        await guest.RunAsync("cat /proc/sys/kernel/random/boot_id >/root/boot", cancellationToken: Cancellation);
        await guest.RebootAsync(cancellationToken: Cancellation);
        CommandResult result = await guest.RunAsync("cmp /root/boot /proc/sys/kernel/random/boot_id",
            cancellationToken: Cancellation);
        Assert.Equal(1, result.ExitCode);
    }

    [Fact]
    public async Task CopyOfTheDiskBootsElsewhereWithoutWhatWasNotYetWritten()
    {
        await using Guest guest = await BootAsync("first-node");
        string write = "echo on-disk >/root/synced && sync && echo in-memory >/root/unsynced";
        (await guest.RunAsync(write, cancellationToken: Cancellation)).Require();
        await guest.FreezeAsync(Cancellation);
        GuestDisk copy = await guest.Disk.CopyAsync(Cancellation);
        await guest.ContinueAsync(Cancellation);
        (await guest.RunAsync("true", cancellationToken: Cancellation)).Require();
        await guest.KillAsync();
        string features = await FeaturesAsync(copy);

        await using Guest second = await Guest.BootAsync(copy, new GuestOptions { Name = "second-node" }, Cancellation);

        Assert.Contains("needs_recovery", features, StringComparison.Ordinal);
        CommandResult files = await second.RunAsync("cat /root/synced /root/unsynced", cancellationToken: Cancellation);
        Assert.Equal("on-disk\n", files.Output);
    }

    [Fact]
    public async Task IsKeptForLaterRunsUponTheSameImage()
    {
        GuestImage image = await GuestImage.PrepareAsync(GuestSystem.Bookworm, package: null, Cancellation);
        await using (Guest guest = await BootAsync("kept"))
        {
            await guest.RunAsync("echo kept >/root/file", cancellationToken: Cancellation);
            await guest.PowerOffAsync(cancellationToken: Cancellation);
            await guest.Disk.SaveAsync("test", Cancellation);
        }

        GuestDisk? kept = await GuestDisk.RestoreAsync(image, "test", Cancellation);

        Assert.Null(await GuestDisk.RestoreAsync(image, "other", Cancellation));
        Assert.NotNull(kept);
        await using Guest later = await Guest.BootAsync(kept, new GuestOptions { Name = "later" }, Cancellation);
        CommandResult file = await later.RunAsync("cat /root/file", cancellationToken: Cancellation);
        Assert.Equal("kept", file.Require());
    }

    private static async Task<Guest> BootAsync(string name)
    {
        GuestImage image = await GuestImage.PrepareAsync(GuestSystem.Bookworm, package: null, Cancellation);
        return await Guest.BootAsync(image, new GuestOptions { Name = name }, Cancellation);
    }

    private static async Task<string> FeaturesAsync(GuestDisk disk)
    {
        DirectoryInfo directory = Directory.CreateTempSubdirectory("unlockd-disk-");
        try
        {
            string image = Path.Combine(directory.FullName, "image");
            await disk.FlattenAsync(image, Cancellation);
            CommandResult result = await HostCommand.RunAsync("dumpe2fs", ["-h", image],
                cancellationToken: Cancellation);
            return result.Require();
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }
}
