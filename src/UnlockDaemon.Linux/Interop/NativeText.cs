using System.Runtime.InteropServices.Marshalling;

namespace UnlockDaemon.Linux.Interop;

/// <summary>A text as C has it, UTF-8 and a zero byte, for the time of one call.</summary>
internal readonly unsafe ref struct NativeText(string? text)
{
    // SAFETY: this owns the copy, and frees it when it goes out of scope.
    private readonly byte* _text = Utf8StringMarshaller.ConvertToUnmanaged(text);

    public static implicit operator byte*(NativeText text) => text._text;

    public void Dispose() => Utf8StringMarshaller.Free(_text);
}
