using UnlockDaemon.Linux;

namespace UnlockDaemon.Cli;

/// <summary>unlockctl authorize-node.</summary>
internal static class AuthorizeNodeVerb
{
    private const string Command = "/usr/bin/unlockctl node";
    private static readonly string[] s_hostKeys = ["ed25519", "ecdsa", "rsa"];

    internal static Task<int> RunAsync(Output output, string text, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        return Task.FromResult(Run(output, text));
    }

    private static int Run(Output output, string text)
    {
        if (!ProcessHardening.IsRoot)
            return output.Fail(ExitCode.Failure, "only root may do this: use sudo");
        if (SshPublicKey.Parse(text) is not { } key)
        {
            return output.Fail(ExitCode.Failure,
                "this is no public key: copy the whole line that 'unlockd-ganeti setup' prints on a node, in quotes");
        }

        AuthorizedKeys keys = new("/root/.ssh/authorized_keys");
        if (keys.Restrict(key, Command, out bool written) is { } line)
        {
            return output.Fail(ExitCode.Failure,
                $"{keys.Path}, line {line}, lets this key do something else: delete that line and try again");
        }

        output.Line($"{keys.Path}: {(written ? "the nodes' key may now" : "unchanged, the nodes' key may")} "
            + $"run '{Command}' and nothing else ({key.Fingerprint})");
        return SayHostKey(output);
    }

    private static int SayHostKey(Output output)
    {
        SshPublicKey? host = s_hostKeys.Select(static type => $"/etc/ssh/ssh_host_{type}_key.pub")
            .Where(File.Exists)
            .Select(static file => SshPublicKey.Parse(File.ReadAllText(file).TrimEnd()))
            .FirstOrDefault(static found => found is not null);
        if (host is null)
            return output.Fail(ExitCode.Failure, "there is no host key in /etc/ssh: install openssh-server");
        output.Line("");
        output.Line($"Now on the master node, with the instance's name in Ganeti (host key {host.Fingerprint}):");
        output.Line("");
        output.Line($"  unlockd-ganeti add {Environment.MachineName} '{host}'");
        return ExitCode.Success;
    }
}
