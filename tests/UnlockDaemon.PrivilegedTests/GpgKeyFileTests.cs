using System.Text;
using UnlockDaemon.Linux;
using UnlockDaemon.Linux.Storage;
using Xunit;

namespace UnlockDaemon.PrivilegedTests;

/// <summary>Key files, decrypted by the real gpg.</summary>
public sealed class GpgKeyFileTests(LoopAesFixture fixture) : IClassFixture<LoopAesFixture>
{
    [Fact]
    public void WrongPassphraseIsNoError()
    {
        using Passphrase wrong = Typed("another passphrase of 2009");
        Assert.Null(new GpgKeyFile(fixture.File("keys65.gpg")).TryDecrypt(wrong));
    }

    [Fact]
    public void NothingIsLeftBehindAndNoAgentRuns()
    {
        string[] before = Homes();
        using Passphrase passphrase = Typed(LoopAesFixture.Passphrase);
        using KeyLines? keys = new GpgKeyFile(fixture.File("keys64.gpg")).TryDecrypt(passphrase);
        Assert.Equal(64, keys!.Count);
        Assert.Equal(before, Homes());
        Assert.DoesNotContain(Directory.GetDirectories("/proc"), static process => IsAgent(process));
    }

    [Fact]
    public void OldFileWithoutIntegrityProtectionIsDecrypted()
    {
        // Behind the packet with the salt: tag 9, and not 18, which has the protection.
        Assert.Equal(0xC9, File.ReadAllBytes(fixture.File("old64.gpg"))[15]);
        using Passphrase passphrase = Typed(LoopAesFixture.Passphrase);
        using Passphrase wrong = Typed("another passphrase of 2009");
        using KeyLines? keys = new GpgKeyFile(fixture.File("old64.gpg")).TryDecrypt(passphrase);
        Assert.Equal(64, keys?.Count);
        Assert.Null(new GpgKeyFile(fixture.File("old64.gpg")).TryDecrypt(wrong));
    }

    [Theory]
    [InlineData("missing", "No such file or directory")]
    [InlineData("plain", "was not encrypted by gpg")]
    [InlineData("junk.gpg", "no loop-AES key file")]
    public void OtherFilesAreRefusedWithTheReason(string file, string reason)
    {
        using Passphrase passphrase = Typed(LoopAesFixture.Passphrase);
        LinuxException refused =
            Assert.Throws<LinuxException>(() => new GpgKeyFile(fixture.File(file)).TryDecrypt(passphrase));
        Assert.Contains(reason, refused.Message, StringComparison.Ordinal);
        Assert.Contains(fixture.File(file), refused.Message, StringComparison.Ordinal);
    }

    private static Passphrase Typed(string text)
    {
        Passphrase passphrase = new();
        foreach (byte value in Encoding.UTF8.GetBytes(text))
            passphrase.TryAppend(value);
        return passphrase;
    }

    private static string[] Homes() =>
        Directory.GetDirectories(ProcessHardening.IsRoot ? "/run" : "/dev/shm", "unlockd-gpg-*");

    private static bool IsAgent(string process)
    {
        try
        {
            return File.ReadAllText(process + "/cmdline")
                .Contains("gpg-agent\0--homedir\0/run/unlockd", StringComparison.Ordinal);
        }
        catch (IOException)
        {
            return false;
        }
    }
}
