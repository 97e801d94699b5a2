using UnlockDaemon.Linux;
using UnlockDaemon.Linux.Storage;
using UnlockDaemon.Storage.Configuration;
using Xunit;

namespace UnlockDaemon.UnitTests.Configuration;

public sealed class ConfigurationLoaderTests
{
    internal const string Whole = """
        volume:
          container: /var/encrypt_file
          format: luks                 # luks | loop-aes | plain
          mount_point: /var/secure
          filesystem: ext4             # ext2 | ext3 | ext4 | xfs
          options: [nodev, nosuid]
        consoles: [tty1, hvc0, ttyS0]  # those that exist are used
        services:
          mysql:
            unit: mariadb.service
            ready: exec:/usr/bin/mysqladmin ping
          utm5_core:
            unit: utm5_core.service
            depends_on: [mysql]
            ready: tcp:127.0.0.1:11758
            timeout: 120s
          utm5_radius: { unit: utm5_radius.service, depends_on: [utm5_core] }
        lock:
          deadline: 2m
        """;

    private const string Least = "volume: { container: /var/encrypt_file, mount_point: /var/secure }\n";

    [Fact]
    public void ReadsSwap()
    {
        Assert.Null(Valid(Least).Swap);
        Assert.Equal(new SwapConfiguration("/var/swap_file", 512 << 20),
            Valid(Least + "swap: { path: /var/swap_file, size: 512M }").Swap);
        Assert.Equal(new SwapConfiguration("/dev/vdb", null), Valid(Least + "swap: { path: /dev/vdb }").Swap);
    }

    [Theory]
    [InlineData("{ size: 512M }", "swap has no \"path\"")]
    [InlineData("{ path: swap, size: 512M }", "swap.path: \"swap\" is not an absolute path")]
    [InlineData("{ path: /var/swap_file, size: 512 }", "swap.size: \"512\" is no size; write it as 512M or 2G")]
    [InlineData("{ path: /var/swap_file, size: 1K }", "swap.size: \"1K\" is no size")]
    [InlineData("{ path: /var/encrypt_file, size: 8M }", "is the container; name another file")]
    [InlineData("{ path: /var/secure/swap, size: 8M }", "lies on the volume")]
    public void MistakeInSwapIsTold(string swap, string expected)
    {
        ConfigurationResult result = ConfigurationLoader.Parse($"{Least}swap: {swap}", "test.yaml");
        Assert.Contains(result.Errors, error => error.ToString().Contains(expected, StringComparison.Ordinal));
    }

    [Fact]
    public void ReadsTheVolume()
    {
        VolumeConfiguration volume = Valid(Whole).Volume;

        Assert.Equal("/var/encrypt_file", volume.Container);
        Assert.Equal(ContainerFormat.Luks, volume.Format);
        Assert.Equal("/var/secure", volume.MountPoint);
        Assert.Equal(FilesystemType.Ext4, volume.Filesystem);
        Assert.Equal(["nodev", "nosuid"], volume.Options);
        Assert.Null(volume.Cipher);
    }

    [Fact]
    public void ReadsTheServicesInTheOrderOfTheFile()
    {
        IReadOnlyList<ServiceConfiguration> services = Valid(Whole).Services;

        Assert.Equal(["mysql", "utm5_core", "utm5_radius"], services.Select(service => service.Name));
        Assert.Equal("utm5_core.service", services[1].Unit);
        Assert.Equal(["mysql"], services[1].DependsOn);
        Assert.Equal(new ProbeSpecification(ProbeKind.Tcp, "127.0.0.1:11758"), services[1].Ready);
        Assert.Equal(TimeSpan.FromSeconds(120), services[1].Timeout);
        Assert.Equal(new ProbeSpecification(ProbeKind.Exec, "/usr/bin/mysqladmin ping"), services[0].Ready);
        Assert.Null(services[2].Ready);
    }

    [Fact]
    public void ReadsConsolesAndTheDeadline()
    {
        UnlockdConfiguration configuration = Valid(Whole);

        Assert.Equal(["tty1", "hvc0", "ttyS0"], configuration.Consoles);
        Assert.Equal(TimeSpan.FromMinutes(2), configuration.Lock.Deadline);
    }

    [Fact]
    public void FillsInWhatIsLeftOut()
    {
        UnlockdConfiguration configuration = Valid(Least + "services: { mysql: { unit: mariadb.service } }");

        Assert.Equal(ContainerFormat.Luks, configuration.Volume.Format);
        Assert.Equal(FilesystemType.Ext4, configuration.Volume.Filesystem);
        Assert.Equal(["nodev", "nosuid"], configuration.Volume.Options);
        Assert.Equal(["tty1", "hvc0", "ttyS0"], configuration.Consoles);
        Assert.Equal(TimeSpan.FromSeconds(90), configuration.Lock.Deadline);
        Assert.Empty(configuration.Services[0].DependsOn);
        Assert.Equal(TimeSpan.FromSeconds(90), configuration.Services[0].Timeout);
    }

    [Fact]
    public void TakesEmptyListsAtTheirWord()
    {
        UnlockdConfiguration configuration = Valid(
            "volume: { container: /a, mount_point: /b, options: [] }\nconsoles: []\n");

        Assert.Empty(configuration.Volume.Options);
        Assert.Empty(configuration.Consoles);
        Assert.Empty(configuration.Services);
    }

    [Fact]
    public void ExpectsExt2InLoopAes() =>
        Assert.Equal(
            FilesystemType.Ext2,
            Valid("volume: { container: /a, mount_point: /b, format: loop-aes }").Volume.Filesystem);

    [Fact]
    public void TakesCryptsetupsDefaultsForPlain() =>
        Assert.Equal(
            new PlainCipher("aes", "cbc-essiv:sha256", 256, "ripemd160"),
            Valid("volume: { container: /a, mount_point: /b, format: plain }").Volume.Cipher);

    [Fact]
    public void ReadsTheCipherOfPlain() =>
        Assert.Equal(
            new PlainCipher("aes", "xts-plain64", 512, "sha512") { Offset = 16, Skip = 8, SectorSize = 4096 },
            Valid("volume: { container: /a, mount_point: /b, format: plain, cipher: aes-xts-plain64, key_size: 512, "
                + "hash: sha512, offset: 16, skip: 8, sector_size: 4096 }").Volume.Cipher);

    [Theory]
    [InlineData("", 256, "sha512", 0, 0)]
    [InlineData(", cipher: AES128", 128, "sha256", 0, 0)]
    [InlineData(", cipher: AES192, offset: 16", 192, "sha384", 16, 16)]
    [InlineData(", hash: rmd160, offset: 16, skip: 0", 256, "ripemd160", 16, 0)]
    public void ReadsTheCipherOfLoopAes(string keys, int bits, string hash, long offset, long skip)
    {
        string yaml = $"volume: {{ container: /a, mount_point: /b, format: loop-aes{keys} }}";
        PlainCipher expected = new("aes", "cbc-plain64", bits, hash)
        {
            IsLoopAes = true,
            Offset = offset,
            Skip = skip,
        };
        Assert.Equal(expected, Valid(yaml).Volume.Cipher);
    }

    [Fact]
    public void ReadsSeedIterationsAndKeyFile()
    {
        VolumeConfiguration volume = Valid("volume: { container: /a, mount_point: /b, format: loop-aes, seed: salt, "
            + "iterations: 100, key_file: /etc/key.gpg, passphrase_encoding: koi8-r }").Volume;
        Assert.Equal(("salt", 100), (volume.Cipher!.Seed, volume.Cipher.Iterations));
        Assert.Equal("/etc/key.gpg", volume.KeyFile);
        Assert.Same(PassphraseEncoding.Koi8R, volume.Encoding);
    }

    [Fact]
    public void ReadsTheHeaderOfLuks()
    {
        VolumeConfiguration volume =
            Valid("volume: { container: /a, mount_point: /b, header: /c, passphrase_encoding: utf-8 }").Volume;
        Assert.Equal("/c", volume.Header);
        Assert.Null(volume.Encoding);
    }

    [Theory]
    [InlineData("unix:/run/mysqld/mysqld.sock", ProbeKind.Unix, "/run/mysqld/mysqld.sock")]
    [InlineData("mysql:/run/mysqld/mysqld.sock", ProbeKind.Mysql, "/run/mysqld/mysqld.sock")]
    [InlineData("mysql:localhost:3306", ProbeKind.Mysql, "localhost:3306")]
    [InlineData("tcp:[::1]:3306", ProbeKind.Tcp, "[::1]:3306")]
    [InlineData("\"exec: /bin/true\"", ProbeKind.Exec, "/bin/true")]
    public void ReadsProbes(string text, ProbeKind kind, string target) =>
        Assert.Equal(
            new ProbeSpecification(kind, target),
            Valid($"{Least}services: {{ a: {{ unit: a.service, ready: '{text.Trim('"')}' }} }}").Services[0].Ready);

    [Theory]
    [InlineData("nosuid", true)]
    [InlineData("lazytime", true)]
    [InlineData("errors=remount-ro", false)]
    [InlineData("data=journal", false)]
    [InlineData("nouuid", false)]
    [InlineData("i_version", false)]
    public void TellsFlagsFromDataOfTheFileSystem(string option, bool flag)
    {
        UnlockdConfiguration configuration = Valid(
            $"volume: {{ container: /a, mount_point: /b, options: [{option}] }}");
        Assert.Equal(flag, MountOption.IsFlag(Assert.Single(configuration.Volume.Options)));
    }

    [Fact]
    public void EveryFlagIsOneThatTheMountKnows() =>
        Assert.All(MountOption.Flags,
            static option => Assert.NotEqual(0UL, MountPoint.Flags.GetValueOrDefault(option)));

    [Fact]
    public void FindsEveryMistakeAtOnceAndInTheOrderOfTheFile()
    {
        ConfigurationResult result = ConfigurationLoader.Parse(
            """
            volume:
              mout_point: /var/secure
              format: luks3
            consoles: tty1
            services:
              mysql: { unit: mysql, ready: "http:x", timeout: 90 }
            """, "f");

        Assert.False(result.IsValid);
        Assert.Equal([2, 2, 2, 3, 4, 6, 6, 6], result.Errors.Select(error => error.Line));
    }

    internal static UnlockdConfiguration Valid(string text)
    {
        ConfigurationResult result = ConfigurationLoader.Parse(text, "unlockd.yaml");
        Assert.Empty(result.Errors);
        Assert.NotNull(result.Configuration);
        return result.Configuration;
    }
}
