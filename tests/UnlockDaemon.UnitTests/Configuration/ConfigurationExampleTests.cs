using UnlockDaemon.Storage.Configuration;
using Xunit;

namespace UnlockDaemon.UnitTests.Configuration;

/// <summary>The examples that users copy are valid.</summary>
public sealed class ConfigurationExampleTests
{
    [Fact]
    public void ThePackagedExampleIsValid() =>
        Assert.Equal(3, ConfigurationLoaderTests.Valid(Read("unlockd.yaml")).Services.Count);

    [Fact]
    public void TheExamplesOfTheManualAreValid()
    {
        string[] examples = Read("unlockd.yaml.5").Split(".Bd -literal -offset 2n\n").Skip(1)
            .Select(block => block[..block.IndexOf(".Ed", StringComparison.Ordinal)])
            .Where(block => block.StartsWith("volume:", StringComparison.Ordinal)).ToArray();

        Assert.Equal(
            [ContainerFormat.Luks, ContainerFormat.LoopAes],
            examples.Select(example => ConfigurationLoaderTests.Valid(example).Volume.Format));
    }

    [Fact]
    public void TheExampleOfAdviceIsValid() =>
        Assert.NotEmpty(ConfigurationLoaderTests.Valid(ConfigurationParser.Beginning).Services);

    private static string Read(string name)
    {
        using StreamReader reader = new(typeof(ConfigurationExampleTests).Assembly.GetManifestResourceStream(name)!);
        return reader.ReadToEnd();
    }
}
