using UnlockDaemon.Linux;
using UnlockDaemon.Protocol.Messages;

namespace UnlockDaemon.Service.Volumes;

/// <summary>
/// One layer of the storage stack. Each sees for itself, in the kernel, whether it is up: no state is kept, so after
/// a crash, a kill or an upgrade the daemon goes on from what is there.
/// </summary>
internal abstract class Layer
{
    /// <summary>loop, mapping or filesystem.</summary>
    internal abstract string Name { get; }

    /// <summary>Looks at the kernel.</summary>
    internal abstract LayerInfo Observe();

    /// <summary>Brings it up on the layers below, which are up.</summary>
    /// <param name="passphrase">The passphrase; only the mapping needs one. Null when it is up already.</param>
    /// <param name="report">Told what takes long.</param>
    /// <param name="cancellation">Ends the attempt.</param>
    /// <exception cref="LinuxException">A call failed.</exception>
    internal abstract Task<LayerOutcome> BringUpAsync(
        Passphrase? passphrase, Action<string> report, CancellationToken cancellation);

    /// <summary>Takes it down and looks again; the layers above are down.</summary>
    /// <returns>Null when it is down, otherwise why it is not: it is in use.</returns>
    /// <exception cref="LinuxException">A call failed.</exception>
    internal abstract string? TakeDown();
}
