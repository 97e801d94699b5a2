using System.Text;
using UnlockDaemon.Identification;
using UnlockDaemon.Linux;
using UnlockDaemon.Linux.Storage;
using UnlockDaemon.Storage.Configuration;
using Xunit;

namespace UnlockDaemon.PrivilegedTests;

/// <summary>What identify finds in containers of aespipe, and that its configuration opens them.</summary>
public sealed class VariantSearchTests(LoopAesFixture fixture) : IClassFixture<LoopAesFixture>
{
    [Theory]
    [InlineData("-e AES256", 0, "cipher: AES256")]
    [InlineData("-e AES128", 0, "cipher: AES128")]
    [InlineData("-e AES192 -H rmd160", 0, "cipher: AES192", "hash: rmd160")]
    [InlineData("-e AES256 -H sha256", 0, "cipher: AES256", "hash: sha256")]
    [InlineData("-e AES128 -C 100", 0, "cipher: AES128", "iterations: 100")]
    [InlineData("-e AES256 -C 7 -O 16", 8192, "cipher: AES256", "iterations: 7", "offset: 16")]
    [InlineData("-e AES192", 8192, "cipher: AES192", "offset: 16", "skip: 0")]
    [InlineData("-e AES256 -S salt -C 500", 0, "cipher: AES256", "seed: 'salt'", "iterations: 500")]
    public void FindsTheOneWayThatFits(string options, int offset, params string[] lines)
    {
        string container = fixture.MakeContainer(options, offset: offset);
        using Passphrase passphrase = Bytes(LoopAesFixture.Passphrase);
        AssertFound(new VariantSearch(new ContainerFile(container), "salt", null), passphrase, container,
            ["format: loop-aes", .. lines]);
    }

    [Theory]
    [InlineData(1, "-e AES256 -C 3", "iterations: 3")]
    [InlineData(64, "-e AES128", "cipher: AES128")]
    [InlineData(65, "-e AES192 -H sha512", "hash: sha512")]
    public void FindsTheKeysOfAKeyFile(int count, string options, string line)
    {
        string container = fixture.MakeContainer(options, $"keys{count}");
        string keyFile = fixture.File($"keys{count}.gpg");
        using Passphrase passphrase = Bytes(LoopAesFixture.Passphrase);
        AssertFound(new VariantSearch(new ContainerFile(container), "", keyFile), passphrase, container,
            [$"key_file: {keyFile}", line]);
    }

    [Theory]
    [InlineData("koi8-r")]
    [InlineData("cp1251")]
    [InlineData("cp866")]
    public void FindsTheEncodingOfThePassphrase(string name)
    {
        using Passphrase typed = Bytes("старый пароль 2009 года");
        using Passphrase? converted = PassphraseEncoding.All.Single(encoding => encoding.Name == name)
            .TryConvert(typed);
        File.WriteAllBytes(fixture.File("old"), converted!.Bytes);
        string container = fixture.MakeContainer("-e AES256", "old");
        AssertFound(new VariantSearch(new ContainerFile(container), "", null), typed, container,
            [$"passphrase_encoding: {name}"]);
    }

    [Fact]
    public void WrongPassphraseFitsNothing()
    {
        string container = fixture.MakeContainer("-e AES256");
        using Passphrase wrong = Bytes("ещё один пароль 2009 года");
        VariantSearch search = new(new ContainerFile(container), "", null);
        Assert.Empty(search.Run(wrong));
        Assert.True(search.Tried > 10_000, $"only {search.Tried} ways were tried");
    }

    private static void AssertFound(VariantSearch search, Passphrase passphrase, string container, string[] lines)
    {
        Variant variant = Assert.Single(search.Run(passphrase));
        string yaml = variant.ToYaml(container);
        Assert.All(lines, line => Assert.Contains($"\n  {line}\n", yaml, StringComparison.Ordinal));
        ConfigurationResult result = ConfigurationLoader.Parse(yaml, "identified");
        Assert.Empty(result.Errors);
        VolumeConfiguration volume = result.Configuration!.Volume;
        Assert.Equal(variant.Cipher with { Mode = "cbc-plain64" }, volume.Cipher);
        Assert.Equal(FilesystemType.Ext2, volume.Filesystem);
        Assert.Same(variant.Encoding, volume.Encoding);
    }

    private static Passphrase Bytes(string text)
    {
        Passphrase passphrase = new();
        foreach (byte value in Encoding.UTF8.GetBytes(text))
            passphrase.TryAppend(value);
        return passphrase;
    }
}
