using UnlockDaemon.Linux;

namespace UnlockDaemon.Storage;

/// <summary>The kernel's boot id: another one after every boot. Source: random(4).</summary>
internal static class BootId
{
    internal static string Current { get; } = KernelText.Read("/proc/sys/kernel/random/boot_id").Trim();
}
