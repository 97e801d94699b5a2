using UnlockDaemon.Protocol.Messages;
using UnlockDaemon.Service.Units;
using UnlockDaemon.Storage;

namespace UnlockDaemon.Service.Volumes;

/// <summary>Something that happened. Only the socket turns it into the words of its interface.</summary>
public abstract record News
{
    /// <summary>When.</summary>
    internal DateTimeOffset Time { get; } = DateTimeOffset.UtcNow;

    /// <summary>The volume is in another state.</summary>
    /// <param name="State">The state.</param>
    /// <param name="Text">Why, in a line.</param>
    internal sealed record StateChanged(VolumeState State, string Text) : News;

    /// <summary>A hold began or ended.</summary>
    /// <param name="IsHeld">Whether it began.</param>
    /// <param name="Text">Why and until when, or why it ended.</param>
    internal sealed record HoldChanged(bool IsHeld, string Text) : News;

    /// <summary>A step was done, or something is worth telling on its way.</summary>
    /// <param name="Layer">What it is done to.</param>
    /// <param name="Text">In a line.</param>
    internal sealed record StepTold(string Layer, string Text) : News;

    /// <summary>A check of the file system goes on.</summary>
    /// <param name="Text">How far it is, or why it is made.</param>
    internal sealed record CheckGoesOn(string Text) : News;

    /// <summary>A service does otherwise than before.</summary>
    /// <param name="Service">How it does.</param>
    internal sealed record ServiceChanged(ServiceStatus Service) : News;

    /// <summary>A check of a lock's proof was made.</summary>
    /// <param name="Check">What came of it.</param>
    internal sealed record ProofChecked(CheckResult Check) : News;

    /// <summary>The disk below a sparse container ran short, or has room again.</summary>
    /// <param name="Text">In a line.</param>
    internal sealed record SpaceChanged(string Text) : News;

    /// <summary>An operator tries a passphrase.</summary>
    /// <param name="Console">On which console.</param>
    internal sealed record PassphraseTried(string Console) : News;

    /// <summary>Whether a piece of work has shown that it goes on.</summary>
    internal bool IsProgress => this is StepTold or CheckGoesOn;
}
