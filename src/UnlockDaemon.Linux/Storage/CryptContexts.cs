using System.Runtime.InteropServices;
using Tmds.Linux;
using UnlockDaemon.Linux.Interop;

namespace UnlockDaemon.Linux.Storage;

/// <summary>Contexts of libcryptsetup, and its failures as exceptions with what it says of them.</summary>
internal static unsafe class CryptContexts
{
    private const string Reading = "read a LUKS header from";

    [ThreadStatic]
    private static string? t_lastError;

    internal static CryptContext Open(string device)
    {
        CaptureErrors();
        int result = LibCryptSetup.crypt_init(out nint context, device);
        Check(result, "open", device);
        return new CryptContext(context);
    }

    internal static CryptContext Open(string header, string device)
    {
        CaptureErrors();
        Check(LibCryptSetup.crypt_init_data_device(out nint context, header, device), "open",
            $"{device} with header {header}");
        return new CryptContext(context);
    }

    /// <summary>Reads a LUKS header; the kernel need not have dm-crypt for that.</summary>
    internal static CryptContext ReadHeader(string device, string? header = null)
    {
        CryptContext context = header is null ? Open(device) : Open(header, device);
        try
        {
            int result = LibCryptSetup.crypt_load(context, null, 0);
            if (result.IsOneOf(-LibC.EINVAL, -LibC.EIO))
                throw new LinuxException(Reading, header ?? device, -result,
                    t_lastError ?? "there is none, or it is damaged");
            Check(result, Reading, header ?? device);
            return context;
        }
        catch
        {
            // It has the device open, which could not be detached before the next garbage collection.
            context.Dispose();
            throw;
        }
    }

    internal static bool IsLuks2(CryptContext context) =>
        // SAFETY: the text is the context's, and ends with a zero byte; it is null before a header is loaded.
        Marshal.PtrToStringUTF8((nint)LibCryptSetup.crypt_get_type(context)) == LibCryptSetup.CRYPT_LUKS2;

    internal static void CaptureErrors()
    {
        t_lastError = null;
        // SAFETY: a function of this program, there as long as that runs; it needs no data.
        LibCryptSetup.crypt_set_log_callback(0, &KeepError, 0);
    }

    internal static void Check(int result, string operation, string subject)
    {
        if (result < 0)
            throw new LinuxException(operation, subject, -result, t_lastError);
    }

    [UnmanagedCallersOnly]
    private static void KeepError(int level, byte* message, nint userData)
    {
        if (level == LibCryptSetup.CRYPT_LOG_ERROR)
            // SAFETY: libcryptsetup gives a text that ends with a zero byte, and keeps it during the call.
            t_lastError ??= Marshal.PtrToStringUTF8((nint)message)?.Trim();
    }
}
