using UnlockDaemon.Conformance;

// conformance linux|simulated [NAME...]: plays the scenarios, or those whose names begin so, and prints what is seen.
IStage stage = args switch
{
    ["linux", ..] => new LinuxStage(),
    ["simulated", ..] => new SimulatedStage(),
    _ => throw new ArgumentException("which machine: linux or simulated?"),
};
string[] names = args[1..];
Rehearsal rehearsal = new(stage, Console.Out);
foreach (Scenario scenario in Scenario.All)
{
    if (names.Length == 0 || Array.Exists(names, name => scenario.Name.StartsWith(name, StringComparison.Ordinal)))
        await rehearsal.PlayAsync(scenario);
}
