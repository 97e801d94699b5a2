using System.Buffers;
using System.Buffers.Binary;
using System.Globalization;
using System.Net.Sockets;
using System.Text;
using Serilog.Core;
using Serilog.Events;
using Serilog.Formatting.Display;

namespace UnlockDaemon;

/// <summary>
/// Writes entries to the journal with the fields that people look for, so that <c>journalctl UNLOCKD_SERVICE=mysql</c>
/// finds them.
/// </summary>
/// <remarks>
/// One datagram an entry, in the journal's native protocol (systemd.io/JOURNAL_NATIVE_PROTOCOL). A journal that does not
/// read holds up nobody for long: what finds no room is counted, and the next entry that does says how many were lost.
/// Where there is no journal any more, lines go to standard error with its prefixes (sd-daemon(3)).
/// </remarks>
/// <param name="address">The journal's socket.</param>
/// <param name="otherwise">Where lines go when nobody listens there.</param>
internal sealed class JournalSink(string address, TextWriter otherwise) : ILogEventSink, IDisposable
{
    internal const string Address = "/run/systemd/journal/socket";

    // A datagram has to fit into the socket's buffer, which is larger by far.
    private const int LongestValue = 16 * 1024;

    // A journal that is busy reads on soon; one that is stuck costs this once, and nothing after that.
    private const int PatienceMilliseconds = 200;

    // Source: syslog(3). Verbose, Debug, Information, Warning, Error, Fatal.
    private static readonly string[] s_priorities = ["7", "7", "6", "4", "3", "2"];

    // OBJECT_SYSTEMD_UNIT has 'journalctl -u mariadb' show what was done with it: systemd.journal-fields(7).
    private static readonly Dictionary<string, string[]> s_fields = new(StringComparer.OrdinalIgnoreCase)
    {
        ["Instance"] = ["UNLOCKD_INSTANCE"],
        ["Service"] = ["UNLOCKD_SERVICE"],
        ["Unit"] = ["UNLOCKD_UNIT", "OBJECT_SYSTEMD_UNIT"],
        ["Operator"] = ["UNLOCKD_OPERATOR"],
        ["State"] = ["UNLOCKD_STATE"],
        ["Console"] = ["UNLOCKD_CONSOLE"],
    };

    // ":l": texts as they are; without it they stand in quotes.
    private static readonly MessageTemplateTextFormatter s_message = new("{Message:l}", CultureInfo.InvariantCulture);

    private readonly UnixDomainSocketEndPoint _journal = new(address);
    private readonly Socket _socket =
        new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified) { SendTimeout = PatienceMilliseconds };

    private readonly Lock _lock = new();
    private int _lost;

    /// <inheritdoc/>
    public void Emit(LogEvent logEvent)
    {
        lock (_lock)
        {
            try
            {
                // Zero would be without limit.
                _socket.SendTimeout = _lost == 0 ? PatienceMilliseconds : 1;
                _socket.SendTo(Encode(logEvent, _lost), _journal);
                _lost = 0;
            }
            catch (SocketException full) when (full.SocketErrorCode
                is SocketError.TimedOut or SocketError.WouldBlock or SocketError.NoBufferSpaceAvailable)
            {
                _lost++;
            }
            catch (SocketException)
            {
                WriteLines(logEvent);
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _socket.Dispose();

    internal static ReadOnlySpan<byte> Encode(LogEvent entry, int lost)
    {
        ArrayBufferWriter<byte> datagram = new();
        string message = Render(entry);
        Write(datagram, "MESSAGE", lost == 0 ? message : $"{message} ({lost} entries before this one were lost)");
        Write(datagram, "PRIORITY", s_priorities[(int)entry.Level]);
        Write(datagram, "SYSLOG_IDENTIFIER", "unlockd");
        foreach ((string name, LogEventPropertyValue value) in entry.Properties)
        {
            if (value is not ScalarValue { Value: { } scalar } || !s_fields.TryGetValue(name, out string[]? fields))
                continue;
            foreach (string field in fields)
                Write(datagram, field, scalar.ToString() ?? "");
        }

        return datagram.WrittenSpan;
    }

    private static string Render(LogEvent entry)
    {
        using StringWriter text = new(CultureInfo.InvariantCulture);
        s_message.Format(entry, text);
        return entry.Exception is null ? text.ToString() : $"{text}\n{entry.Exception}";
    }

    /// <summary>NAME=value, or, where the value has a newline in it, the name and the value's length before it.</summary>
    private static void Write(ArrayBufferWriter<byte> datagram, string name, string value)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(value.Length > LongestValue ? value[..LongestValue] + "..." : value);
        datagram.Write(Encoding.ASCII.GetBytes(name));
        if (bytes.Contains((byte)'\n'))
        {
            datagram.Write("\n"u8);
            BinaryPrimitives.WriteInt64LittleEndian(datagram.GetSpan(sizeof(long)), bytes.Length);
            datagram.Advance(sizeof(long));
        }
        else
        {
            datagram.Write("="u8);
        }

        datagram.Write(bytes);
        datagram.Write("\n"u8);
    }

    private void WriteLines(LogEvent entry)
    {
        foreach (string line in Render(entry).Split('\n'))
            otherwise.WriteLine($"<{s_priorities[(int)entry.Level]}>{line}");
    }
}
