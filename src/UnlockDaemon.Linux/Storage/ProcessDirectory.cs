using System.Globalization;
using System.Runtime.InteropServices;
using Tmds.Linux;

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

    /// <summary>
    /// Whether it has neither a program nor a second thread: a thread of the kernel, or a process that has ended.
    /// </summary>
    /// <remarks>A directory has a link for itself, one for its name, and one for each that is in it.</remarks>
    internal bool IsBare =>
        FileStatus.TryReadAsKnown(Path + "/exe") is null && Marshal.GetLastPInvokeError() == LibC.ENOENT
        && FileStatus.TryReadAsKnown(Path + "/task") is not { stx_nlink: > 3 };

    internal IReadOnlyList<MountEntry> ReadMounts() => MountTable.Read(Path + "/mountinfo");

    /// <remarks>Processes and files have whatever names their users give them.</remarks>
    internal Holder Hold(string kind, string path) =>
        new(Pid, Wording.OneLine(Command), Unit, kind, Wording.OneLine(path));

    private string Command => KernelText.Lines(Path + "/comm").FirstOrDefault() ?? "?";

    /// <summary>The last part of the control group that is a unit: "0::/system.slice/mariadb.service".</summary>
    private string? Unit =>
        KernelText.Lines(Path + "/cgroup").LastOrDefault()?.Split('/').LastOrDefault(static part =>
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
}
