using System.Buffers;
using System.Buffers.Binary;
using System.Globalization;
using System.Net.Sockets;
using System.Text;
using Serilog.Core;
using Serilog.Events;

namespace UnlockDaemon;

/// <summary>
/// Writes entries to the journal with their fields, so that <c>journalctl UNLOCKD_SERVICE=mysql</c> finds them: every
/// property that is a single value becomes UNLOCKD_ and its name in capitals.
/// </summary>
/// <remarks>
/// One datagram an entry, in the journal's native protocol (systemd.io/JOURNAL_NATIVE_PROTOCOL). A journal that does not
/// read holds nobody up: what finds no room is counted, and the next entry that does says how many were lost.
/// </remarks>
/// <param name="address">The journal's socket.</param>
internal sealed class JournalSink(string address) : ILogEventSink, IDisposable
{
    internal const string Address = "/run/systemd/journal/socket";

    // A datagram has to fit into the socket's buffer, which is larger by far.
    private const int LongestValue = 16 * 1024;

    // Source: syslog(3). Verbose, Debug, Information, Warning, Error, Fatal.
    private static readonly string[] s_priorities = ["7", "7", "6", "4", "3", "2"];

    private readonly UnixDomainSocketEndPoint _journal = new(address);
    private readonly Socket _socket =
        new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified) { Blocking = false };

    private int _lost;

    /// <inheritdoc/>
    public void Emit(LogEvent logEvent)
    {
        int lost = Interlocked.Exchange(ref _lost, 0);
        try
        {
            _socket.SendTo(Encode(logEvent, lost), _journal);
        }
        catch (SocketException)
        {
            // Nothing that the daemon does depends on being heard.
            Interlocked.Add(ref _lost, lost + 1);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _socket.Dispose();

    internal static ReadOnlySpan<byte> Encode(LogEvent entry, int lost)
    {
        ArrayBufferWriter<byte> datagram = new();
        string message = entry.RenderMessage(CultureInfo.InvariantCulture)
            + (entry.Exception is null ? "" : "\n" + entry.Exception);
        Write(datagram, "MESSAGE", lost == 0 ? message : $"{message} ({lost} entries before this one were lost)");
        Write(datagram, "PRIORITY", s_priorities[(int)entry.Level]);
        Write(datagram, "SYSLOG_IDENTIFIER", "unlockd");
        foreach ((string name, LogEventPropertyValue value) in entry.Properties)
        {
            if (value is ScalarValue { Value: { } scalar } && name.All(char.IsAsciiLetterOrDigit))
                Write(datagram, "UNLOCKD_" + name.ToUpperInvariant(), scalar.ToString() ?? "");
        }

        return datagram.WrittenSpan;
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
}
