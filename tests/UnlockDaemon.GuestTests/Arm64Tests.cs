using System.Text;
using UnlockDaemon.Rig;
using Xunit;

namespace UnlockDaemon.GuestTests;

/// <summary>
/// The package for arm64: what needs no kernel of that architecture, so neither loop devices nor mappings.
/// </summary>
public sealed class Arm64Tests : IAsyncLifetime
{
    private const string Passphrase = "an old passphrase of 2009";
    private ForeignTree _tree = null!;
    private DirectoryInfo _directory = null!;

    private string Container => Path.Combine(_directory.FullName, "container");

    private string ContainerInside => $"/{_directory.Name}/container";

    public async ValueTask InitializeAsync()
    {
        _tree = await ForeignTree.PrepareAsync();
        _directory = Directory.CreateDirectory(Path.Combine(_tree.Root, Path.GetRandomFileName()));
    }

    public ValueTask DisposeAsync()
    {
        _directory.Delete(recursive: true);
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task TellsItsVersion() => Assert.Matches(@"^\d+\.\d+\.\d+$", (await RunAsync("--version")).Require());

    [Fact]
    public async Task ChecksAConfiguration()
    {
        await File.WriteAllTextAsync(_tree.Root + "/etc/unlockd/unlockd.yaml",
            "volume: { container: /var/encrypt_file, mount_point: /var/secure, formt: luks }\n",
            TestContext.Current.CancellationToken);
        CommandResult result = await RunAsync("check");
        Assert.Equal(1, result.ExitCode);
        Assert.Contains("/etc/unlockd/unlockd.yaml:1:67: ", result.Output + result.Error, StringComparison.Ordinal);
        Assert.Contains("did you mean \"format\"?", result.Output + result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ReadsALuksHeader()
    {
        await ShellAsync($"truncate -s 24M {Container} && printf '%s' '{Passphrase}' | "
            + $"cryptsetup luksFormat -q --pbkdf pbkdf2 --pbkdf-force-iterations 1000 {Container} -");
        string found = (await RunAsync("identify", ContainerInside)).Require();
        Assert.Contains("format: luks", found, StringComparison.Ordinal);
        Assert.Contains("aes-xts-plain64", found, StringComparison.Ordinal);
    }

    /// <summary>Each way is tried with OpenSSL's ciphers, by structures of ours that they fill.</summary>
    [Fact]
    public async Task FindsTheWayOfAContainerWithoutAHeader()
    {
        await ShellAsync($"truncate -s 1M {Container}.clear && mke2fs -q -t ext2 {Container}.clear && "
            + $"aespipe -e AES256 -p 3 3<<<'{Passphrase}' <{Container}.clear >{Container}");
        string found = (await RunAsync("identify", ContainerInside, "--passphrase-file", "-")).Require();
        Assert.Contains("format: loop-aes", found, StringComparison.Ordinal);
        Assert.Contains("cipher: AES256", found, StringComparison.Ordinal);
    }

    private static async Task ShellAsync(string command) => (await HostCommand.RunAsync("bash", ["-c", command],
        cancellationToken: TestContext.Current.CancellationToken)).Require();

    private Task<CommandResult> RunAsync(params string[] arguments) =>
        _tree.RunAsync(arguments, Encoding.UTF8.GetBytes(Passphrase), TestContext.Current.CancellationToken);
}
