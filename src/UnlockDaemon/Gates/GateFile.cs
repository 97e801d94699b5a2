namespace UnlockDaemon.Gates;

/// <summary>One drop-in that gates a unit.</summary>
/// <param name="Unit">The unit.</param>
/// <param name="Path">The file.</param>
/// <param name="State">How it was found.</param>
internal sealed record GateFile(string Unit, string Path, GateState State);
