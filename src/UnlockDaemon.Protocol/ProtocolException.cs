namespace UnlockDaemon.Protocol;

/// <summary>The peer does not keep to the protocol, or is gone.</summary>
public sealed class ProtocolException : Exception
{
    /// <summary>Describes what the peer did.</summary>
    /// <param name="message">A sentence.</param>
    /// <param name="inner">What it was noticed by.</param>
    public ProtocolException(string message, Exception? inner = null)
        : base(message, inner)
    {
    }
}
