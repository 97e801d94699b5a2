using System.Runtime.CompilerServices;

namespace UnlockDaemon.UnitTests.Simulation;

/// <summary>A line of the story that is put together only when somebody wants to read it.</summary>
[InterpolatedStringHandler]
internal ref struct StoryLine
{
    private DefaultInterpolatedStringHandler _text;

    /// <summary>Begins it.</summary>
    public StoryLine(int literalLength, int formattedCount, Simulation simulation, out bool isWanted)
    {
        isWanted = simulation.Story is not null;
        _text = isWanted ? new DefaultInterpolatedStringHandler(literalLength, formattedCount) : default;
    }

    /// <summary>The line.</summary>
    internal string Text => _text.ToStringAndClear();

    /// <summary>Adds words.</summary>
    public void AppendLiteral(string words) => _text.AppendLiteral(words);

    /// <summary>Adds a value.</summary>
    public void AppendFormatted<T>(T value) => _text.AppendFormatted(value);

    /// <summary>Adds a value in a form.</summary>
    public void AppendFormatted<T>(T value, string format) => _text.AppendFormatted(value, format);
}
