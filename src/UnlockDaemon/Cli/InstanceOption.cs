using System.CommandLine;
using UnlockDaemon.Protocol;

namespace UnlockDaemon.Cli;

/// <summary>--instance NAME, of every verb.</summary>
internal static class InstanceOption
{
    private static readonly Option<string?> s_option = new("--instance")
    {
        Description = "The volume of unlockd@NAME.service, configured in /etc/unlockd/NAME.yaml",
        HelpName = "NAME",
        Recursive = true,
    };

    /// <summary>The option, which refuses what cannot be a name.</summary>
    internal static Option<string?> Make()
    {
        s_option.Validators.Add(static result =>
        {
            if (result.GetValueOrDefault<string?>() is { } name && Instance.Problem(name) is { } problem)
                result.AddError($"--instance \"{name}\" {problem}");
        });
        return s_option;
    }

    /// <summary>From here on, this process speaks of that instance.</summary>
    internal static void Apply(ParseResult parsed)
    {
        if (parsed.Errors.Count == 0 && parsed.GetValue(s_option) is { } name)
            Instance.Use(new Instance(name));
    }
}
