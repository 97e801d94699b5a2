using System.Globalization;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;
using UnlockDaemon.Linux.Interop;
using UnlockDaemon.Linux.Storage;

namespace UnlockDaemon.Linux.Systemd;

/// <summary>The system's journal, opened for one question and closed again: open, its files stay mapped.</summary>
public static class Journal
{
    private const string SocketPath = "/run/systemd/journal/io.systemd.journal";

    private static readonly TimeSpan SynchronizeLimit = TimeSpan.FromSeconds(2);

    /// <summary>Reads what a unit's present or last run said last, and what systemd said of it.</summary>
    /// <param name="unit">The unit; without a run of its own, all that is known of the unit counts.</param>
    /// <param name="count">How many lines at most.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <returns>The lines, oldest first, without control characters.</returns>
    /// <exception cref="LinuxException">The journal cannot be read.</exception>
    public static async Task<IReadOnlyList<string>> ReadLastAsync(
        UnitState unit, int count, CancellationToken cancellationToken)
    {
        await SynchronizeAsync(cancellationToken);
        // On a disk that does not answer the reading itself cannot be ended, only left alone.
        return await Task.Run(() => ReadLast(unit, count), CancellationToken.None).WaitAsync(cancellationToken);
    }

    /// <summary>The matches that select a unit's lines: one of the groups must hold, as a whole.</summary>
    internal static string[][] MatchesOf(UnitState unit) => unit.InvocationId.Length > 0
        ? [[$"_SYSTEMD_INVOCATION_ID={unit.InvocationId}"], [$"INVOCATION_ID={unit.InvocationId}", "_PID=1"]]
        : [[$"_SYSTEMD_UNIT={unit.Id}"], [$"UNIT={unit.Id}", "_PID=1"]];

    /// <summary>Makes a message fit for one line of a terminal.</summary>
    internal static string ToLine(ReadOnlySpan<byte> message) =>
        Wording.OneLine(Encoding.UTF8.GetString(message).TrimEnd());

    private static List<string> ReadLast(UnitState unit, int count)
    {
        Check(LibSystemd.sd_journal_open(
            out SdJournalHandle journal, LibSystemd.SD_JOURNAL_LOCAL_ONLY | LibSystemd.SD_JOURNAL_SYSTEM), "open");
        using (journal)
        {
            foreach (string[] group in MatchesOf(unit))
            {
                foreach (string match in group)
                    Check(LibSystemd.sd_journal_add_match(journal, match, 0), "search");
                Check(LibSystemd.sd_journal_add_disjunction(journal), "search");
            }

            Check(LibSystemd.sd_journal_seek_tail(journal), "read");
            var lines = new List<string>();
            while (lines.Count < count && Check(LibSystemd.sd_journal_previous(journal), "read") > 0)
                if (LibSystemd.sd_journal_get_data(journal, "MESSAGE", out nint data, out nuint length) >= 0)
                    lines.Add(ToLine(MessageOf(data, (int)length)));
            lines.Reverse();
            return lines;
        }
    }

    private static byte[] MessageOf(nint data, int length)
    {
        int name = "MESSAGE=".Length;
        var message = new byte[length - name];
        // SAFETY: the journal gives name and value, and says how long both are together.
        Marshal.Copy(data + name, message, 0, message.Length);
        return message;
    }

    /// <summary>
    /// Lets journald take in what was written before now: a service that fails is otherwise faster than its last words.
    /// </summary>
    /// <remarks>Varlink, as <c>journalctl --sync</c> calls it; journald's "Synchronize" is there since 246.</remarks>
    private static async Task SynchronizeAsync(CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(SynchronizeLimit);
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(SocketPath), limit.Token);
            await socket.SendAsync("""{"method":"io.systemd.Journal.Synchronize"}"""u8.ToArray(), limit.Token);
            await socket.SendAsync(new byte[1], limit.Token);
            await socket.ReceiveAsync(new byte[256], limit.Token);
        }
        catch (Exception exception) when (exception is SocketException or OperationCanceledException)
        {
            // Then the last lines may be missing; what is there is still worth reading.
            cancellationToken.ThrowIfCancellationRequested();
        }
    }

    private static int Check(int result, string operation) =>
        result >= 0 ? result : throw new LinuxException(operation, "the journal", -result);
}

/// <summary>Whether this process's standard error goes to the journal. Source: systemd.exec(5), $JOURNAL_STREAM.</summary>
public static class JournalStream
{
    /// <summary>
    /// Whether the journal is what standard error leads to: the variable is inherited by what redirects it elsewhere.
    /// </summary>
    public static bool IsStandardError => Is(
        Environment.GetEnvironmentVariable("JOURNAL_STREAM"), FileIdentity.TryOf("/proc/self/fd/2"));

    /// <summary>Compares "device:inode" in decimal, as stat(2) has them, with a file.</summary>
    internal static bool Is(string? stream, FileIdentity? file) =>
        stream?.Split(':') is [var device, var inode]
        && ulong.TryParse(device, NumberStyles.None, CultureInfo.InvariantCulture, out ulong number)
        && ulong.TryParse(inode, NumberStyles.None, CultureInfo.InvariantCulture, out ulong node)
        && file == new FileIdentity(DeviceNumber.FromHuge(number), node);
}
