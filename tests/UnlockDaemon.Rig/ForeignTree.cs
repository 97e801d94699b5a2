namespace UnlockDaemon.Rig;

/// <summary>
/// The package for arm64, unpacked among that architecture's libraries. Its programs run one by one in QEMU's user mode,
/// on this machine's kernel.
/// </summary>
public sealed class ForeignTree
{
    private ForeignTree(string directory) => Root = directory;

    /// <summary>Its root directory, as seen from outside.</summary>
    public string Root { get; }

    /// <summary>Makes it, or finds it made already.</summary>
    /// <returns>The tree.</returns>
    /// <exception cref="InvalidOperationException">
    /// There is no package of packaging/build-deb arm64, or a script failed and has told why on standard error.
    /// </exception>
    public static async Task<ForeignTree> PrepareAsync()
    {
        string package = GuestImage.FindBuilt("unlockd_*_arm64.deb")
            ?? throw new InvalidOperationException("there is no arm64 package; run packaging/build-deb arm64");
        return new ForeignTree(await GuestImage.RunScriptAsync("arm64", package));
    }

    /// <summary>Runs its unlockctl.</summary>
    /// <param name="arguments">The arguments.</param>
    /// <param name="input">Standard input.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>What it did.</returns>
    public Task<CommandResult> RunAsync(
        IEnumerable<string> arguments, ReadOnlyMemory<byte> input, CancellationToken cancellationToken) =>
        HostCommand.RunAsync("chroot", [Root, "/usr/bin/qemu-aarch64", "/usr/bin/unlockctl", .. arguments],
            input, TimeSpan.FromMinutes(2), cancellationToken);
}
