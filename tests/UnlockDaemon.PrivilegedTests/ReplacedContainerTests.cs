using UnlockDaemon.Linux.Storage;
using UnlockDaemon.Protocol;
using UnlockDaemon.Storage;
using UnlockDaemon.Storage.Configuration;
using UnlockDaemon.Storage.Machine;
using Xunit;

namespace UnlockDaemon.PrivilegedTests;

/// <summary>The container is moved, replaced, deleted or truncated under its loop device.</summary>
public sealed class ReplacedContainerTests : IDisposable
{
    private readonly ContainerFixture _fixture = new();
    private readonly VolumeConfiguration _volume;
    private readonly LinuxMachine _machine;
    private readonly LoopDevice _device;

    public ReplacedContainerTests()
    {
        _volume = new VolumeConfiguration(
            _fixture.Container, ContainerFormat.Luks, "/no/such/directory", FilesystemType.Ext4, [], null);
        _machine = new LinuxMachine(_volume, null, keepKey: false, new Instance("replaced"),
            static _ => Task.FromResult<IReadOnlyList<string>>([]),
            static _ => Task.FromResult<IReadOnlySet<int>>(new HashSet<int>()));
        _device = LoopDevice.Attach(_fixture.Container);
    }

    private string Other => _fixture.Container + ".other";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        if (_device.Size > 0)
            _device.Detach();
        if (!File.Exists(_fixture.Container))
            File.WriteAllText(_fixture.Container, "");
        _fixture.Dispose();
    }

    [Fact]
    public async Task UntouchedIsNoDamage()
    {
        Snapshot seen = await LookAsync();
        Assert.Null(DamageIn(seen));
        Assert.Empty(seen.Strays);
        Assert.Null(await DetachAsync());
        Assert.True((await LookAsync()).IsDown);
    }

    [Fact]
    public async Task MovedIsToldAndTakenDown()
    {
        File.Move(_fixture.Container, Other);
        Snapshot seen = await LookAsync();
        Assert.Contains($"was moved to {Other} while it was unlocked: move it back", DamageIn(seen),
            StringComparison.Ordinal);
        Assert.Equal($"{_device.Path} on {Other}", seen.Layers[0].Detail);
        Assert.Null(await DetachAsync());
        Assert.True((await LookAsync()).IsDown);
    }

    [Fact]
    public async Task MovedAndReplacedIsTold()
    {
        File.Move(_fixture.Container, Other);
        File.Copy(Other, _fixture.Container);
        Assert.Contains("and another file is in its place", DamageIn(await LookAsync()), StringComparison.Ordinal);
        Assert.Null(await DetachAsync());
    }

    [Fact]
    public async Task DeletedStaysAttachedSoThatItCanBeSaved()
    {
        File.Delete(_fixture.Container);
        Snapshot seen = await LookAsync();
        Assert.Contains("was deleted while it was unlocked", DamageIn(seen), StringComparison.Ordinal);
        Assert.Equal($"{_device.Path} on a file that was deleted", seen.Layers[0].Detail);
        string lost = (await DetachAsync())!;
        Assert.Contains($"'cp --sparse=always {_device.Path} {_fixture.Container}'", lost, StringComparison.Ordinal);
        Assert.NotNull((await LookAsync()).Lost);
        File.Copy(_device.Path, _fixture.Container);
        _device.Detach();
        Assert.True((await LookAsync()).IsDown);
    }

    [Fact]
    public async Task RenamedOverStaysAttached()
    {
        File.WriteAllText(Other, "another container");
        File.Move(Other, _fixture.Container, overwrite: true);
        Assert.Contains("was replaced while it was unlocked", DamageIn(await LookAsync()), StringComparison.Ordinal);
        Assert.Contains($"{_fixture.Container}.saved'", await DetachAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task TruncatedIsTold()
    {
        using (FileStream file = File.OpenWrite(_fixture.Container))
            file.SetLength(4096);
        Assert.Contains("was truncated while it was unlocked, to 4096 of 16777216 bytes", DamageIn(await LookAsync()),
            StringComparison.Ordinal);
        Assert.Null(await DetachAsync());
    }

    [Fact]
    public async Task DeviceOfAnotherFileIsNoStray()
    {
        File.Copy(_fixture.Container, Other);
        LoopDevice other = LoopDevice.Attach(Other);
        try
        {
            File.Move(_fixture.Container, _fixture.Container + ".away");
            Assert.Equal([_device.Path], (await LookAsync()).Strays.Select(static stray => stray.Path));
        }
        finally
        {
            other.Detach();
        }
    }

    private Task<Snapshot> LookAsync() => _machine.ObserveAsync(Aspects.Health, Cancellation);

    /// <summary>What is said of a volume that is mapped on the device: here the kernel need not do that.</summary>
    private string? DamageIn(Snapshot seen)
    {
        LoopFacts lower = seen.Loops.Concat(seen.Strays).Single();
        MappingFacts mapping = new("/dev/mapper/none", new(253, 0), lower.Size, false, true, lower, []);
        return Diagnosis.OfHealth(_volume, seen with { Mapping = mapping }, uuid: null)?.ToString();
    }

    private async Task<string?> DetachAsync()
    {
        StepResult result = await _machine.DoAsync(new Step.Detach(), static (_, _) => { }, Cancellation);
        return result.IsDone ? null : result.Reason;
    }
}
