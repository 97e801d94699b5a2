using System.CommandLine;
using UnlockDaemon.Cli;
using Xunit;

namespace UnlockDaemon.UnitTests.Cli;

/// <summary>What is refused before anything is looked at.</summary>
public sealed class ConvertVerbTests
{
    [Theory]
    [InlineData("- -", false)]
    [InlineData("- new", true)]
    [InlineData("old -", true)]
    public void OneOfTheTwoPassphrasesComesFromStandardInput(string files, bool taken)
    {
        string[] names = files.Split(' ');
        Command convert = ConvertVerb.Command(new Option<bool>("--json"), new Option<string?>("--passphrase-file"));
        ParseResult parsed = convert.Parse(["--passphrase-file", names[0], "--new-passphrase-file", names[1]]);
        Assert.Equal(taken, parsed.Errors.Count == 0);
    }
}
