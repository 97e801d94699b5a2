using System.Text.RegularExpressions;

namespace UnlockDaemon.Rig;

/// <summary>Something awaited that a console showed.</summary>
/// <param name="Match">The match; its text has one character per byte.</param>
/// <param name="Before">What came between the match before and this one, as UTF-8.</param>
/// <param name="At">When its last byte arrived, since the guest's start.</param>
public sealed record ConsoleMatch(Match Match, string Before, TimeSpan At)
{
    /// <summary>What matched.</summary>
    public string Text => Match.Value;
}
