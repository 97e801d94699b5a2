namespace UnlockDaemon.Rig;

/// <summary>QEMU, emulating the processor.</summary>
internal sealed class EmulatedMachine(string directory) : Machine(directory)
{
    internal override IReadOnlyList<string> Terminals { get; } = ["hvc0", "ttyS0"];

    internal override IReadOnlyList<string> ShellTerminals { get; } = ["hvc1", "hvc2", "hvc3"];

    private QemuMonitor Monitor => new(Path.Combine(Directory, "monitor"));

    internal override async Task<IReadOnlyList<string>> CommandAsync(
        Wiring wiring, CancellationToken cancellationToken) =>
        Command(wiring, await GuestImage.RunScriptAsync("emulator").WaitAsync(cancellationToken));

    internal override Task FreezeAsync(CancellationToken cancellationToken) =>
        Monitor.ExecuteAsync("stop", cancellationToken);

    internal override Task ContinueAsync(CancellationToken cancellationToken) =>
        Monitor.ExecuteAsync("cont", cancellationToken);

    private List<string> Command(Wiring wiring, string kernel)
    {
        List<string> command =
        [
            "qemu-system-x86_64", "-accel", "tcg,thread=multi", "-cpu", "max", "-m", $"{wiring.Options.MemoryMiB}",
            "-nodefaults", "-no-user-config", "-display", "none", "-kernel", $"{kernel}/vmlinuz",
            "-initrd", $"{kernel}/initrd", "-append", string.Join(' ', KernelLine(wiring)),
            "-qmp", $"unix:{Directory}/monitor,server=on,wait=off", "-device", "virtio-serial-pci",
        ];
        foreach (GuestDisk disk in (GuestDisk[])[wiring.Disk, .. wiring.Options.Disks])
            command.AddRange(["-drive", $"file={disk.Argument},format=raw,if=virtio"]);
        foreach (GuestConsole console in wiring.Consoles)
            command.AddRange(Terminal(console));
        if (wiring.Port is { } port)
        {
            string card = $"tap,model=virtio-net-pci,ifname={port.Interface},script=no,downscript=no";
            command.AddRange(["-nic", card]);
        }

        return command;
    }

    private static string[] Terminal(GuestConsole console)
    {
        string[] wire = ["-chardev", $"socket,id={console.Name},fd={console.GuestEnd}"];
        return string.Equals(console.Name, "ttyS0", StringComparison.Ordinal)
            ? [.. wire, "-serial", $"chardev:{console.Name}"]
            : [.. wire, "-device", $"virtconsole,chardev={console.Name}"];
    }

    private IEnumerable<string> KernelLine(Wiring wiring)
    {
        foreach (string word in (string[])["root=/dev/vda", "rw", "quiet", "net.ifnames=0"])
            yield return word;
        foreach (string console in wiring.Options.KernelConsoles ?? ["ttyS0", "hvc0"])
            yield return $"console={console}";
        // The shells of User-Mode Linux's terminals would sit on the screen's keyboard.
        foreach (string terminal in (string[])["tty0", "tty8", "tty9"])
            yield return $"systemd.mask=rig-shell@{terminal}.service";
        foreach (string terminal in ShellTerminals)
            yield return $"systemd.wants=rig-shell@{terminal}.service";
        if (wiring.Port is { } port)
            yield return $"rig.address={port.Address}/24";
        foreach (string argument in wiring.Options.KernelArguments)
            yield return argument;
    }
}
