namespace UnlockDaemon.Linux.Interop;

/// <summary>Error numbers, which differ between architectures and so are no constants. Source: errno.h.</summary>
internal static class ErrorNumber
{
    internal static bool IsOneOf(this int error, params ReadOnlySpan<int> errors) => errors.Contains(error);
}
