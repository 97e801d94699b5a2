using System.Buffers.Binary;
using UnlockDaemon.Linux.Interop;

namespace UnlockDaemon.Linux.Storage;

/// <summary>The IV of loop-AES with many keys: MD5 without its end, over the sector's own data.</summary>
/// <remarks>Source: drivers/md/dm-crypt.c, crypt_iv_lmk_one.</remarks>
internal static unsafe class MultiKeyIv
{
    private const int SeedSize = 64;
    private const int SeedUsed = 16;
    private const uint TopBit = 0x8000_0000;
    private const uint Constant = 4024;

    /// <param name="seed">The 65th key, or nothing when there are 64.</param>
    /// <param name="sector">The sector's number.</param>
    /// <param name="data">All of its plaintext but the first 16 bytes.</param>
    /// <param name="iv">Takes the 16 bytes.</param>
    internal static void Compute(ReadOnlySpan<byte> seed, ulong sector, ReadOnlySpan<byte> data, Span<byte> iv)
    {
        // SAFETY: the context has the size that C gives it, and lies on this stack; its first 16 bytes are the state.
        LibCrypto.MD5_CTX context;
        _ = LibCrypto.MD5_Init(&context);
        if (!seed.IsEmpty)
        {
            Span<byte> padded = stackalloc byte[SeedSize];
            padded.Clear();
            seed[..SeedUsed].CopyTo(padded);
            Update(&context, padded);
            padded.Clear();
        }

        Update(&context, data);
        Span<byte> end = stackalloc byte[16];
        end.Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(end, (uint)sector);
        BinaryPrimitives.WriteUInt32LittleEndian(end[4..], ((uint)(sector >> 32) & 0x00FF_FFFF) | TopBit);
        BinaryPrimitives.WriteUInt32LittleEndian(end[8..], Constant);
        Update(&context, end);
        // No padding: whole blocks went in, so the state is all there is.
        new ReadOnlySpan<byte>(&context, iv.Length).CopyTo(iv);
    }

    private static void Update(LibCrypto.MD5_CTX* context, ReadOnlySpan<byte> bytes)
    {
        // SAFETY: the bytes are pinned, and no more of them is read than there is.
        fixed (byte* start = bytes)
            _ = LibCrypto.MD5_Update(context, start, (nuint)bytes.Length);
    }
}
