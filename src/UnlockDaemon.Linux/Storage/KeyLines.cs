namespace UnlockDaemon.Linux.Storage;

/// <summary>
/// The lines of a loop-AES key file in the clear, in locked memory: 1, 64 (version 2) or 65 (version 3) keys.
/// </summary>
public sealed class KeyLines : IDisposable
{
    /// <summary>How many keys sectors take turns in, where it is not one.</summary>
    public const int Many = 64;

    // What loop-AES refuses, as too easily guessed.
    private const int ShortestLine = 20;

    private readonly LockedMemory _memory;
    private readonly List<Range> _lines = [];

    private KeyLines(LockedMemory memory) => _memory = memory;

    /// <summary>How many keys there are.</summary>
    public int Count => _lines.Count;

    /// <summary>One key as it stands in the file, without the end of its line.</summary>
    /// <param name="index">Its number, from 0.</param>
    public ReadOnlySpan<byte> this[int index] => _memory.GetSpan()[_lines[index]];

    /// <summary>Finds the lines.</summary>
    /// <param name="memory">What holds them; it is the result's from now on, or wiped when there is none.</param>
    /// <param name="length">How much of it is text.</param>
    /// <returns>The lines, or null when it is no key file: not 1, 64 or 65 lines of 20 characters at least.</returns>
    public static KeyLines? TryParse(LockedMemory memory, int length)
    {
        ArgumentNullException.ThrowIfNull(memory);
        KeyLines lines = new(memory);
        lines.Split(length);
        if (lines.Count is 1 or Many or Many + 1
            && lines._lines.TrueForAll(line => line.End.Value - line.Start.Value >= ShortestLine))
            return lines;
        lines.Dispose();
        return null;
    }

    /// <summary>Wipes the keys.</summary>
    public void Dispose() => ((IDisposable)_memory).Dispose();

    private void Split(int length)
    {
        ReadOnlySpan<byte> text = _memory.GetSpan()[..length];
        for (int start = 0; start < length;)
        {
            int size = text[start..].IndexOfAny((byte)'\n', (byte)'\r');
            int end = size < 0 ? length : start + size;
            if (end > start)
                _lines.Add(start..end);
            start = end + 1;
        }
    }
}
