using Xunit;

namespace UnlockDaemon.UnitTests.Ganeti;

/// <summary>The hook of unlockd-ganeti, with a fake of ssh; the real way is tested on a real cluster.</summary>
public sealed class HookTests : IDisposable
{
    private static readonly string s_receipt = FakeSsh.Receipt("certificate", FakeSsh.Time + 3);
    private readonly FakeSsh _ssh = new();

    /// <summary>What the guest may answer to "lock" instead of a certificate, and what the denial says.</summary>
    public static TheoryData<string, string> Doubts => new()
    {
        { "", "not one line of JSON and a receipt" },
        { FakeSsh.Certificate + "\n", "not one line of JSON and a receipt" },
        { FakeSsh.Certificate + "\n" + s_receipt + "and more\n", "not one line of JSON and a receipt" },
        { FakeSsh.Certificate + "\n" + s_receipt + "and more", "not one line of JSON and a receipt" },
        { "Welcome!\n" + FakeSsh.Certificate + "\n" + s_receipt, "not one line of JSON and a receipt" },
        { "no JSON\n" + s_receipt, "damaged" },
        { FakeSsh.Certificate[..^40] + "\n" + s_receipt, "damaged" },
        { "{}\n" + s_receipt, "damaged" },
        { With("\"nonce\":\"NONCE\"", "\"nonce\":\"0123456789abcdef0123456789abcdef\"") + s_receipt, "damaged" },
        { With(FakeSsh.Boot, "0a1b2c3d-0000-4000-8000-00000000ffff") + s_receipt, "damaged" },
        { With("\"ok\":true,\"detail\":\"good\"},{\"name\":\"key gone\"",
            "\"ok\":false,\"detail\":\"\"},{\"name\":\"key gone\"") + s_receipt,
            "has a check that failed" },
        { With("key gone", "key there") + s_receipt, "has not the check 'key gone'" },
        { With("{\"name\":\"container flushed\",\"ok\":true", "{\"name\":\"container flushed\",\"ok\":null")
            + s_receipt,
            "has not the check 'container flushed'" },
        { FakeSsh.Certificate + "\n" + FakeSsh.Receipt("status", FakeSsh.Time + 3), "no receipt of the form" },
        { FakeSsh.Certificate + "\n" + s_receipt.Replace(" 1 ", " 2 ", StringComparison.Ordinal),
            "no receipt of the form" },
        { FakeSsh.Certificate + "\n" + s_receipt.Replace("18000", "18x00", StringComparison.Ordinal),
            "no receipt of the form" },
        { FakeSsh.Certificate + "\n"
            + s_receipt.Replace("NONCE", "0123456789abcdef0123456789abcdef", StringComparison.Ordinal),
            "is to another question" },
        { FakeSsh.Certificate + "\n" + s_receipt.Replace("abcd", "ffff", StringComparison.Ordinal),
            "the guest was booted meanwhile" },
        { FakeSsh.Certificate + "\n" + FakeSsh.Receipt("certificate", FakeSsh.Time - 5),
            "stale: it was issued 5 s before" },
        { "`touch /tmp/x` $(reboot) \u001b[2J\n", "not one line of JSON and a receipt" },
    };

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _ssh.Dispose();

    [Fact]
    public async Task PassesOnAFreshCertificateInSilenceAndKeepsIt()
    {
        (int code, string output) = await _ssh.RunHookAsync(Cancellation);
        Assert.Equal((0, ""), (code, output));
        Assert.Contains("\"services stopped\"", await File.ReadAllTextAsync(_ssh.KeptCertificate, Cancellation),
            StringComparison.Ordinal);
        Assert.Matches("^check [0-9a-f]{32}\nlock [0-9a-f]{32} migrate 90s 900s\n$", _ssh.Requests);
    }

    [Theory]
    [MemberData(nameof(Doubts))]
    public async Task DeniesOnAnyDoubtWithOneLineAndReleases(string answer, string why)
    {
        _ssh.Answer("lock", answer);
        await AssertDeniedAsync(why);
        Assert.Contains("\nrelease ", _ssh.Requests, StringComparison.Ordinal);
        Assert.False(File.Exists(_ssh.KeptCertificate));
    }

    [Theory]
    [InlineData(5, "unlockctl: not locked: sleep (pid 7) has it open\n",
        "denied: not locked: sleep (pid 7) has it open\n")]
    [InlineData(1, "", "failed with exit code 1 and without a word")]
    [InlineData(255, "ssh: connect to host 192.0.2.21 port 22: No route to host\n", "cannot be reached at 192.0.2.21")]
    [InlineData(255, "root@192.0.2.21: Permission denied (publickey).\n", "does not take this node's key")]
    [InlineData(255,
        "@@@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @@@\nHost key verification failed.\n", "host key")]
    [InlineData(5, "\u001b[31mred\u0007\u001b[0m\n", "denied: [31mred[0m\n")]
    public async Task DeniesWithTheLastWordsOfTheGuestOrOfSsh(int code, string words, string why)
    {
        _ssh.Answer("lock", "", code, words);
        await AssertDeniedAsync(why);
        // What was locked without an answer is prompted for again at once.
        Assert.Contains("\nrelease ", _ssh.Requests, StringComparison.Ordinal);
    }

    [Fact]
    public async Task DeniesWhenTheGuestHangsAndLeavesNothingBehindThatHoldsItsOutput()
    {
        _ssh.Write("config", "timeout = 15\ndeadline = 5\n");
        _ssh.Hang("check");
        await AssertDeniedAsync("no answer from 192.0.2.21 within");
    }

    /// <summary>
    /// The four texts that the certificate is searched for, each many times: a pattern with all of them at once has the
    /// shell try every way to cut it, for hours.
    /// </summary>
    [Fact]
    public async Task DeniesInTimeWhateverTheCertificateRepeats()
    {
        string Many(string text) => string.Concat(Enumerable.Repeat(text, 400));
        _ssh.Answer("lock", "{" + Many($"\"bootId\":\"{FakeSsh.Boot}\"") + Many("\"nonce\":\"NONCE\"")
            + Many("\"checks\":[{") + Many("}]") + "x\n" + s_receipt);
        await AssertDeniedAsync("damaged").WaitAsync(TimeSpan.FromSeconds(60), Cancellation);
    }

    [Fact]
    public async Task DeniesWhenTheAnswerHasNoEnd()
    {
        _ssh.AnswerWithoutEnd("lock");
        await AssertDeniedAsync("denied");
    }

    /// <summary>Whatever it is that keeps the hook.</summary>
    [Fact]
    public async Task DeniesWhenTheHookItselfDoesNotEnd()
    {
        _ssh.Hang("check");
        _ssh.Environment["UNLOCKD_GANETI_LIMIT"] = "1";
        (int code, string output) = await _ssh.RunHookAsync(Cancellation);
        Assert.NotEqual(0, code);
        Assert.Equal("unlockd: the hook did not end, and was ended: denied\n", output);
    }

    /// <summary>dash's echo makes newlines and escapes of them again.</summary>
    [Theory]
    [InlineData("x\\033[2J\\nnode: n2, output: fake\\c", "x\\033[2J\\nnode: n2, output: fake\\c")]
    [InlineData("\u0085\u009b2J%s%n\0\u007f", "2J%s%n")]
    public async Task PrintsWhatTheGuestSaysAsItIs(string words, string shown)
    {
        _ssh.Answer("lock", "", 5, words + "\n");
        (int code, string output) = await _ssh.RunHookAsync(Cancellation);
        Assert.Equal(1, code);
        Assert.EndsWith($"denied: {shown}\n", output, StringComparison.Ordinal);
    }

    [Fact]
    public void NothingIsPrintedByEcho()
    {
        foreach (string script in (string[])["common", "hook", "hook-entry", "unlockd-ganeti"])
            Assert.DoesNotMatch(@"(^|[\s;(&|])echo\b", File.ReadAllText(Path.Combine(FakeSsh.Scripts, script)));
    }

    [Theory]
    [InlineData("time_out = 5\n", "config, line 1, 'time_out = 5': unknown name or bad value")]
    [InlineData("# good\n\ntimeout = 900\n", "config, line 3, 'timeout = 900'")]
    [InlineData("deadline = $(reboot)\n", "config, line 1, 'deadline = $(reboot)'")]
    [InlineData("timeout = 99\ndeadline = 90\n", "must be at least 10 more")]
    [InlineData("operations = migrate fly\n", "config, line 1")]
    public async Task DeniesOnAMistakeInTheConfiguration(string configuration, string why)
    {
        _ssh.Write("config", configuration);
        await AssertDeniedAsync(why);
        Assert.Equal("", _ssh.Requests);
    }

    [Fact]
    public async Task TakesTimesAndAddressFromTheConfiguration()
    {
        _ssh.Write("config", "timeout=60\n deadline = 30\nhold_limit =120\naddress.inst1.example.com = 192.0.2.99");
        _ssh.Answer("check", "", 255, "No route to host\n");
        await AssertDeniedAsync("cannot be reached at 192.0.2.99");
        _ssh.Answer("check", "{\"state\":\"ready\"}\n" + FakeSsh.Receipt("status", FakeSsh.Time));
        Assert.Equal((0, ""), await _ssh.RunHookAsync(Cancellation));
        Assert.Contains(" migrate 30s 120s\n", _ssh.Requests, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("GANETI_INSTANCE_TAGS", "web")]
    [InlineData("GANETI_INSTANCE_TAGS", "unlockd:force unlockd2")]
    [InlineData("GANETI_HOOKS_PATH", "instance-start")]
    public async Task LeavesAloneWhatIsNotMeant(string variable, string value)
    {
        _ssh.Environment[variable] = value;
        Assert.Equal((0, ""), await _ssh.RunHookAsync(Cancellation));
        Assert.Equal("", _ssh.Requests);
    }

    [Theory]
    [InlineData("unlockd unlockd:force", false)]
    [InlineData("unlockd", true)]
    public async Task ForceByTagOrFilePassesAllTheSame(string tags, bool file)
    {
        _ssh.Environment["GANETI_INSTANCE_TAGS"] = tags;
        if (file)
            _ssh.Write("force/inst1.example.com", "");
        _ssh.Answer("check", "", 255, "No route to host\n");
        Assert.Equal((0, ""), await _ssh.RunHookAsync(Cancellation));
    }

    [Theory]
    [InlineData("-oProxyCommand=reboot")]
    [InlineData("192.0.2.1 reboot")]
    public async Task TakesNoAddressThatSshCouldMisread(string address)
    {
        _ssh.Environment["GANETI_INSTANCE_NIC0_IP"] = address;
        await AssertDeniedAsync("is none");
        Assert.Equal("", _ssh.Requests);
    }

    [Fact]
    public async Task StoppedInstanceThatDoesNotAnswerPasses()
    {
        _ssh.Environment["GANETI_INSTANCE_STATUS"] = "down";
        _ssh.Answer("check", "", 255, "No route to host\n");
        Assert.Equal((0, ""), await _ssh.RunHookAsync(Cancellation));
    }

    [Fact]
    public async Task StoppedInstanceWithAnotherHostKeyDoesNot()
    {
        _ssh.Environment["GANETI_INSTANCE_STATUS"] = "down";
        _ssh.Answer("check", "", 255, "Host key verification failed.\n");
        await AssertDeniedAsync("no host key of it is pinned here");
    }

    [Fact]
    public async Task AfterTheOperationItReleasesAndOnlyWarns()
    {
        _ssh.Environment["GANETI_HOOKS_PHASE"] = "post";
        Assert.Equal((0, ""), await _ssh.RunHookAsync(Cancellation));
        Assert.StartsWith("release ", _ssh.Requests, StringComparison.Ordinal);
        _ssh.Write("config", "post_timeout = 1\n");
        _ssh.Answer("release", "", 255, "No route to host\n");
        (int code, string output) = await _ssh.RunHookAsync(Cancellation);
        Assert.Equal(1, code);
        Assert.Equal("unlockd: inst1.example.com: it may wait without a prompt for up to 900 s: "
            + "the guest cannot be reached at 192.0.2.21: No route to host\n", output);
    }

    private static string With(string part, string instead) =>
        FakeSsh.Certificate.Replace(part, instead, StringComparison.Ordinal) + "\n";

    private async Task AssertDeniedAsync(string why)
    {
        (int code, string output) = await _ssh.RunHookAsync(Cancellation);
        Assert.Equal(1, code);
        Assert.StartsWith("unlockd: migrate of inst1.example.com denied: ", output, StringComparison.Ordinal);
        Assert.Contains(why, output, StringComparison.Ordinal);
        Assert.Equal(output.Length - 1, output.IndexOf('\n', StringComparison.Ordinal));
    }
}
