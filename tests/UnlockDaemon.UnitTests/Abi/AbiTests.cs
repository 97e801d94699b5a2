using System.Diagnostics;
using Xunit;
using Cpu = System.Runtime.InteropServices.Architecture;

namespace UnlockDaemon.UnitTests.Abi;

/// <summary>The C compiler agrees with every native constant and structure of this program.</summary>
public sealed class AbiTests
{
    [Theory]
    [InlineData(Cpu.X64, "gcc")]
    [InlineData(Cpu.Arm64, "aarch64-linux-gnu-gcc")]
    public async Task TheHeadersAgree(Cpu architecture, string compiler)
    {
        if (!File.Exists("/usr/bin/" + compiler))
            Assert.Skip($"needs {compiler} ('apt install {(compiler == "gcc" ? compiler : "gcc-aarch64-linux-gnu")}')");
        string program = Declarations.ToC(architecture);
        string said = await CompileAsync(compiler, program);
        Assert.True(said.Length == 0, said);
        Assert.InRange(program.Split("_Static_assert").Length, 150, int.MaxValue);
    }

    [Theory]
    [InlineData("sizeof(struct loop_info64) == 232", "sizeof(struct loop_info64) == 231")]
    [InlineData("(long long)(KEYCTL_READ) == 11LL", "(long long)(KEYCTL_READ) == 12LL")]
    public async Task ACompilerThatDisagreesSaysSo(string right, string wrong)
    {
        string program = Declarations.ToC(Cpu.X64);
        Assert.Contains(right, program, StringComparison.Ordinal);
        Assert.Contains("static assertion failed",
            await CompileAsync("gcc", program.Replace(right, wrong, StringComparison.Ordinal)),
            StringComparison.Ordinal);
    }

    /// <summary>Headers of libraries are those of this machine: they do not differ where they are used here.</summary>
    private static async Task<string> CompileAsync(string compiler, string program)
    {
        using Process process = Process.Start(new ProcessStartInfo(compiler,
            ["-std=gnu11", "-O1", "-fsyntax-only", "-idirafter", "/usr/include", "-idirafter",
                "/usr/include/x86_64-linux-gnu", "-x", "c", "-"])
        {
            RedirectStandardInput = true,
            RedirectStandardError = true,
            Environment = { ["LC_ALL"] = "C" },
        })!;
        Task<string> said = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.StandardInput.WriteAsync(program);
        process.StandardInput.Close();
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return await said;
    }
}
