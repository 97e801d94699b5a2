using System.Globalization;

namespace UnlockDaemon.Linux.Storage;

/// <summary>A process's directory in /proc. It may end, and its files with it, between any two looks.</summary>
/// <param name="Pid">The process.</param>
/// <param name="Path">The directory.</param>
internal readonly record struct ProcessDirectory(int Pid, string Path)
{
    internal static IEnumerable<ProcessDirectory> All() =>
        from directory in DirectoryEntries.Of("/proc")
        let name = System.IO.Path.GetFileName(directory)
        where char.IsAsciiDigit(name[0])
        select new ProcessDirectory(int.Parse(name, CultureInfo.InvariantCulture), directory);

    internal string[] Threads() => DirectoryEntries.Of(Path + "/task");

    internal IReadOnlyList<MountEntry> ReadMounts() => MountTable.Read(Path + "/mountinfo");

    internal Holder Hold(string kind, string path) => new(Pid, Command, Unit, kind, path);

    private string Command => Lines(Path + "/comm").FirstOrDefault() ?? "?";

    /// <summary>The last part of the control group that is a unit: "0::/system.slice/mariadb.service".</summary>
    private string? Unit =>
        Lines(Path + "/cgroup").LastOrDefault()?.Split('/').LastOrDefault(static part =>
            part.EndsWith(".service", StringComparison.Ordinal) || part.EndsWith(".scope", StringComparison.Ordinal));

    internal static string NamespaceOf(string process) => Target(process + "/ns/mnt");

    internal static string Target(string link)
    {
        try
        {
            return new FileInfo(link).LinkTarget ?? link;
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return link;
        }
    }

    internal static string[] Lines(string file)
    {
        try
        {
            return File.ReadAllLines(file);
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }
}
