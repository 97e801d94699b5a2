using UnlockDaemon.Linux;
using UnlockDaemon.Linux.Storage;
using UnlockDaemon.Storage;
using UnlockDaemon.Storage.Configuration;

namespace UnlockDaemon.Containers;

/// <summary>Makes a container with its key and file system; nothing is left behind when that fails.</summary>
/// <param name="Path">Where; must not exist.</param>
/// <param name="Size">Size of the container in bytes.</param>
/// <param name="Format">luks (LUKS2) or loop-aes.</param>
/// <param name="Filesystem">The file system inside.</param>
/// <param name="RandomFill">Fill the container with random bytes first.</param>
internal sealed record NewVolume(
    string Path, long Size, ContainerFormat Format, FilesystemType Filesystem, bool RandomFill)
{
    private const uint LargeSector = 4096;
    private const uint SmallSector = 512;
    // What libcryptsetup makes by default, backups of the metadata and room for key slots included.
    private const long LuksHeaderSize = 16 << 20;
    // mkfs.xfs makes nothing smaller.
    private const long XfsMinimum = 300 << 20;

    private readonly string _mapping = MappingNames.CreationPrefix + Environment.ProcessId;

    /// <summary>Name of the operator whose passphrase it gets, in LUKS; null for none.</summary>
    public string? Owner { get; init; }

    /// <summary>How long the key derivation of LUKS shall take, in milliseconds.</summary>
    public uint DerivationMilliseconds { get; init; } = KeyDerivation.UsualMilliseconds;

    /// <summary>
    /// LUKS takes whole sectors of 4096 bytes where the size allows it: dm-crypt has an eighth of the work to set up.
    /// </summary>
    private uint SectorSize => Format == ContainerFormat.Luks && Size % LargeSector == 0 ? LargeSector : SmallSector;

    /// <summary>Says why it cannot be made, before anything is.</summary>
    /// <returns>The reason and what to do, or null.</returns>
    public string? FindFault()
    {
        if (System.IO.Path.Exists(Path))
            return $"{Path} exists: nothing is ever overwritten, choose another name";
        string directory = System.IO.Path.GetDirectoryName(Path) ?? "/";
        if (!Directory.Exists(directory))
            return $"there is no directory {directory}";
        long header = Format == ContainerFormat.Luks ? LuksHeaderSize : 0;
        if (Filesystem == FilesystemType.Xfs && Size < XfsMinimum + header)
        {
            return $"{Size >> 20}M are too small for xfs: it needs 300M"
                + (header > 0 ? ", and the LUKS header 16M: --size 316M at least" : ": --size 300M at least");
        }

        if (Tool.Find("mkfs." + Filesystem.Name()) is null)
        {
            string package = Filesystem == FilesystemType.Xfs ? "xfsprogs" : "e2fsprogs";
            return $"mkfs.{Filesystem.Name()} is not installed: 'apt install {package}'";
        }

        long free = new DriveInfo(directory).AvailableFreeSpace;
        return free < Size
            ? $"{Path} would need {Size >> 20}M, and the disk of {directory} has {free >> 20}M free: make room, or "
                + "a smaller one"
            : null;
    }

    /// <summary>Makes it.</summary>
    /// <param name="passphrase">Its passphrase.</param>
    /// <param name="step">Told what is being done.</param>
    /// <param name="allocated">Told how many bytes of the container are there.</param>
    /// <param name="cancellation">Ends the work; the file is removed.</param>
    /// <exception cref="IOException">The file exists, or the disk is full.</exception>
    /// <exception cref="LinuxException">A step failed.</exception>
    /// <exception cref="OperationCanceledException">The work was ended.</exception>
    public void Make(Passphrase passphrase, Action<string> step, IProgress<long> allocated,
        CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(step);
        ContainerFile container = new(Path);
        step(RandomFill ? "filling the container with random bytes" : "allocating the container");
        container.Allocate(Size, RandomFill, allocated, cancellation);
        try
        {
            Fill(passphrase, step, cancellation);
        }
        catch
        {
            File.Delete(Path);
            // Ctrl-C on the terminal ends mkfs as well: it is not what went wrong.
            cancellation.ThrowIfCancellationRequested();
            throw;
        }
    }

    private void Fill(Passphrase passphrase, Action<string> step, CancellationToken cancellation)
    {
        if (Format == ContainerFormat.Luks)
        {
            step("writing the LUKS2 header (the key derivation is measured, a few seconds)");
            CryptDevice.FormatLuks2(
                Path, passphrase, KeyDerivation.ForPassphrase(DerivationMilliseconds), SectorSize, Owner);
        }

        cancellation.ThrowIfCancellationRequested();
        LoopDevice loop = LoopDevice.Attach(Path);
        try
        {
            step($"making the {Filesystem.Name()} file system");
            Activate(loop, passphrase);
            try
            {
                MakeFilesystem();
            }
            finally
            {
                CryptDevice.Deactivate(_mapping);
            }
        }
        finally
        {
            loop.Detach();
        }

        cancellation.ThrowIfCancellationRequested();
        new ContainerFile(Path).Flush();
    }

    private void Activate(LoopDevice loop, Passphrase passphrase)
    {
        if (Format == ContainerFormat.Luks)
        {
            CryptDevice.TryActivateLuks(loop.Path, _mapping, passphrase);
            return;
        }

        using VolumeKey key = VolumeKey.Derive(passphrase, PlainCipher.LoopAes256);
        CryptDevice.ActivatePlain(loop.Path, _mapping, PlainCipher.LoopAes256, key);
    }

    private void MakeFilesystem()
    {
        string program = "mkfs." + Filesystem.Name();
        // Small ext file systems would have blocks of 1024 bytes, less than a sector. The blocks of xfs have 4096.
        string[] blocks = SectorSize == LargeSector && Filesystem != FilesystemType.Xfs ? ["-b", "4096"] : [];
        (int code, string? said) = Tool.Run(program, [.. blocks, "-q", $"/dev/mapper/{_mapping}"]);
        if (code != 0)
            throw new LinuxException("make a file system in", Path, code, $"{program}: {said}");
    }
}
