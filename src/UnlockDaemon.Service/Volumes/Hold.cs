using System.Globalization;

namespace UnlockDaemon.Service.Volumes;

/// <summary>The volume is locked on purpose: nobody is prompted, and nobody may unlock.</summary>
/// <param name="Reason">Why.</param>
/// <param name="Until">
/// When it ends by itself, so that an aborted migration does not leave the services down in silence.
/// </param>
public sealed record Hold(string Reason, DateTimeOffset Until)
{
    private static readonly BootRecord s_record = new("hold");

    /// <inheritdoc/>
    public override string ToString() =>
        $"{Reason}, until {Until.LocalDateTime.ToString("HH:mm:ss", CultureInfo.InvariantCulture)}";

    /// <summary>The hold that an earlier daemon of this boot left, or null.</summary>
    internal static Hold? Recall() =>
        s_record.Read() is [var until, var reason]
        && DateTimeOffset.TryParse(until, CultureInfo.InvariantCulture, out DateTimeOffset time)
            ? new Hold(reason, time)
            : null;

    internal void Remember() =>
        s_record.Write(Until.ToString("O", CultureInfo.InvariantCulture), Reason.ReplaceLineEndings(" "));

    internal static void Forget() => s_record.Delete();
}
