using System.Diagnostics;
using UnlockDaemon.Linux;
using Xunit;

namespace UnlockDaemon.UnitTests.Linux;

public sealed class ToolTests
{
    private const string Adjustment = "/proc/self/oom_score_adj";

    /// <summary>The daemon is to outlive what the kernel ends for want of memory; what it starts is not.</summary>
    [Fact]
    public void ProgramsHaveNoShareInTheDaemonsProtection()
    {
        string before = KernelText.Read(Adjustment);
        // Less protected instead of more, which takes no right.
        File.WriteAllText(Adjustment, "100");
        try
        {
            using Process program = Tool.Start("sleep", ["60"]);
            try
            {
                Assert.Equal("0", KernelText.Read($"/proc/{program.Id}/oom_score_adj").Trim());
            }
            finally
            {
                program.Kill();
            }
        }
        finally
        {
            File.WriteAllText(Adjustment, before);
        }
    }
}
