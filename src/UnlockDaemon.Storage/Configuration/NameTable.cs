namespace UnlockDaemon.Storage.Configuration;

/// <summary>The values of an enumeration with the one spelling each has outside the program.</summary>
/// <param name="entries">Every value, in the order messages list them.</param>
internal sealed class NameTable<T>(params (string Name, T Value)[] entries)
    where T : struct, Enum
{
    internal string[] Names { get; } = Array.ConvertAll(entries, entry => entry.Name);

    internal string this[T value] =>
        Array.Find(entries, entry => EqualityComparer<T>.Default.Equals(entry.Value, value)).Name;

    internal bool TryFind(string name, out T value)
    {
        int index = Array.IndexOf(Names, name);
        value = index < 0 ? default : entries[index].Value;
        return index >= 0;
    }
}
