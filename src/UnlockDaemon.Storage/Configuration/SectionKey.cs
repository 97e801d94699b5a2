namespace UnlockDaemon.Storage.Configuration;

/// <summary>A key that a section may have.</summary>
/// <param name="Name">The key.</param>
/// <param name="Example">A value to show in advice.</param>
internal readonly record struct SectionKey(string Name, string Example)
{
    public override string ToString() => $"{Name}: {Example}";
}
