using UnlockDaemon.Protocol.Messages;

namespace UnlockDaemon.Protocol;

/// <summary>An error reply: its name, and the parameters that its definition gives it.</summary>
/// <param name="Name">Full name: "org.unlockd.WrongPassphrase".</param>
/// <param name="Parameters">Its parameters.</param>
public sealed record VarlinkError(string Name, ErrorParameters Parameters)
{
    /// <summary>The volume is locked and no passphrase came with the call.</summary>
    public const string PassphraseNeeded = "org.unlockd.PassphraseNeeded";

    /// <summary>The passphrase opens nothing.</summary>
    public const string WrongPassphrase = "org.unlockd.WrongPassphrase";

    /// <summary>Another operation is under way.</summary>
    public const string Busy = "org.unlockd.Busy";

    /// <summary>Locked on purpose, until Release.</summary>
    public const string OnHold = "org.unlockd.OnHold";

    /// <summary>The container is missing, damaged, or not what the configuration says.</summary>
    public const string VolumeUnusable = "org.unlockd.VolumeUnusable";

    /// <summary>A step failed.</summary>
    public const string Failed = "org.unlockd.Failed";

    /// <summary>The volume could not be locked.</summary>
    public const string Held = "org.unlockd.Held";

    /// <summary>Not a Varlink call.</summary>
    public const string MalformedMessage = "org.unlockd.MalformedMessage";

    /// <summary>No such interface on this socket.</summary>
    public const string InterfaceNotFound = "org.varlink.service.InterfaceNotFound";

    /// <summary>No such method.</summary>
    public const string MethodNotFound = "org.varlink.service.MethodNotFound";

    /// <summary>A parameter is unknown or has the wrong type.</summary>
    public const string InvalidParameter = "org.varlink.service.InvalidParameter";

    /// <summary>The caller's user may not do this.</summary>
    public const string PermissionDenied = "org.varlink.service.PermissionDenied";

    /// <summary>The method only works with "more".</summary>
    public const string ExpectedMore = "org.varlink.service.ExpectedMore";
}
