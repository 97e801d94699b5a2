using UnlockDaemon.Rig;
using Xunit;

namespace UnlockDaemon.GuestTests;

/// <summary>
/// A kernel that lacks what the volume needs: it is said, nothing is left behind, and mended it works.
/// </summary>
public sealed class KernelFaultTests(UnlockdGuest fixture) : OtherVolumeTest(fixture), IAsyncLifetime
{
    private const string Modules = "/usr/lib/modules/$(uname -r)/kernel/drivers";
    private const string Loop = Modules + "/block/loop.ko";
    private const string DmCrypt = Modules + "/md/dm-crypt.ko";

    private const string Make = $"""
        set -e
        truncate -s 32M /var/other_file
        {LuksFormat} /var/other_file /root/other
        cryptsetup open --key-file /root/other /var/other_file other
        mkfs.ext4 -q /dev/mapper/other
        cryptsetup close other

        """;

    public override async ValueTask DisposeAsync()
    {
        await Guest.RunAsync($"""
            rm -f /etc/modprobe.d/fault.conf
            for module in {Loop} {DmCrypt}; do [ ! -e $module.away ] || mv $module.away $module; done
            depmod
            modprobe -a loop dm_crypt
            """, cancellationToken: CancellationToken.None);
        await base.DisposeAsync();
    }

    [Theory]
    [InlineData("dm_crypt", "echo 'install dm_crypt /bin/false' >/etc/modprobe.d/fault.conf",
        "cannot load kernel module dm_crypt: Invalid argument: look for 'install dm_crypt' in /etc/modprobe.d")]
    [InlineData("dm_crypt", "echo 'install dm_crypt /bin/true' >/etc/modprobe.d/fault.conf",
        "cannot load kernel module dm_crypt: modprobe.d has it load nothing: look for 'install dm_crypt' in "
            + "/etc/modprobe.d")]
    [InlineData("dm_crypt", $"mv {DmCrypt} {DmCrypt}.away",
        "has no such module under /lib/modules: install the modules of this kernel")]
    [InlineData("dm_crypt", $"mv {DmCrypt} {DmCrypt}.away; depmod",
        "has no such module under /lib/modules: install the modules of this kernel")]
    [InlineData("loop", "echo 'install loop /bin/false' >/etc/modprobe.d/fault.conf",
        "cannot load kernel module loop: Invalid argument: look for 'install loop' in /etc/modprobe.d")]
    [InlineData("loop", $"mv {Loop} {Loop}.away",
        "has no such module under /lib/modules: install the modules of this kernel")]
    public async Task MissingModuleIsNamedWithAdvice(string module, string fault, string expected)
    {
        await ConfigureAsync("format: luks");
        // In this order: as long as it can be loaded, a late look of udev's at a loop device loads it again.
        await RunAsync($"{Make} {fault}; rmmod {module}");
        CommandResult check = await TryAsync("unlockctl check");
        CommandResult refused = await TryUnlockAsync();
        string? state = await StateAsync();
        string left = await FindLeftoversAsync();
        await RunAsync($"""
            rm -f /etc/modprobe.d/fault.conf
            for module in {Loop} {DmCrypt}; do [ ! -e $module.away ] || mv $module.away $module; done
            depmod
            """);
        await UnlockOtherAsync();

        Assert.Equal(1, check.ExitCode);
        Assert.True(check.Output.Contains(expected, StringComparison.Ordinal), check.Output);
        Assert.Equal(1, refused.ExitCode);
        Assert.True(refused.Error.Contains(expected, StringComparison.Ordinal), refused.Error);
        Assert.Equal("locked", state);
        Assert.Equal("", left);
        Assert.Equal("ready", await StateAsync());
    }

    /// <summary>As in a container or with a static /dev: the kernel offers a device that has no node.</summary>
    [Fact]
    public async Task LoopDeviceWithoutNodeIsSaid()
    {
        await ConfigureAsync("format: luks");
        await RunAsync(Make + """
            truncate -s 1M /root/small
            for i in $(seq 0 7); do losetup /dev/loop$i /root/small; done
            perl -e 'open C, "+<", "/dev/loop-control"; ioctl C, 0x4C80, 8 or die $!'
            rm /dev/loop8
            """);
        try
        {
            CommandResult refused = await TryUnlockAsync();
            Assert.Equal(1, refused.ExitCode);
            Assert.Contains("cannot open /dev/loop8: No such file or directory: ", refused.Error,
                StringComparison.Ordinal);
            Assert.Contains("detach a loop device that is not needed ('losetup -l', 'losetup -d /dev/loopN')",
                refused.Error, StringComparison.Ordinal);
            Assert.Equal("locked", await StateAsync());
            await RunAsync("losetup -d /dev/loop5");
            await UnlockOtherAsync();
            Assert.Equal("/dev/loop5", await RunAsync("losetup -n -O NAME -j /var/other_file"));
        }
        finally
        {
            await RunAsync("unlockctl lock; losetup -D; modprobe -r loop; rm /root/small");
        }
    }

    /// <summary>
    /// The kernel gives out no more than 4096 loop devices, with 256 minor numbers each. To use them all takes two
    /// minutes and 140 MiB: too long for every run.
    /// </summary>
    [Fact(Explicit = true)]
    public async Task NoFreeLoopDeviceIsSaid()
    {
        await using Guest guest = await UnlockdGuest.BootAsync(new GuestOptions { Name = "loops", MemoryMiB = 512 });
        await guest.WriteFileAsync("/root/fill", """
            use Fcntl;
            sysopen(my $control, "/dev/loop-control", O_RDWR) or die "control: $!";
            sysopen(my $file, "/root/other", O_RDWR) or die "file: $!";
            while (defined(my $free = ioctl($control, 0x4C82, 0))) {
                sysopen(my $loop, sprintf("/dev/loop%d", $free), O_RDWR) or die "loop: $!";
                ioctl($loop, 0x4C00, fileno($file)) or die "attach: $!";
            }
            """, Cancellation);
        (await guest.RunAsync("""
            systemctl stop systemd-udevd-kernel.socket systemd-udevd-control.socket systemd-udevd
            truncate -s 1M /root/other
            modprobe -r loop && modprobe loop max_part=255 hw_queue_depth=1 && perl /root/fill
            """, TimeSpan.FromMinutes(8), cancellationToken: Cancellation)).Require();
        CommandResult refused = await guest.RunAsync(
            "unlockctl unlock --passphrase-file /root/passphrase", cancellationToken: Cancellation);
        CommandResult mended = await guest.RunAsync("""
            unlockctl status | head -n 1; ls /dev/mapper
            losetup -d /dev/loop2000
            systemctl start systemd-udevd
            unlockctl unlock --passphrase-file /root/passphrase && losetup -n -O NAME -j /var/encrypt_file
            """, TimeSpan.FromMinutes(2), cancellationToken: Cancellation);

        Assert.Equal(1, refused.ExitCode);
        Assert.Contains("cannot find a free loop device for /var/encrypt_file", refused.Error,
            StringComparison.Ordinal);
        Assert.Contains("detach loop devices that are not needed", refused.Error, StringComparison.Ordinal);
        Assert.Contains(": locked since", mended.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("unlockd-secure", mended.Output, StringComparison.Ordinal);
        Assert.EndsWith("/dev/loop2000\n", mended.Output, StringComparison.Ordinal);
    }
}
