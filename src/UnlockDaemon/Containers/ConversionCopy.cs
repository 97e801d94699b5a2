using System.Security.Cryptography;
using UnlockDaemon.Linux.Storage;

namespace UnlockDaemon.Containers;

/// <summary>The contents of a volume, copied and compared through both mappings.</summary>
internal sealed class ConversionCopy(OpenMapping old, OpenMapping fresh, long length, CancellationToken cancellation)
{
    private const int Chunk = 4 << 20;

    // What is on the disk is noted this often: so much is copied again after a power failure.
    private const long MarkEvery = 64L << 20;

    private readonly byte[] _buffer = new byte[Chunk];

    /// <summary>Copies from a mark to the end.</summary>
    /// <param name="from">The mark: what lies before it is on the disk.</param>
    /// <param name="mark">Told a new mark, once what lies before it is on the disk.</param>
    /// <param name="progress">Told how many bytes are copied.</param>
    /// <exception cref="IOException">A disk fails.</exception>
    internal void Run(long from, Action<long> mark, IProgress<long> progress)
    {
        long marked = from;
        for (long at = from; at < length;)
        {
            Span<byte> part = _buffer.AsSpan(0, (int)Math.Min(Chunk, length - at));
            old.Read(part, at);
            fresh.Write(part, at);
            at += part.Length;
            if (at - marked >= MarkEvery || at == length || cancellation.IsCancellationRequested)
            {
                fresh.Flush();
                mark(at);
                marked = at;
            }

            progress.Report(at);
            cancellation.ThrowIfCancellationRequested();
        }
    }

    /// <summary>Reads both from the disk.</summary>
    /// <param name="progress">Told how many bytes are read.</param>
    /// <returns>The SHA-256 of each, in hexadecimal.</returns>
    /// <exception cref="IOException">A disk fails.</exception>
    internal (string Old, string Fresh) Compare(IProgress<long> progress)
    {
        using IncrementalHash first = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        using IncrementalHash second = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        for (long at = 0; at < length; progress.Report(at))
        {
            cancellation.ThrowIfCancellationRequested();
            Span<byte> part = _buffer.AsSpan(0, (int)Math.Min(Chunk, length - at));
            old.Read(part, at);
            first.AppendData(part);
            fresh.Read(part, at);
            second.AppendData(part);
            at += part.Length;
        }

        return (Convert.ToHexStringLower(first.GetHashAndReset()), Convert.ToHexStringLower(second.GetHashAndReset()));
    }
}
