using System.Text;
using UnlockDaemon.Cli;
using Xunit;

namespace UnlockDaemon.UnitTests.Ganeti;

/// <summary>The nodes' key gets a line, and the lines of others stay as they are.</summary>
public sealed class AuthorizedKeysTests : IDisposable
{
    private const string Command = "/usr/bin/unlockctl node";
    private const string Entry = "restrict,command=\"/usr/bin/unlockctl node\" ssh-ed25519 AAAA unlockd-ganeti\n";
    private static readonly SshPublicKey s_key = new("ssh-ed25519", "AAAA");
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("unlockd-keys-");

    private string KeyFile => Path.Combine(_directory.FullName, "authorized_keys");

    public void Dispose() => _directory.Delete(recursive: true);

    [Theory]
    [InlineData("")]
    [InlineData("ssh-rsa BBBB caf\u00e9\n")]
    [InlineData("ssh-rsa BBBB no newline")]
    [InlineData("ssh-rsa BBBB of Windows\r\n")]
    public void WhatIsThereStaysByteForByte(string before)
    {
        byte[] bytes = Encoding.Latin1.GetBytes(before);
        File.WriteAllBytes(KeyFile, bytes);
        Assert.Null(new AuthorizedKeys(KeyFile).Restrict(s_key, Command, out bool written));
        Assert.True(written);
        string end = before.Length == 0 || before.EndsWith('\n') ? "" : "\n";
        Assert.Equal([.. bytes, .. Encoding.ASCII.GetBytes(end + Entry)], File.ReadAllBytes(KeyFile));
        Assert.Null(new AuthorizedKeys(KeyFile).Restrict(s_key, Command, out written));
        Assert.False(written);
    }

    [Theory]
    [InlineData("# a comment\nssh-ed25519 AAAA everything\n", 2)]
    [InlineData("ssh-ed25519\tAAAA\teverything\n", 1)]
    public void ALineThatLetsItDoMoreIsFound(string before, int line)
    {
        File.WriteAllText(KeyFile, before);
        Assert.Equal(line, new AuthorizedKeys(KeyFile).Restrict(s_key, Command, out bool written));
        Assert.False(written);
        Assert.Equal(before, File.ReadAllText(KeyFile));
    }
}
