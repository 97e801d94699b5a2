namespace UnlockDaemon.UnitTests.Simulation;

/// <summary>A passphrase as a step had it when it began.</summary>
internal enum Secret
{
    None,
    Right,
    Wrong,
}
