using System.Collections.Concurrent;
using System.Diagnostics;

namespace UnlockDaemon.Rig;

/// <summary>A disk image that guests boot from; it never changes, as each guest writes elsewhere.</summary>
/// <param name="Path">The image file.</param>
public sealed record GuestImage(string Path)
{
    private static readonly ConcurrentDictionary<(GuestSystem System, string? Package), Lazy<Task<GuestImage>>>
        s_prepared = new();

    /// <summary>The package under test: UNLOCKD_PACKAGE, or the newest that packaging/build-deb has made.</summary>
    /// <returns>Its path; null if there is none.</returns>
    public static string? FindPackage() =>
        Environment.GetEnvironmentVariable("UNLOCKD_PACKAGE") ?? FindBuilt("unlockd_*_amd64.deb");

    /// <summary>The newest package that packaging/build-deb has made.</summary>
    /// <returns>Its path; null if there is none.</returns>
    internal static string? FindBuilt(string pattern)
    {
        DirectoryInfo directory = new(System.IO.Path.Combine(Workplace.Repository, "packaging/out"));
        return directory.Exists
            ? directory.GetFiles(pattern).MaxBy(file => file.LastWriteTimeUtc)?.FullName
            : null;
    }

    /// <summary>Makes a package of a higher version and with another binary, or finds it made already.</summary>
    /// <param name="package">The package that it upgrades.</param>
    /// <returns>Its path.</returns>
    /// <exception cref="InvalidOperationException">
    /// It cannot be built; the script has told why on standard error.
    /// </exception>
    public static Task<string> MakeNewerPackageAsync(string package) => RunScriptAsync("newer-package", package);

    /// <summary>Makes an image, or finds it made already, by the scripts in tests/guest; once in a process.</summary>
    /// <param name="system">What runs in it.</param>
    /// <param name="package">The .deb to install; none if null.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The image.</returns>
    /// <exception cref="InvalidOperationException">A script failed; it has told why on standard error.</exception>
    public static Task<GuestImage> PrepareAsync(GuestSystem system, string? package,
        CancellationToken cancellationToken = default)
    {
        Lazy<Task<GuestImage>> preparation = s_prepared.GetOrAdd((system, package),
            key => new Lazy<Task<GuestImage>>(() => MakeAsync(key.System, key.Package)));
        return preparation.Value.WaitAsync(cancellationToken);
    }

    private static async Task<GuestImage> MakeAsync(GuestSystem system, string? package)
    {
        string tree = system switch
        {
            GuestSystem.Bookworm => "bookworm",
            GuestSystem.BookwormStock => "bookworm-stock",
            GuestSystem.Trixie => "trixie",
            GuestSystem.TrixieStock => "trixie-stock",
            _ => throw new ArgumentOutOfRangeException(nameof(system), system, "not a known guest system"),
        };
        string name = package is null ? $"{tree}-plain" : tree;
        string[] arguments = package is null ? [name, tree] : [name, tree, package];
        await RunScriptAsync("build", tree.Split('-')[0]);
        return new GuestImage(await RunScriptAsync("image", arguments));
    }

    /// <summary>Runs a script in tests/guest.</summary>
    /// <returns>The last line that it printed, which is the path of what it made.</returns>
    internal static async Task<string> RunScriptAsync(string script, params string[] arguments)
    {
        string path = System.IO.Path.Combine(Workplace.Repository, "tests/guest", script);
        using Process process = Process.Start(
            new ProcessStartInfo(path, arguments) { RedirectStandardOutput = true, UseShellExecute = false })!;
        string output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return process.ExitCode == 0
            ? output.TrimEnd('\n').Split('\n')[^1]
            : throw new InvalidOperationException($"{path} {string.Join(' ', arguments)} failed; its words are above");
    }
}
