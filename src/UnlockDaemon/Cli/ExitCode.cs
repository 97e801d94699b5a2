namespace UnlockDaemon.Cli;

/// <summary>Exit codes of unlockctl; scripts rely on them.</summary>
internal static class ExitCode
{
    internal const int Success = 0;
    internal const int Failure = 1;
    internal const int WrongPassphrase = 2;
    internal const int Locked = 3;

    /// <summary>The daemon cannot be reached, or the container is not usable.</summary>
    internal const int Unavailable = 4;

    /// <summary>Busy, on hold, or the volume is held by somebody.</summary>
    internal const int Held = 5;

    /// <summary>
    /// EX_CONFIG of sysexits.h: the daemon's configuration is wrong; unlockd.service does not try again.
    /// </summary>
    internal const int Configuration = 78;

    /// <summary>Ended by Ctrl-C, as shells count it.</summary>
    internal const int Interrupted = 130;
}
