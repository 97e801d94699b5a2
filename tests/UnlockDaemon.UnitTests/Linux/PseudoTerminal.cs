using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace UnlockDaemon.UnitTests.Linux;

/// <summary>A terminal with nobody but the test at its keyboard and its screen.</summary>
internal sealed partial class PseudoTerminal : IDisposable
{
    private const int ReadWriteNoControl = 2 | 0x100;
    private readonly SafeFileHandle _keyboard;
    private readonly FileStream _screen;
    private readonly FileStream _keptOpen;

    internal PseudoTerminal()
    {
        _keyboard = posix_openpt(ReadWriteNoControl);
        byte[] name = new byte[64];
        if (_keyboard.IsInvalid || grantpt(_keyboard) != 0 || unlockpt(_keyboard) != 0
            || ptsname_r(_keyboard, name, (nuint)name.Length) != 0)
            throw new InvalidOperationException("no pseudo-terminal can be had");
        Path = Encoding.ASCII.GetString(name).TrimEnd('\0');
        _screen = new FileStream(_keyboard, FileAccess.ReadWrite, bufferSize: 0);
        // As a console that is there all the time; what was typed is otherwise gone when it is closed.
        _keptOpen = new FileStream(Path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite, bufferSize: 0);
    }

    internal string Path { get; }

    internal void Type(string keys) => _screen.Write(Encoding.UTF8.GetBytes(keys));

    /// <summary>Reads the screen until it shows a text; what was shown so far.</summary>
    internal async Task<string> ReadUntilAsync(string text, CancellationToken cancellation)
    {
        StringBuilder shown = new();
        byte[] some = new byte[512];
        while (!shown.ToString().Contains(text, StringComparison.Ordinal))
        {
            int count = await Task.Run(() => _screen.Read(some), cancellation)
                .WaitAsync(TimeSpan.FromSeconds(10), cancellation);
            shown.Append(Encoding.UTF8.GetString(some, 0, count));
        }

        return shown.ToString();
    }

    public void Dispose()
    {
        _keptOpen.Dispose();
        _screen.Dispose();
        _keyboard.Dispose();
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial SafeFileHandle posix_openpt(int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int grantpt(SafeFileHandle terminal);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int unlockpt(SafeFileHandle terminal);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int ptsname_r(SafeFileHandle terminal, [Out] byte[] name, nuint length);
}
