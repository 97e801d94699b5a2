using System.Globalization;
using System.Text;

namespace UnlockDaemon.Linux.Systemd;

/// <summary>How paths become names of units, and names become paths on the bus.</summary>
public static class UnitName
{
    /// <summary>The unit that stands for a path, as <c>systemd-escape --path --suffix</c> prints it.</summary>
    /// <param name="path">An absolute path: <c>/var/secure</c>.</param>
    /// <param name="suffix">The unit's type: <c>mount</c>.</param>
    /// <returns><c>var-secure.mount</c>; the root directory is <c>-.mount</c>.</returns>
    public static string FromPath(string path, string suffix)
    {
        string[] parts = path.Split('/', StringSplitOptions.RemoveEmptyEntries);
        var name = new StringBuilder();
        foreach (string part in parts)
        {
            if (part == ".")
                continue;
            if (part == "..")
                throw new ArgumentException($"the path {path} has a \"..\" in it", nameof(path));
            if (name.Length > 0)
                name.Append('-');
            AppendEscaped(name, part);
        }

        return (name.Length == 0 ? "-" : name.ToString()) + "." + suffix;
    }

    /// <summary>The unit's object on the bus: every byte but letters and inner digits becomes <c>_xx</c>.</summary>
    /// <param name="name">The unit's name.</param>
    /// <returns><c>/org/freedesktop/systemd1/unit/mariadb_2eservice</c>.</returns>
    internal static string ToObjectPath(string name)
    {
        var path = new StringBuilder("/org/freedesktop/systemd1/unit/");
        int start = path.Length;
        foreach (byte b in Encoding.UTF8.GetBytes(name))
            if (char.IsAsciiLetter((char)b) || (char.IsAsciiDigit((char)b) && path.Length > start))
                path.Append((char)b);
            else
                path.Append(CultureInfo.InvariantCulture, $"_{b:x2}");
        return path.ToString();
    }

    /// <summary>The bus interface of a unit's type: <c>org.freedesktop.systemd1.Service</c>.</summary>
    internal static string ToInterface(string name)
    {
        string type = name[(name.LastIndexOf('.') + 1)..];
        return $"{SystemdAddress.Name}.{char.ToUpperInvariant(type[0])}{type[1..]}";
    }

    /// <summary>Where systemd makes a unit's control group; a slice's own name tells the slices above it.</summary>
    /// <param name="name">The unit.</param>
    /// <param name="slice">The slice that it is in: <c>system-getty.slice</c>.</param>
    /// <returns><c>/system.slice/system-getty.slice/getty@tty1.service</c>; empty when there is no slice.</returns>
    internal static string ToControlGroup(string name, string slice)
    {
        if (slice.Length == 0)
            return "";
        var path = new StringBuilder();
        for (int dash = slice.IndexOf('-', 1); dash > 0; dash = slice.IndexOf('-', dash + 1))
            path.Append(CultureInfo.InvariantCulture, $"/{slice[..dash]}.slice");
        if (slice != "-.slice")
            path.Append('/').Append(slice);
        return path.Append('/').Append(name).ToString();
    }

    private static void AppendEscaped(StringBuilder name, string part)
    {
        foreach (byte b in Encoding.UTF8.GetBytes(part))
            // A leading dot would make a hidden file of the unit.
            if (IsPlain((char)b) && !(b == '.' && name.Length == 0))
                name.Append((char)b);
            else
                name.Append(CultureInfo.InvariantCulture, $"\\x{b:x2}");
    }

    private static bool IsPlain(char c) => char.IsAsciiLetterOrDigit(c) || c is ':' or '_' or '.';
}
