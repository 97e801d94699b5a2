namespace UnlockDaemon.Storage;

/// <summary>
/// The one edge between the volume and the machine that it is on: looks at it, and does one thing at a time to it. There
/// are two: the kernel, and the tests' simulation.
/// </summary>
internal interface IMachine
{
    /// <summary>Looks at all at once. Asks nobody who may not answer.</summary>
    /// <param name="aspects">What is to be looked at beside the layers.</param>
    /// <param name="cancellation">Ends the wait for it.</param>
    /// <exception cref="Linux.LinuxException">The kernel does not say.</exception>
    /// <exception cref="OperationCanceledException">It took too long.</exception>
    Task<Snapshot> ObserveAsync(Aspects aspects, CancellationToken cancellation);

    /// <summary>Does one thing.</summary>
    /// <param name="step">What.</param>
    /// <param name="report">Told what is worth telling on the way.</param>
    /// <param name="cancellation">
    /// Ends it where that can be done; where the kernel cannot be stopped, the call goes on and ends by itself.
    /// </param>
    Task<StepResult> DoAsync(Step step, StepReport report, CancellationToken cancellation);

    /// <summary>Steps whose calls to the kernel could not be ended, and go on; completed when there are none.</summary>
    Task Hanging { get; }

    /// <summary>What a daemon of this boot noted; nothing known when that is lost; null when nothing ever was.</summary>
    BootMemory? Recall();

    /// <summary>Notes something for the daemons of this boot that come after this one. Does not throw.</summary>
    void Remember(BootMemory memory);
}
