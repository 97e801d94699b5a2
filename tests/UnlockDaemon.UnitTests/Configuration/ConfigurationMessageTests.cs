using UnlockDaemon.Storage.Configuration;
using Xunit;

namespace UnlockDaemon.UnitTests.Configuration;

/// <summary>
/// What a person reads for each mistake, against ConfigurationMessages.golden: "### title", the file, "=>", and the
/// messages, where "@" stands for the file's name.
/// </summary>
public sealed class ConfigurationMessageTests
{
    private static readonly Dictionary<string, (string Text, string Messages)> s_cases = Read();

    public static TheoryData<string> Titles => [.. s_cases.Keys];

    [Theory]
    [MemberData(nameof(Titles))]
    public void SaysWhatIsWrongWhereAndWhatToDo(string title)
    {
        (string text, string messages) = s_cases[title];
        ConfigurationResult result = ConfigurationLoader.Parse(text, "@");
        Assert.False(result.IsValid);
        Assert.Equal(messages, string.Join('\n', result.Errors));
    }

    private static Dictionary<string, (string Text, string Messages)> Read()
    {
        const string Name = "UnlockDaemon.UnitTests.Configuration.ConfigurationMessages.golden";
        using StreamReader reader = new(typeof(ConfigurationMessageTests).Assembly.GetManifestResourceStream(Name)!);
        Dictionary<string, (string Text, string Messages)> cases = [];
        foreach (string part in ("\n" + reader.ReadToEnd()).Split("\n### ").Skip(1))
        {
            string[] halves = part.Split("=>\n");
            int line = halves[0].IndexOf('\n');
            cases.Add(halves[0][..line], (halves[0][(line + 1)..], halves[1].TrimEnd('\n')));
        }

        return cases;
    }
}
