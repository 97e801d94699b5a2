using System.Runtime.InteropServices;
using UnlockDaemon.Linux.Interop;

namespace UnlockDaemon.Linux.Systemd;

/// <summary>A message from the bus, read in order; lives only while it is handled, on the bus's thread.</summary>
internal sealed class BusMessage(SdBusMessageHandle handle)
{
    internal byte Type
    {
        get
        {
            Check(LibSystemd.sd_bus_message_get_type(handle, out byte type));
            return type;
        }
    }

    internal ulong ReplyCookie
    {
        get
        {
            Check(LibSystemd.sd_bus_message_get_reply_cookie(handle, out ulong cookie));
            return cookie;
        }
    }

    internal string Sender => Text(LibSystemd.sd_bus_message_get_sender(handle));

    internal string Path => Text(LibSystemd.sd_bus_message_get_path(handle));

    internal string Member => Text(LibSystemd.sd_bus_message_get_member(handle));

    /// <summary>The error's D-Bus name and its text for people.</summary>
    internal (string Name, string Message) Error
    {
        get
        {
            nint error = LibSystemd.sd_bus_message_get_error(handle);
            return error == 0
                ? ("", "")
                : (Text(Marshal.ReadIntPtr(error)), Text(Marshal.ReadIntPtr(error, nint.Size)));
        }
    }

    internal string ReadString() => ReadText(LibSystemd.SD_BUS_TYPE_STRING);

    internal string ReadObjectPath() => ReadText(LibSystemd.SD_BUS_TYPE_OBJECT_PATH);

    internal uint ReadUInt32()
    {
        Check(LibSystemd.sd_bus_message_read_basic(handle, LibSystemd.SD_BUS_TYPE_UINT32, out uint value));
        return value;
    }

    internal int ReadInt32()
    {
        Check(LibSystemd.sd_bus_message_read_basic(handle, LibSystemd.SD_BUS_TYPE_INT32, out int value));
        return value;
    }

    internal ulong ReadUInt64()
    {
        Check(LibSystemd.sd_bus_message_read_basic(handle, LibSystemd.SD_BUS_TYPE_UINT64, out ulong value));
        return value;
    }

    internal bool ReadBoolean()
    {
        Check(LibSystemd.sd_bus_message_read_basic(handle, LibSystemd.SD_BUS_TYPE_BOOLEAN, out int value));
        return value != 0;
    }

    internal byte[] ReadBytes()
    {
        Check(LibSystemd.sd_bus_message_read_array(handle, LibSystemd.SD_BUS_TYPE_BYTE, out nint data, out nuint size));
        var bytes = new byte[(int)size];
        if (bytes.Length > 0)
            Marshal.Copy(data, bytes, 0, bytes.Length);
        return bytes;
    }

    /// <summary>Reads a variant of a known type.</summary>
    internal T ReadVariant<T>(string signature, Func<BusMessage, T> read)
    {
        Check(LibSystemd.sd_bus_message_enter_container(handle, LibSystemd.SD_BUS_TYPE_VARIANT, signature));
        T value = read(this);
        Check(LibSystemd.sd_bus_message_exit_container(handle));
        return value;
    }

    /// <summary>Reads a structure of known members.</summary>
    internal T ReadStruct<T>(string signature, Func<BusMessage, T> read)
    {
        Check(LibSystemd.sd_bus_message_enter_container(handle, LibSystemd.SD_BUS_TYPE_STRUCT, signature));
        T value = read(this);
        Check(LibSystemd.sd_bus_message_exit_container(handle));
        return value;
    }

    /// <summary>Goes back to the start, for another reader.</summary>
    internal void Rewind() => Check(LibSystemd.sd_bus_message_rewind(handle, 1));

    /// <summary>Passes over a variant of any type.</summary>
    internal void SkipVariant() => Check(LibSystemd.sd_bus_message_skip(handle, "v"));

    /// <summary>Walks over named properties, <c>a{sv}</c>; the visitor reads or skips each one's variant.</summary>
    internal void ReadProperties(Action<string> visit)
    {
        Check(LibSystemd.sd_bus_message_enter_container(handle, LibSystemd.SD_BUS_TYPE_ARRAY, "{sv}"));
        while (Check(LibSystemd.sd_bus_message_enter_container(
            handle, LibSystemd.SD_BUS_TYPE_DICT_ENTRY, "sv")) > 0)
        {
            visit(ReadString());
            Check(LibSystemd.sd_bus_message_exit_container(handle));
        }

        Check(LibSystemd.sd_bus_message_exit_container(handle));
    }

    private static string Text(nint utf8) => Marshal.PtrToStringUTF8(utf8) ?? "";

    private static int Check(int result) =>
        result >= 0 ? result : throw new LinuxException("read", "a message from the system bus", -result);

    private string ReadText(byte type)
    {
        Check(LibSystemd.sd_bus_message_read_basic(handle, type, out nint value));
        return Text(value);
    }
}
