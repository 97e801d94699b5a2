using System.Diagnostics;
using FsCheck.Fluent;
using UnlockDaemon.Linux.Systemd;
using Xunit;

namespace UnlockDaemon.UnitTests.Units;

public sealed class UnitNameTests
{
    // What systemd treats in a way of its own, and what it does not.
    private static readonly string[] s_pieces =
        ["/", "a", "B9", "-", ".", "_", ":", "\\", " ", "%", "@", "\u00e9", ".x", "x.", "'", "\"", "$"];

    [Theory]
    [InlineData("/", "-.mount")]
    [InlineData("/var/secure", "var-secure.mount")]
    [InlineData("//var//secure/", "var-secure.mount")]
    [InlineData("/var/./secure", "var-secure.mount")]
    [InlineData("/srv/my-data", "srv-my\\x2ddata.mount")]
    [InlineData("/.hidden/.too", "\\x2ehidden-.too.mount")]
    [InlineData("/a b", "a\\x20b.mount")]
    [InlineData("/\u00e9", "\\xc3\\xa9.mount")]
    public void StandsForAPath(string path, string name) => Assert.Equal(name, UnitName.FromPath(path, "mount"));

    [Theory]
    [InlineData("system.slice", "/system.slice/a.service")]
    [InlineData("system-getty.slice", "/system.slice/system-getty.slice/a.service")]
    [InlineData("a-b-c.slice", "/a.slice/a-b.slice/a-b-c.slice/a.service")]
    [InlineData("-.slice", "/a.service")]
    [InlineData("", "")]
    public void TellsWhereAControlGroupIs(string slice, string path) =>
        Assert.Equal(path, UnitName.ToControlGroup("a.service", slice));

    [Fact]
    public void RefusesToLeaveAPathUpwards() =>
        Assert.Throws<ArgumentException>(() => UnitName.FromPath("/var/../etc", "mount"));

    [Theory]
    [InlineData("mariadb.service", "/org/freedesktop/systemd1/unit/mariadb_2eservice")]
    [InlineData("utm5_core.service", "/org/freedesktop/systemd1/unit/utm5_5fcore_2eservice")]
    [InlineData("getty@tty1.service", "/org/freedesktop/systemd1/unit/getty_40tty1_2eservice")]
    [InlineData("9p.service", "/org/freedesktop/systemd1/unit/_39p_2eservice")]
    public void HasAPathOnTheBus(string name, string path) => Assert.Equal(path, UnitName.ToObjectPath(name));

    [Fact]
    public void HasAnInterfaceOfItsType() =>
        Assert.Equal("org.freedesktop.systemd1.Service", UnitName.ToInterface("a.b.service"));

    [Fact]
    public void AgreesWithSystemdEscape()
    {
        const string Escape = "/usr/bin/systemd-escape";
        if (!File.Exists(Escape))
            Assert.Skip($"{Escape} is not installed");
        string[] paths =
        [
            .. Gen.ListOf(Gen.Elements(s_pieces)).Select(static pieces => "/" + string.Concat(pieces))
                .Where(static path => !path.Split('/').Contains("..")).Sample(300),
        ];
        var command = new ProcessStartInfo(Escape, ["--path", "--suffix=mount", "--", .. paths])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
        };
        using Process process = Process.Start(command)!;
        string[] names = process.StandardOutput.ReadToEnd().TrimEnd('\n').Split(' ');
        Assert.Equal(names, paths.Select(static path => UnitName.FromPath(path, "mount")));
    }
}
