using System.Globalization;
using UnlockDaemon.Linux.Storage;

namespace UnlockDaemon.Cli;

/// <summary>Finds the slot that an operator means, by name or number.</summary>
internal sealed class SlotSearch(IReadOnlyList<KeySlot> slots)
{
    /// <summary>The slot, or null when there is none or more than one.</summary>
    internal KeySlot? Find(string text) => FindAll(text) is [var only] ? only : null;

    /// <summary>Says why a text does not name one slot; null when it does.</summary>
    internal string? FindFault(string text) => FindAll(text) switch
    {
        [] => $"there is no slot {(IsNumber(text) ? text : $"'{text}'")}: 'unlockctl key list' shows them",
        [_] => null,
        var several => $"slots {string.Join(" and ", several.Select(static slot => slot.Number))} are both '{text}' (a "
            + "change was interrupted; one has the old passphrase, one the new): give the number",
    };

    /// <summary>Says whose a name is already; null when nobody's.</summary>
    internal string? FindTaken(string name) => slots.FirstOrDefault(slot => slot.Name == name) is { } other
        ? $"slot {other.Number} is '{name}' already: choose another name, or remove that slot first"
        : null;

    private static bool IsNumber(string text) => text.Length > 0 && text.All(char.IsAsciiDigit);

    private List<KeySlot> FindAll(string text) => [.. slots.Where(slot => IsNumber(text)
        ? slot.Number.ToString(CultureInfo.InvariantCulture) == text
        : slot.Name == text)];
}

/// <summary>A slot that a passphrase opened, and the volume key that was in it.</summary>
internal sealed record OpenedSlot(KeySlot Slot, VolumeKey Key) : IDisposable
{
    public void Dispose() => Key.Dispose();
}
