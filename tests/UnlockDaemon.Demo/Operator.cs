using Microsoft.Win32.SafeHandles;
using UnlockDaemon.Rig;

namespace UnlockDaemon.Demo;

/// <summary>Who sits at the guest's console: the viewer, or this program in the viewer's place.</summary>
internal sealed class Operator : IDisposable
{
    private const byte Leave = 0x1d;
    private readonly Screen _screen;
    private readonly bool _automatic;
    private readonly CancellationTokenSource _quit;
    private readonly CancellationTokenSource _ended = new();
    private GuestConsole? _console;

    internal Operator(Screen screen, bool automatic, CancellationTokenSource quit)
    {
        _screen = screen;
        _automatic = automatic;
        _quit = quit;
        if (!automatic)
            _ = PassOnKeysAsync();
    }

    /// <summary>How long to wait for something that the operator has to bring about.</summary>
    internal TimeSpan Patience => _automatic ? TimeSpan.FromSeconds(60) : TimeSpan.FromMinutes(30);

    /// <summary>Sits down at a console.</summary>
    internal void SitDownAt(GuestConsole console) => _console = console;

    /// <summary>Gets up: keys go nowhere.</summary>
    internal void GetUp() => _console = null;

    /// <summary>Tells the viewer what to type and leaves it to him, or types it.</summary>
    internal async Task TypeAsync(string text, CancellationToken cancellationToken)
    {
        if (_automatic)
            await _console!.SendAsync(text + "\n", cancellationToken);
        else
            _screen.Say($"Type   {text}   and press Enter.");
    }

    public void Dispose()
    {
        _ended.Cancel();
        _ended.Dispose();
    }

    private async Task PassOnKeysAsync()
    {
        byte[] keys = new byte[256];
        // Not Console.OpenStandardInput: on a terminal that is a line editor with an echo of its own.
        using SafeFileHandle standardInput = new(0, ownsHandle: false);
        await using FileStream keyboard = new(standardInput, FileAccess.Read, bufferSize: 0);
        CancellationToken ended = _ended.Token;
        while (!ended.IsCancellationRequested)
        {
            int count = await keyboard.ReadAsync(keys, ended);
            if (count == 0 || keys.AsSpan(0, count).Contains(Leave))
            {
                await _quit.CancelAsync();
                return;
            }

            if (_console is { } console)
                await console.SendAsync(keys.AsMemory(0, count), ended);
        }
    }
}
