using System.Text;
using UnlockDaemon.Service.Volumes;
using Xunit;

namespace UnlockDaemon.UnitTests.Volumes;

/// <summary>The whole table of states and events, against a golden file.</summary>
public sealed class TransitionsTests
{
    [Fact]
    public void MatrixIsAsRecorded()
    {
        StringBuilder matrix = new();
        foreach (VolumeState state in Enum.GetValues<VolumeState>())
        {
            foreach (VolumeEvent happened in Enum.GetValues<VolumeEvent>())
                matrix.Append($"{state,-10} {happened,-16} -> "
                    + $"{Transitions.Next(state, happened)?.ToString() ?? "-"}\n");
        }

        using Stream golden = typeof(TransitionsTests).Assembly.GetManifestResourceStream(
            "UnlockDaemon.UnitTests.Volumes.Transitions.golden")!;
        using StreamReader reader = new(golden);
        Assert.Equal(reader.ReadToEnd(), matrix.ToString());
    }
}
