namespace UnlockDaemon.Linux.Systemd;

/// <summary>What was asked to be followed, and is until it is disposed of.</summary>
internal sealed class UnitWatch : IDisposable
{
    private readonly CancellationTokenSource _ended = new();

    /// <param name="keep">The following; it ends once nobody wants it any more.</param>
    /// <param name="failed">Told if it ends otherwise.</param>
    internal UnitWatch(Func<CancellationToken, Task> keep, Action<Exception>? failed) =>
        Following = SuperviseAsync(keep, failed);

    /// <summary>Ends with the following.</summary>
    internal Task Following { get; }

    /// <inheritdoc/>
    public void Dispose() => _ended.Cancel();

    private async Task SuperviseAsync(Func<CancellationToken, Task> keep, Action<Exception>? failed)
    {
        try
        {
            await keep(_ended.Token);
        }
        catch (OperationCanceledException)
        {
            // Nobody wants it any more, or the connection was given up.
        }
        catch (Exception failure) when (failed is not null)
        {
            failed(failure);
        }
    }
}
