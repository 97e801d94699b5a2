using System.Text.Json;
using UnlockDaemon.Linux;
using UnlockDaemon.Protocol;

namespace UnlockDaemon.Storage.Machine;

/// <summary>
/// Keeps a <see cref="BootMemory"/> for the daemons of this boot: in a file that is written whole or not at all, and
/// once more in memory-backed /run, for when the disk is full or read-only. In a directory of its own there, which no
/// stop of the daemon takes away.
/// </summary>
/// <remarks>
/// Nothing here throws: what cannot be noted must not keep a volume from being unlocked or locked, and what cannot be
/// read is not known.
/// </remarks>
/// <param name="file">The file.</param>
/// <param name="copy">The copy, which counts before it.</param>
internal sealed class BootMemoryStore(string file, string copy)
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    // What this very daemon noted, also where neither file could be written.
    private BootMemory? _noted;

    /// <summary>The store of an instance.</summary>
    internal static BootMemoryStore Of(Instance instance) =>
        new(Path.Combine(instance.StateDirectory, "boot"), $"/run/unlockctl/boot{instance.Suffix}");

    /// <summary>What was noted last in this boot; nothing known when that is lost; null when nothing ever was.</summary>
    internal BootMemory? Recall() =>
        _noted ?? TryRead(copy) ?? TryRead(file) ?? (IsLost(copy) || IsLost(file) ? new BootMemory() : null);

    /// <summary>Notes it, wherever that can be done.</summary>
    internal void Remember(BootMemory memory)
    {
        _noted = memory;
        Write(copy, memory);
        Write(file, memory);
    }

    private static BootMemory? TryRead(string path)
    {
        try
        {
            BootMemoryFile? read = File.Exists(path)
                ? JsonSerializer.Deserialize(File.ReadAllBytes(path), BootMemoryJson.Default.BootMemoryFile)
                : null;
            return read is { Memory: { } memory } && read.BootId == BootId.Current ? memory : null;
        }
        catch (Exception)
        {
            return null;
        }
    }

    private static void Write(string path, BootMemory memory)
    {
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!, OwnerOnly | UnixFileMode.UserExecute);
            WholeFile.Write(path, JsonSerializer.SerializeToUtf8Bytes(new BootMemoryFile(BootId.Current, memory),
                BootMemoryJson.Default.BootMemoryFile), durable: false, OwnerOnly);
        }
        catch (Exception)
        {
            // An older one must not speak for this one, nor may nothing at all: who finds nothing is the first.
            Empty(path);
        }
    }

    private static bool IsLost(string path) => new FileInfo(path) is { Exists: true, Length: 0 };

    /// <summary>Needs no room.</summary>
    private static void Empty(string path)
    {
        try
        {
            using FileStream emptied = new(path, FileMode.Create, FileAccess.Write);
        }
        catch (Exception)
        {
            // It stays, and speaks again only if the daemon is restarted before the disk is mended.
        }
    }
}
