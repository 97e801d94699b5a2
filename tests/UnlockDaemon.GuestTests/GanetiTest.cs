using System.Text.Json;
using UnlockDaemon.Rig;
using Xunit;

namespace UnlockDaemon.GuestTests;

/// <summary>What the tests on the cluster have in common; each leaves the instance up, as Ganeti has it.</summary>
[Collection(GanetiCollection.Name)]
public abstract class GanetiTest(GanetiInstance instance) : IAsyncLifetime
{
    protected static readonly TimeSpan Soon = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan s_longest = TimeSpan.FromMinutes(3);

    protected static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    protected Guest Guest => instance.Guest;

    protected GanetiNode Master => instance.Cluster.Master;

    public async ValueTask InitializeAsync()
    {
        if (instance.Obstacle is { } obstacle)
            Assert.Skip(obstacle);
        await Task.WhenAll(
            RunAsync("unlockctl release"), OnNodesAsync("rm -f /var/lib/unlockd-ganeti/certificates/*"));
    }

    public ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return ValueTask.CompletedTask;
    }

    protected static void AssertDenied(CommandResult result, string operation, string why)
    {
        string output = result.Output + result.Error;
        Assert.Equal(1, result.ExitCode);
        string[] denials = [.. output.Split('\n')
            .Where(static line => line.Contains("unlockd:", StringComparison.Ordinal))];
        // One line for each node that ran the hook.
        Assert.True(denials.Length > 0, output);
        Assert.All(denials, line => Assert.Contains(
            $"output: unlockd: {operation} of {GanetiInstance.Name} denied: ", line, StringComparison.Ordinal));
        Assert.All(denials, line => Assert.Contains(why, line, StringComparison.Ordinal));
    }

    protected async Task<string> RunAsync(string command) =>
        (await Guest.RunAsync(command, s_longest, cancellationToken: Cancellation)).Require();

    protected Task<CommandResult> OnMasterAsync(string command) => Master.RunAsync(command, s_longest, Cancellation);

    protected async Task<string[]> OnNodesAsync(string command)
    {
        CommandResult[] results = await Task.WhenAll(
            Master.RunAsync(command, s_longest, Cancellation),
            instance.Cluster.Other.RunAsync(command, s_longest, Cancellation));
        return [.. results.Select(static result => result.Require())];
    }

    protected Task<string> UnlockAsync() => RunAsync("unlockctl unlock --passphrase-file /root/passphrase");

    protected async Task<JsonElement> StatusAsync() => JsonDocument.Parse(
        (await Guest.RunAsync("unlockctl status --json", cancellationToken: Cancellation)).Output).RootElement;

    protected async Task<(string? State, bool Held)> StateAsync()
    {
        JsonElement status = await StatusAsync();
        return (status.GetProperty("state").GetString(), status.GetProperty("held").GetBoolean());
    }

    protected async Task<string> PrimaryAsync() =>
        (await OnMasterAsync($"gnt-instance list --no-headers -o pnode {GanetiInstance.Name}")).Require();

    /// <summary>The certificates that the nodes have kept, those of nodes that have none left out.</summary>
    protected async Task<JsonElement[]> CertificatesAsync() =>
        [.. (await OnNodesAsync(
            $"cat /var/lib/unlockd-ganeti/certificates/{GanetiInstance.Name}.json 2>/dev/null; true"))
            .Where(static text => text.Length > 0)
            .Select(static text => JsonDocument.Parse(text).RootElement)];

    /// <summary>Changes a line of the configuration on both nodes.</summary>
    protected Task ConfigureAsync(string from, string to) =>
        OnNodesAsync($"sed -i 's/^{from}$/{to}/' /etc/unlockd-ganeti/config");
}
