namespace UnlockDaemon.Service.Api;

/// <summary>Who may call a method.</summary>
internal enum Access
{
    /// <summary>Every user of the instance.</summary>
    Anyone,

    /// <summary>Root only.</summary>
    Root,
}
