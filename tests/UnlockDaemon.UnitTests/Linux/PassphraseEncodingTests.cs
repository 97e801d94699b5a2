using System.Text;
using UnlockDaemon.Linux;
using Xunit;

namespace UnlockDaemon.UnitTests.Linux;

/// <summary>A passphrase typed in UTF-8 for a volume of the years before it.</summary>
public sealed class PassphraseEncodingTests
{
    // The same word in each, as iconv(1) writes it.
    [Theory]
    [InlineData("koi8-r", "C5CDCBCFD3D4D820C120B333")]
    [InlineData("cp1251", "E5ECEAEEF1F2FC20E020A833")]
    [InlineData("cp866", "A5ACAAAEE1E2EC20A020F033")]
    public void TypedTextBecomesTheBytesOfThatTime(string name, string expected)
    {
        using Passphrase typed = Bytes(Encoding.UTF8.GetBytes("емкость а Ё3"));
        using Passphrase? converted = Find(name).TryConvert(typed);
        Assert.Equal(expected, Convert.ToHexString(converted!.Bytes));
    }

    [Theory]
    [InlineData("koi8-r")]
    [InlineData("cp1251")]
    [InlineData("cp866")]
    public void AsciiStaysAsItIs(string name)
    {
        byte[] ascii = [.. Enumerable.Range(0, 128).Select(static value => (byte)value)];
        using Passphrase typed = Bytes(ascii);
        using Passphrase? converted = Find(name).TryConvert(typed);
        Assert.Equal(ascii, converted!.Bytes.ToArray());
    }

    [Theory]
    [InlineData("koi8-r", "日")]
    [InlineData("cp1251", "\U0001F600")]
    [InlineData("cp866", "ґ")]
    [InlineData("cp1251", "\uFFFD")]
    public void CharacterWithoutAPlaceIsNone(string name, string text)
    {
        using Passphrase typed = Bytes(Encoding.UTF8.GetBytes("a" + text));
        Assert.Null(Find(name).TryConvert(typed));
    }

    [Fact]
    public void BytesThatAreNoUtf8StayAsTheyAre()
    {
        byte[] koi8 = [0xC5, 0xCD, 0xCB];
        using Passphrase typed = Bytes(koi8);
        using Passphrase? converted = PassphraseEncoding.Koi8R.TryConvert(typed);
        Assert.Equal(koi8, converted!.Bytes.ToArray());
    }

    private static PassphraseEncoding Find(string name) =>
        PassphraseEncoding.All.Single(encoding => encoding.Name == name);

    private static Passphrase Bytes(byte[] bytes)
    {
        Passphrase passphrase = new();
        foreach (byte value in bytes)
            passphrase.TryAppend(value);
        return passphrase;
    }
}
