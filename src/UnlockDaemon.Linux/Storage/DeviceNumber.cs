namespace UnlockDaemon.Linux.Storage;

/// <summary>A device number, as "major:minor" in sysfs and mountinfo.</summary>
/// <param name="Major">The driver's number.</param>
/// <param name="Minor">The device's number.</param>
public readonly record struct DeviceNumber(uint Major, uint Minor)
{
    /// <summary>Reads "major:minor".</summary>
    /// <param name="text">The text, as sysfs writes it.</param>
    /// <returns>The number, or null when the text is something else.</returns>
    public static DeviceNumber? Parse(ReadOnlySpan<char> text)
    {
        int colon = text.IndexOf(':');
        return colon > 0 && uint.TryParse(text[..colon], out uint major)
            && uint.TryParse(text[(colon + 1)..], out uint minor)
            ? new DeviceNumber(major, minor)
            : null;
    }

    /// <summary>Undoes the kernel's huge_encode_dev (linux/kdev_t.h), as in struct loop_info64.</summary>
    internal static DeviceNumber FromHuge(ulong encoded) =>
        new((uint)((encoded & 0xfff00) >> 8), (uint)((encoded & 0xff) | ((encoded >> 12) & 0xfff00)));

    /// <inheritdoc/>
    public override string ToString() => $"{Major}:{Minor}";
}
