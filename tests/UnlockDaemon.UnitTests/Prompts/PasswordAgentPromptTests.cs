using System.Text;
using UnlockDaemon.Service.Prompts;
using Xunit;

namespace UnlockDaemon.UnitTests.Prompts;

/// <summary>What a password agent answers. systemd's own puts a zero byte at the end, others need not.</summary>
public sealed class PasswordAgentPromptTests
{
    [Theory]
    [InlineData("+secret", "secret")]
    [InlineData("+secret\0", "secret")]
    [InlineData("+secret\0another\0", "secret")]
    [InlineData("++", "+")]
    [InlineData("+\0", "")]
    [InlineData("+", "")]
    [InlineData("-", "")]
    [InlineData("", "")]
    public void PassphraseEndsBeforeAZeroByte(string answer, string passphrase) =>
        Assert.Equal(passphrase, Encoding.ASCII.GetString(PasswordAgentPrompt.Read(Encoding.ASCII.GetBytes(answer))));
}
