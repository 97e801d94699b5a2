using UnlockDaemon.Rig;
using Xunit;

namespace UnlockDaemon.GuestTests;

/// <summary>What the control socket takes, and from whom.</summary>
public sealed class ControlSocketTests(UnlockdGuest fixture) : UnlockdTest(fixture)
{
    // Sends its argument and a NUL as the user given, prints the first reply.
    private const string Client = """
        use IO::Socket::UNIX;
        my ($user, $message) = @ARGV;
        $> = (getpwnam $user)[2];
        my $socket = IO::Socket::UNIX->new(Peer => '/run/unlockd/org.unlockd') or die "connect: $!\n";
        $message = 'x' x (1 << 20) if $message eq 'long';
        $SIG{PIPE} = 'IGNORE';
        print $socket $message, "\0"; $socket->flush;
        $/ = "\0"; my $reply = <$socket>; chomp $reply; print $reply, "\n";
        """;

    [Theory]
    [InlineData("nobody", """{"method":"org.unlockd.Status"}""", "\"state\":\"locked\"")]
    [InlineData("nobody", """{"method":"org.unlockd.Lock"}""", "org.varlink.service.PermissionDenied")]
    [InlineData("nobody", """{"method":"org.unlockd.Unlock","parameters":{"passphrase":"eA=="}}""",
        "org.varlink.service.PermissionDenied")]
    [InlineData("root", """{"method":"org.unlockd.Nonsense"}""", "org.varlink.service.MethodNotFound")]
    [InlineData("root", """{"method":"org.other.Thing"}""", "org.varlink.service.InterfaceNotFound")]
    [InlineData("root", """{"method":"org.unlockd.Lock","parameters":{"wait":1}}""",
        "org.varlink.service.InvalidParameter")]
    [InlineData("root", """{"method":"org.unlockd.Unlock","parameters":{"passphrase":7}}""",
        "org.varlink.service.InvalidParameter")]
    [InlineData("root", """{"method":"org.unlockd.Unlock"}""", "org.unlockd.PassphraseNeeded")]
    [InlineData("root", """{"method":"org.unlockd.Watch"}""", "org.varlink.service.ExpectedMore")]
    [InlineData("root", "{nonsense", "org.unlockd.MalformedMessage")]
    [InlineData("root", "[1,2]", "org.unlockd.MalformedMessage")]
    [InlineData("root", "long", "org.unlockd.MalformedMessage")]
    public async Task Answers(string user, string message, string expected)
    {
        await Guest.WriteFileAsync("/tmp/client", Client, Cancellation);
        string reply = await RunAsync($"perl /tmp/client {user} '{message}'");
        Assert.Contains(expected, reply, StringComparison.Ordinal);
    }

    [Fact]
    public async Task IdleConnectionsAndHalfMessagesDoNotKeepTheOperatorOut()
    {
        await Guest.WriteFileAsync("/tmp/idle", """
            use IO::Socket::UNIX;
            my @idle = map { my $s = IO::Socket::UNIX->new(Peer => '/run/unlockd/org.unlockd');
                print $s '{"meth' if $s && $_ % 2; $s->flush if $s; $s } 1 .. 500;
            system 'timeout 10 unlockctl status >/dev/null'; print "status ", $? >> 8, "\n";
            """, Cancellation);
        Assert.Equal("status 3", await RunAsync("perl /tmp/idle"));
    }
}
