using System.Text;

namespace UnlockDaemon.Benchmarks;

/// <summary>The scripts that take the times on the spot.</summary>
internal static class Script
{
    internal static byte[] Call => Read("call.pl");

    internal static byte[] FirstPrompt => Read("first-prompt.pl");

    private static byte[] Read(string name)
    {
        using StreamReader reader = new(typeof(Script).Assembly.GetManifestResourceStream(name)!);
        return Encoding.UTF8.GetBytes(reader.ReadToEnd());
    }
}
