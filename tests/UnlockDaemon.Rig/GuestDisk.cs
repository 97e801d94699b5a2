namespace UnlockDaemon.Rig;

/// <summary>A disk of a guest: an image file of its own, or the changes upon an image that others use too.</summary>
public sealed class GuestDisk : IDisposable
{
    private readonly string _file;
    private readonly string? _image;

    private GuestDisk(string file, string? image)
    {
        _file = file;
        _image = image;
    }

    /// <summary>The value of the kernel parameter ubda=, and of its brothers.</summary>
    internal string Argument => _image is null ? _file : $"{_file},{_image}";

    /// <summary>A throw-away disk that looks like the image and keeps what changes in a file of its own.</summary>
    /// <param name="image">The image; it must not change meanwhile.</param>
    /// <returns>The disk.</returns>
    public static GuestDisk Upon(GuestImage image) => new(NewFile("overlay"), image.Path);

    /// <summary>A full copy of an image.</summary>
    /// <param name="image">The image.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <returns>The disk.</returns>
    public static async Task<GuestDisk> CopyOfAsync(GuestImage image, CancellationToken cancellationToken = default)
    {
        string file = NewFile("disk");
        await CopyFileAsync(image.Path, file, cancellationToken);
        return new GuestDisk(file, null);
    }

    /// <summary>A disk as it was when <see cref="SaveAsync"/> kept it.</summary>
    /// <param name="image">The image that it was made upon.</param>
    /// <param name="name">The name it was kept under.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <returns>A copy of it; null if nothing is kept under that name for this very image.</returns>
    public static async Task<GuestDisk?> RestoreAsync(GuestImage image, string name,
        CancellationToken cancellationToken = default)
    {
        string kept = KeptFile(image.Path, name);
        if (!File.Exists(kept))
            return null;
        string file = NewFile("overlay");
        await CopyFileAsync(kept, file, cancellationToken);
        return new GuestDisk(file, image.Path);
    }

    /// <summary>An empty disk, for ubdb and further.</summary>
    /// <param name="size">Its size in bytes.</param>
    /// <returns>The disk.</returns>
    public static GuestDisk Empty(long size)
    {
        string file = NewFile("disk");
        using FileStream stream = new(file, FileMode.CreateNew);
        stream.SetLength(size);
        return new GuestDisk(file, null);
    }

    /// <summary>Copies what is in the files now: what the guest's kernel has issued, not what it still holds.</summary>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <returns>The copy, which another guest can boot from.</returns>
    public async Task<GuestDisk> CopyAsync(CancellationToken cancellationToken = default)
    {
        string file = NewFile(_image is null ? "disk" : "overlay");
        await CopyFileAsync(_file, file, cancellationToken);
        return new GuestDisk(file, _image);
    }

    /// <summary>Makes one plain image file of it, for tools of the host such as debugfs.</summary>
    /// <param name="path">The file to write.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <returns>When the file is complete.</returns>
    public async Task FlattenAsync(string path, CancellationToken cancellationToken = default)
    {
        await CopyFileAsync(_image ?? _file, path, cancellationToken);
        if (_image is not null)
            OverlayFile.MergeInto(_file, path);
    }

    /// <summary>Keeps what changed upon the image for later runs, as long as the image is the same.</summary>
    /// <param name="name">A name for it; what was kept under it before goes.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <returns>When it is kept.</returns>
    /// <exception cref="InvalidOperationException">The disk has no image beneath.</exception>
    public async Task SaveAsync(string name, CancellationToken cancellationToken = default)
    {
        string kept = KeptFile(
            _image ?? throw new InvalidOperationException($"{_file} is a disk of its own, upon no image"), name);
        string directory = Directory.CreateDirectory(Path.GetDirectoryName(kept)!).FullName;
        foreach (string old in Directory.GetFiles(directory, $"{name}-*"))
            File.Delete(old);
        await CopyFileAsync(_file, kept + ".part", cancellationToken);
        File.Move(kept + ".part", kept);
    }

    /// <summary>Removes the disk's own file.</summary>
    public void Dispose() => Directory.Delete(Path.GetDirectoryName(_file)!, recursive: true);

    /// <summary>User-Mode Linux takes an overlay only if its image has the same time of modification.</summary>
    private static string KeptFile(string image, string name) => Path.Combine(Workplace.Cache, "disks",
        $"{name}-{Path.GetFileNameWithoutExtension(image)}-{File.GetLastWriteTimeUtc(image).Ticks}");

    private static string NewFile(string name) => Path.Combine(Workplace.NewRunDirectory(), name);

    private static async Task CopyFileAsync(string from, string to, CancellationToken cancellationToken) =>
        (await HostCommand.RunAsync("cp", ["--sparse=always", "--reflink=auto", from, to],
            timeout: TimeSpan.FromMinutes(5), cancellationToken: cancellationToken)).Require();
}
