using System.Net.Sockets;
using System.Text;
using Serilog.Core;
using UnlockDaemon.Linux.Storage;
using UnlockDaemon.Linux.Systemd;
using Xunit;

namespace UnlockDaemon.UnitTests.Log;

/// <summary>What the journal receives, by a socket that stands in for its own.</summary>
public sealed class JournalSinkTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("unlockd-journal-").FullName;
    private readonly Socket _journal = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
    private readonly StringWriter _otherwise = new();
    private readonly JournalSink _sink;
    private readonly Logger _log;

    public JournalSinkTests()
    {
        string path = Path.Combine(_directory, "socket");
        _journal.Bind(new UnixDomainSocketEndPoint(path));
        _sink = new JournalSink(path, _otherwise);
        _log = new Serilog.LoggerConfiguration().Enrich.WithProperty("Instance", "archive").WriteTo.Sink(_sink)
            .CreateLogger();
    }

    public void Dispose()
    {
        _log.Dispose();
        _sink.Dispose();
        _journal.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    public void AnEntryHasPriorityAndFields()
    {
        _log.Warning("{Service} of {Unit} is late", "mysql", "mariadb.service");
        Assert.Equal("""
            MESSAGE=mysql of mariadb.service is late
            PRIORITY=4
            SYSLOG_IDENTIFIER=unlockd
            UNLOCKD_SERVICE=mysql
            UNLOCKD_UNIT=mariadb.service
            OBJECT_SYSTEMD_UNIT=mariadb.service
            UNLOCKD_INSTANCE=archive

            """, Receive());
    }

    /// <summary>A line that looks like a field of its own would otherwise be one.</summary>
    [Fact]
    public void AValueWithNewlinesHasItsLengthBeforeIt()
    {
        _log.Error("{State}", "one\nPRIORITY=7");
        string entry = Receive();
        Assert.StartsWith("MESSAGE\n\u000e\0\0\0\0\0\0\0one\nPRIORITY=7\nPRIORITY=3\n", entry,
            StringComparison.Ordinal);
        Assert.Contains("UNLOCKD_STATE\n\u000e\0\0\0\0\0\0\0one\nPRIORITY=7\n", entry, StringComparison.Ordinal);
    }

    [Fact]
    public void AJournalThatDoesNotReadHoldsNobodyUpAndHearsHowMuchItMissed()
    {
        // More than a queue of datagrams has room for (net.unix.max_dgram_qlen).
        int many = int.Parse(File.ReadAllText("/proc/sys/net/unix/max_dgram_qlen")) + 10;
        for (int i = 0; i < many; i++)
            _log.Information("entry");
        int read = 0;
        while (_journal.Available > 0)
        {
            Receive();
            read++;
        }

        _log.Information("after");
        Assert.StartsWith($"MESSAGE=after ({many - read} entries before this one were lost)\n", Receive(),
            StringComparison.Ordinal);
    }

    [Fact]
    public void WithoutAJournalLinesGoToStandardErrorWithTheirPriority()
    {
        _journal.Close();
        _log.Error(new IOException("no disk"), "{Service} failed", "mysql");
        string[] lines = _otherwise.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(["<3>mysql failed", "<3>System.IO.IOException: no disk"], lines);
    }

    [Fact]
    public void StreamIsTheJournalsOnlyIfItIsTheSameFile()
    {
        string self = $"/proc/self/fd/{_journal.SafeHandle.DangerousGetHandle()}";
        FileIdentity file = FileIdentity.Of(self);
        ulong device = ((ulong)file.Device.Major << 8) | file.Device.Minor;
        Assert.True(JournalStream.Is($"{device}:{file.Inode}", file));
        Assert.False(JournalStream.Is($"{device}:{file.Inode + 1}", file));
        Assert.False(JournalStream.Is(null, file));
        Assert.False(JournalStream.Is("journal", file));
    }

    private string Receive()
    {
        byte[] buffer = new byte[64 * 1024];
        return Encoding.UTF8.GetString(buffer, 0, _journal.Receive(buffer));
    }
}
