using UnlockDaemon.Rig;
using Xunit;

namespace UnlockDaemon.GuestTests;

/// <summary>
/// The simulation of the unit tests is held to the truth: the same moves on it and on a kernel, and after each of them
/// the same is to be seen.
/// </summary>
public sealed class ConformanceTests
{
    private const string Program = "UnlockDaemon.Conformance.dll";

    // A guest has no .NET of its own. That of the host reserves more address space than the guest's kernel has, unless
    // it is told how little it needs.
    private const string Settings = "DOTNET_GCHeapHardLimit=0x4000000 DOTNET_EnableWriteXorExecute=0 "
        + "DOTNET_TieredPGO=0 DOTNET_EnableDiagnostics=0";

    // RUNTIME PROGRAM SHARE: puts both where the guest sees them, without a link that would lead out of there.
    private const string Provide = """
        mkdir -p "$3/dotnet/shared"
        cp -a "$1/dotnet" "$1/host" "$3/dotnet"
        cp -a "$1/shared/Microsoft.NETCore.App" "$3/dotnet/shared"
        cp -a "$2" "$3/program"
        """;

    private const int DifferencesShown = 12;

    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(15);

    private static string Runtime => Path.GetFullPath(
        Path.Combine(Path.GetDirectoryName(typeof(object).Assembly.Location)!, "../../.."));

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task TheSimulatedMachineDoesAsTheKernelDoes()
    {
        Task<string[]> simulated = SimulateAsync();
        string[] real = await RunInGuestAsync();
        string[] differences = [.. Compare(real, await simulated).Take(DifferencesShown)];
        Assert.True(differences.Length == 0, string.Join('\n', differences));
        Assert.True(real.Length >= 300, $"{real.Length} moves are too few");
    }

    private static async Task<string[]> SimulateAsync()
    {
        CommandResult result = await HostCommand.RunAsync(Path.Combine(Runtime, "dotnet"),
            [Path.Combine(AppContext.BaseDirectory, Program), "simulated"], timeout: s_limit,
            cancellationToken: Cancellation);
        return result.Require().Split('\n');
    }

    private static async Task<string[]> RunInGuestAsync()
    {
        GuestImage image = await GuestImage.PrepareAsync(GuestSystem.Bookworm, package: null, Cancellation);
        await using Guest guest = await Guest.BootAsync(
            image, new GuestOptions { Name = "conformance", MemoryMiB = 512 }, Cancellation);
        string share = guest.ShareDirectory;
        (await HostCommand.RunAsync("bash", ["-ec", Provide, "bash", Runtime, AppContext.BaseDirectory, share],
            cancellationToken: Cancellation)).Require();
        await guest.ShareAsync(Cancellation);
        string command = $"{Settings} /mnt/host/dotnet/dotnet /mnt/host/program/{Program} linux >/mnt/host/transcript";
        (await guest.RunAsync(command, s_limit, cancellationToken: Cancellation)).Require();
        return await File.ReadAllLinesAsync(Path.Combine(share, "transcript"), Cancellation);
    }

    /// <summary>
    /// The first move of each scenario that ends in another way: what comes after it grew from another state.
    /// </summary>
    private static IEnumerable<string> Compare(string[] real, string[] simulated)
    {
        if (real.Length != simulated.Length)
            yield return $"the kernel made {real.Length} moves, the simulation {simulated.Length}";
        string differing = "";
        foreach ((string here, string there) in real.Zip(simulated))
        {
            string scenario = here[..here.IndexOf(':', StringComparison.Ordinal)];
            if (here == there || scenario == differing)
                continue;
            differing = scenario;
            yield return Describe(here, there);
        }
    }

    private static string Describe(string real, string simulated)
    {
        string[] kernel = real.Split("; ");
        string[] simulation = simulated.Split("; ");
        IEnumerable<string> parts = kernel.Zip(simulation)
            .Where(static pair => pair.First != pair.Second)
            .Select(static pair => $"\n    kernel:     {pair.First}\n    simulation: {pair.Second}");
        return kernel[0] + string.Concat(parts);
    }
}
