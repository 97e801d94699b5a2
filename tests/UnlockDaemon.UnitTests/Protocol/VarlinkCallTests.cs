using System.Text;
using FsCheck;
using FsCheck.Fluent;
using UnlockDaemon.Linux;
using UnlockDaemon.Protocol;
using Xunit;

namespace UnlockDaemon.UnitTests.Protocol;

/// <summary>Reading calls, with and without a secret.</summary>
public sealed class VarlinkCallTests
{
    [Fact]
    public void PassphraseOfAnyBytesTravelsUnchanged() =>
        Prop.ForAll(ArbMap.Default.ArbFor<byte[]>()
            .Filter(static bytes => bytes is not null && bytes.Length <= Passphrase.MaximumLength), static bytes =>
        {
            using Passphrase sent = Make(bytes);
            using LockedMemory message = VarlinkMessage.CallWithPassphrase("org.unlockd.Unlock", sent, out int length);
            VarlinkCall call = VarlinkCall.Parse(message.Memory[..(length - 1)]);
            bool read = call.TryReadPassphrase("passphrase", out Passphrase? received);
            using (received)
                return read && call.More && received!.Bytes.SequenceEqual(bytes);
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void NumberTravelsBesideThePassphrase()
    {
        using Passphrase sent = Make(Encoding.UTF8.GetBytes("secret"));
        using LockedMemory message = VarlinkMessage.CallWithPassphrase("org.unlockd.Grow", sent,
            out int length, 20L << 30);
        VarlinkCall call = VarlinkCall.Parse(message.Memory[..(length - 1)]);
        Assert.True(call.TryReadPassphrase("passphrase", "size", out Passphrase? received, out long? size));
        using (received)
            Assert.Equal("secret", Encoding.UTF8.GetString(received!.Bytes));
        Assert.Equal(20L << 30, size);
    }

    [Theory]
    [InlineData("""{"size":5}""", true)]
    [InlineData("""{"size":5,"passphrase":null}""", true)]
    [InlineData("""{"size":"5"}""", false)]
    [InlineData("""{"size":5,"size":6}""", false)]
    [InlineData("""{"size":5.5}""", false)]
    [InlineData("""{"size":5,"other":1}""", false)]
    public void NumberIsOneWholeNumber(string parameters, bool good)
    {
        byte[] message = Encoding.UTF8.GetBytes($$"""{"method":"a","parameters":{{parameters}}}""");
        VarlinkCall call = VarlinkCall.Parse(message);
        Assert.Equal(good, call.TryReadPassphrase("passphrase", "size", out Passphrase? passphrase, out long? size));
        Assert.Null(passphrase);
        Assert.Equal(good, size == 5 && good);
    }

    [Fact]
    public void ParametersAreWipedOnceThePassphraseIsRead()
    {
        using Passphrase sent = Make(Encoding.UTF8.GetBytes("secret"));
        using LockedMemory message = VarlinkMessage.CallWithPassphrase("org.unlockd.Unlock", sent, out int length);
        VarlinkCall call = VarlinkCall.Parse(message.Memory[..(length - 1)]);
        call.TryReadPassphrase("passphrase", out Passphrase? received);
        received!.Dispose();
        Assert.DoesNotContain("c2VjcmV0", Encoding.ASCII.GetString(message.GetSpan()), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{"method":7}""")]
    [InlineData("""{"method":"a","parameters":[]}""")]
    [InlineData("""{"method":"a","more":"yes"}""")]
    [InlineData("""{"method":"a"} {"method":"b"}""")]
    public void MalformedCallIsRefused(string message) =>
        Assert.Throws<ProtocolException>(() => VarlinkCall.Parse(Encoding.UTF8.GetBytes(message)));

    [Fact]
    public void NoBytesAtAllMakeItThrowAnythingElse() =>
        Prop.ForAll(ArbMap.Default.ArbFor<byte[]>(), static bytes =>
        {
            try
            {
                _ = VarlinkCall.Parse(bytes ?? []);
            }
            catch (ProtocolException)
            {
                // The one way to refuse.
            }
        }).QuickCheckThrowOnFailure();

    [Theory]
    [InlineData("""{"method":"a","parameters":{"passphrase":"a\/b="}}""", false)]
    [InlineData("""{"method":"a","parameters":{"passphrase":"YQ\u003d="}}""", true)]
    [InlineData("""{"method":"a","parameters":{"passphrase":"YQ==","passphrase":"YQ=="}}""", false)]
    [InlineData("""{"method":"a","parameters":{"word":"YQ=="}}""", false)]
    public void OddPassphrases(string message, bool good)
    {
        VarlinkCall call = VarlinkCall.Parse(Encoding.UTF8.GetBytes(message));
        Assert.Equal(good, call.TryReadPassphrase("passphrase", out Passphrase? passphrase));
        passphrase?.Dispose();
    }

    private static Passphrase Make(byte[] bytes)
    {
        Passphrase passphrase = new();
        bytes.CopyTo(passphrase.Free);
        passphrase.Advance(bytes.Length);
        return passphrase;
    }
}
