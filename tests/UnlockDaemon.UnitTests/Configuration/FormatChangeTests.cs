using UnlockDaemon.Storage.Configuration;
using Xunit;

namespace UnlockDaemon.UnitTests.Configuration;

/// <summary>The configuration after a conversion: nothing but what must change.</summary>
public sealed class FormatChangeTests
{
    private const string Block = """
        # Billing, since 2009.
        volume:
          container: /var/encrypt_file   # on the mirrored disk
          format: "loop-aes"  # losetup -e AES256
          filesystem: ext3
          mount_point: /var/secure

        services:
          mysql: { unit: mariadb.service }   # format: loop-aes

        """;

    [Fact]
    public void OnlyTheFormatIsReplaced() =>
        Assert.Equal(Block.Replace("\"loop-aes\"", "luks", StringComparison.Ordinal), Change(Block));

    [Fact]
    public void FileSystemThatWasTheUsualOneIsNamed() =>
        Assert.Equal("volume:\r\n  format: luks # old\r\n  filesystem: ext2\r\n"
            + "  container: /a\r\n  mount_point: /b\r\n",
            Change("volume:\r\n  format: loop-aes # old\r\n  container: /a\r\n  mount_point: /b\r\n"));

    [Fact]
    public void FileSystemIsNamedOnALineOfItsOwnAtTheEnd() =>
        Assert.Equal("volume:\n  container: /a\n  mount_point: /b\n  format: luks\n  filesystem: ext2\n",
            Change("volume:\n  container: /a\n  mount_point: /b\n  format: loop-aes"));

    [Fact]
    public void KeysThatOnlyTheOldFormatTakesBecomeComments() =>
        Assert.Equal("volume:\n  container: /a\n  # cipher: aes-xts-plain64 # fast\n"
            + "  mount_point: /b\n  format: luks\n  # key_size: 512\n",
            Change("volume:\n  container: /a\n  cipher: aes-xts-plain64 # fast\n"
                + "  mount_point: /b\n  format: plain\n  key_size: 512\n"));

    [Theory]
    [InlineData("volume: { container: /a, mount_point: /b, format: plain, cipher: aes-xts-plain64, "
        + "key_size: 512 } # end",
        "volume: { container: /a, mount_point: /b, format: luks } # end")]
    [InlineData("volume: { hash: sha512, container: /a, mount_point: /b, format: plain }",
        "volume: { container: /a, mount_point: /b, format: luks }")]
    [InlineData("volume: { container: /a, mount_point: /b, format: loop-aes }",
        "volume: { container: /a, mount_point: /b, format: luks, filesystem: ext2 }")]
    [InlineData("volume:\n  container: /\u0456\U0001F512\n  mount_point: /b\n  filesystem: ext2\n  format: loop-aes\n",
        "volume:\n  container: /\u0456\U0001F512\n  mount_point: /b\n  filesystem: ext2\n  format: luks\n")]
    public void EveryStyleIsUnderstood(string before, string after) => Assert.Equal(after, Change(before));

    [Fact]
    public void ChangedConfigurationStaysAsItIs()
    {
        string once = Change(Block);
        Assert.Equal(once, Change(once));
    }

    [Theory]
    [InlineData("volume:\n  container: /a\n")]
    [InlineData("volume: { container: /a, mount_point: /b, format: &f loop-aes, filesystem: *f }")]
    public void WhatAProgramCannotChangeIsRefused(string text)
    {
        (string? changed, _, string? problem) = FormatChange.ToLuks(text, "file");
        Assert.Null(changed);
        Assert.NotNull(problem);
    }

    private static string Change(string text)
    {
        (string? changed, UnlockdConfiguration? configuration, string? problem) = FormatChange.ToLuks(text, "file");
        Assert.Null(problem);
        Assert.Equal(ContainerFormat.Luks, configuration!.Volume.Format);
        return changed!;
    }
}
