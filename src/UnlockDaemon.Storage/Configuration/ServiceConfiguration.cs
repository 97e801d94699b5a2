namespace UnlockDaemon.Storage.Configuration;

/// <summary>A service that lives on the volume: one entry under <c>services</c>.</summary>
/// <param name="Name">The entry's name, as other entries' <c>depends_on</c> and the operator use it.</param>
/// <param name="Unit">The systemd unit, with its suffix: <c>mariadb.service</c>.</param>
/// <param name="DependsOn">Names of the services that must be ready before this one is started.</param>
/// <param name="Ready">How readiness is found out; null takes systemd's own word.</param>
/// <param name="Timeout">The longest time from start to ready.</param>
public sealed record ServiceConfiguration(
    string Name, string Unit, IReadOnlyList<string> DependsOn, ProbeSpecification? Ready, TimeSpan Timeout);
