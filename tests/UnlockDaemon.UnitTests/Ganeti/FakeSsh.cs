using System.Diagnostics;
using UnlockDaemon.UnitTests.Architecture;

namespace UnlockDaemon.UnitTests.Ganeti;

/// <summary>
/// Runs the hook of unlockd-ganeti with a fake of ssh, for answers that no real guest gives. The fake answers each
/// request with the text of a file, in which NONCE stands for the nonce of the request.
/// </summary>
internal sealed class FakeSsh : IDisposable
{
    internal const string Boot = "0a1b2c3d-0000-4000-8000-00000000abcd";
    internal const int Time = 1_800_000_000;

    private const string Script = """
        #!/bin/sh
        # A fake: it reaches nobody.
        here=${0%/*}
        for request; do :; done
        echo "$request" >>"$here/requests"
        set -- $request
        cat "$here/$1.words" >&2
        sed "s/NONCE/$2/g" "$here/$1"
        [ ! -e "$here/$1.hang" ] || sleep 60
        [ ! -e "$here/$1.endless" ] || exec cat /dev/zero
        exit "$(cat "$here/$1.code")"
        """;

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("unlockd-hook");

    internal FakeSsh()
    {
        string ssh = Path.Combine(_directory.FullName, "ssh");
        File.WriteAllText(ssh, Script);
        File.SetUnixFileMode(ssh, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        Write("id_ed25519", "");
        Write("requests", "");
        Answer("check", "{\"state\":\"ready\"}\n" + Receipt("status", Time));
        Answer("lock", Certificate + "\n" + Receipt("certificate", Time + 3));
        Answer("release", "{}\n" + Receipt("release", Time + 4));
    }

    internal static string Certificate { get; } =
        $$"""{"instance":"inst1","bootId":"{{Boot}}","issuedAt":"2027-01-15T08:00:03+00:00","""
        + """ "reason":"ganeti migrate","container":"/var/encrypt_file","nonce":"NONCE","checks":[""".TrimStart()
        + string.Join(',', Checks.Select(static check => $$"""{"name":"{{check}}","ok":true,"detail":"good"}"""))
        + """],"seconds":{"services":2.1,"unmount":0.1,"total":2.4}}""";

    /// <summary>The nodes' environment of the hook; to be changed by a test.</summary>
    internal Dictionary<string, string> Environment { get; } = new(StringComparer.Ordinal)
    {
        ["GANETI_INSTANCE_NAME"] = "inst1.example.com",
        ["GANETI_INSTANCE_TAGS"] = "web unlockd",
        ["GANETI_INSTANCE_NIC0_IP"] = "192.0.2.21",
        ["GANETI_INSTANCE_STATUS"] = "up",
        ["GANETI_HOOKS_PATH"] = "instance-migrate",
        ["GANETI_HOOKS_PHASE"] = "pre",
    };

    /// <summary>What was asked for, a line each.</summary>
    internal string Requests => File.ReadAllText(Path.Combine(_directory.FullName, "requests"));

    internal string KeptCertificate => Path.Combine(_directory.FullName, "certificates", "inst1.example.com.json");

    private static string[] Checks =>
    [
        "services stopped", "filesystem unmounted", "superblock clean", "mapping gone", "key gone",
        "container detached", "container flushed",
    ];

    public void Dispose() => _directory.Delete(recursive: true);

    internal static string Receipt(string word, int time) => $"unlockd-{word} 1 NONCE {Boot} {time}\n";

    internal void Answer(string word, string text, int code = 0, string words = "")
    {
        Write(word, text);
        Write(word + ".code", code.ToString(System.Globalization.CultureInfo.InvariantCulture));
        Write(word + ".words", words);
    }

    internal void Hang(string word) => Write(word + ".hang", "");

    internal void AnswerWithoutEnd(string word) => Write(word + ".endless", "");

    internal void Write(string name, string text)
    {
        string path = Path.Combine(_directory.FullName, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
    }

    /// <summary>Runs the hook as Ganeti does: with these variables and no others.</summary>
    internal async Task<(int Code, string Output)> RunHookAsync(CancellationToken cancellation)
    {
        ProcessStartInfo start = new("/usr/bin/dash", [Path.Combine(Scripts, "hook-entry")])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment.Clear();
        start.Environment["PATH"] = $"{_directory.FullName}:/sbin:/bin:/usr/sbin:/usr/bin";
        start.Environment["UNLOCKD_GANETI_HOOK"] = Path.Combine(Scripts, "hook");
        start.Environment["UNLOCKD_GANETI_ETC"] = _directory.FullName;
        start.Environment["UNLOCKD_GANETI_STATE"] = _directory.FullName;
        foreach ((string name, string value) in Environment)
            start.Environment[name] = value;
        using Process hook = Process.Start(start)!;
        Task<string> output = hook.StandardOutput.ReadToEndAsync(cancellation);
        string error = await hook.StandardError.ReadToEndAsync(cancellation);
        await hook.WaitForExitAsync(cancellation);
        return (hook.ExitCode, await output + error);
    }

    /// <summary>Where the scripts are.</summary>
    internal static string Scripts => Path.Combine(SourceTree.Root, "../packaging/ganeti");
}
