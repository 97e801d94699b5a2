using System.Text;
using UnlockDaemon.Linux;
using UnlockDaemon.Linux.Terminals;
using Xunit;

namespace UnlockDaemon.UnitTests.Linux;

/// <summary>The one place that a passphrase lies in, and how typing fills it.</summary>
public sealed class PassphraseTests
{
    [Theory]
    [InlineData("secret\r", "secret")]
    [InlineData(" spaces \n", " spaces ")]
    [InlineData("rubbish\u0015good\r", "good")]
    [InlineData("goox\u007fd\r", "good")]
    [InlineData("gooä\bd\r", "good")]
    [InlineData("\b\bgood\r", "good")]
    public void TypedKeysMakeThePassphrase(string typed, string expected)
    {
        using Passphrase passphrase = new();
        PassphraseEntry entry = new(passphrase, utf8: true);
        EntryKey last = EntryKey.Taken;
        foreach (byte key in Encoding.UTF8.GetBytes(typed))
            last = entry.Feed(key);
        Assert.Equal(EntryKey.Enter, last);
        Assert.Equal(expected, Encoding.UTF8.GetString(passphrase.Bytes));
    }

    [Fact]
    public void BackspaceTakesOneByteWhereTheTerminalIsNotUtf8()
    {
        using Passphrase passphrase = new();
        PassphraseEntry entry = new(passphrase, utf8: false);
        foreach (byte key in (byte[])[0xD4, 0xC1, 0x7F])
            entry.Feed(key);
        Assert.Equal([0xD4], passphrase.Bytes.ToArray());
    }

    /// <summary>ttyS0 and hvc0 do not have IUTF8, and what is typed there comes from a terminal that is UTF-8.</summary>
    [Fact]
    public void BackspaceTakesAWholeCharacterOfUtf8OnASerialLine()
    {
        using Passphrase passphrase = new();
        PassphraseEntry entry = new(passphrase, utf8: false);
        foreach (byte key in Encoding.UTF8.GetBytes("пароль\u007fи"))
            entry.Feed(key);
        Assert.Equal("пароли", Encoding.UTF8.GetString(passphrase.Bytes));
    }

    [Fact]
    public void ControlDLogsInOnlyAtTheStart()
    {
        using Passphrase passphrase = new();
        PassphraseEntry entry = new(passphrase, utf8: true);
        Assert.Equal(EntryKey.Login, entry.Feed(4));
        entry.Feed((byte)'a');
        Assert.Equal(EntryKey.Refused, entry.Feed(4));
    }

    [Fact]
    public void FullPassphraseRefusesMore()
    {
        using Passphrase passphrase = new();
        for (int i = 0; i < Passphrase.MaximumLength; i++)
            Assert.True(passphrase.TryAppend(1));
        Assert.False(passphrase.TryAppend(1));
    }

    [Fact]
    public void MemoryIsLockedAndKeptFromDumps()
    {
        using Passphrase passphrase = new();
        passphrase.TryAppend(1);
        unsafe
        {
            fixed (byte* start = passphrase.Bytes)
            {
                string address = ((nint)start).ToString("x");
                string[] lines = File.ReadAllLines("/proc/self/smaps");
                int mapping = Array.FindIndex(lines, line => line.StartsWith(address + "-", StringComparison.Ordinal));
                string flags = lines.Skip(mapping)
                    .First(static line => line.StartsWith("VmFlags:", StringComparison.Ordinal));
                Assert.Contains(" lo", flags, StringComparison.Ordinal);
                Assert.Contains(" dd", flags, StringComparison.Ordinal);
                Assert.Contains(" wf", flags, StringComparison.Ordinal);
            }
        }
    }
}
