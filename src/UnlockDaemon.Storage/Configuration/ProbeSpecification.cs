namespace UnlockDaemon.Storage.Configuration;

/// <summary>A readiness probe as it is written: <c>tcp:127.0.0.1:11758</c>.</summary>
/// <param name="Kind">What comes before the first colon.</param>
/// <param name="Target">What comes after it: a command line, an address or a path.</param>
public sealed record ProbeSpecification(ProbeKind Kind, string Target);
