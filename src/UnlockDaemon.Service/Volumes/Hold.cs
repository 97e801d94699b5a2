using System.Globalization;

namespace UnlockDaemon.Service.Volumes;

/// <summary>The volume is locked on purpose: nobody is prompted, and nobody may unlock.</summary>
/// <param name="Reason">Why.</param>
/// <param name="Until">
/// When it ends by itself, so that an aborted migration does not leave the services down in silence; by the clock on the
/// wall, as it is set now.
/// </param>
/// <param name="Owner">Whose it is; null for an operator's.</param>
/// <param name="End">The same as a timestamp, which is what counts: no clock that is put right changes it.</param>
public sealed record Hold(string Reason, DateTimeOffset Until, long End, string? Owner = null)
{
    /// <inheritdoc/>
    public override string ToString() =>
        $"{Reason}, until {Until.LocalDateTime.ToString("HH:mm:ss", CultureInfo.InvariantCulture)}";
}
