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

    /// <summary>Removes the disk's own file.</summary>
    public void Dispose() => Directory.Delete(Path.GetDirectoryName(_file)!, recursive: true);

    private static string NewFile(string name) => Path.Combine(Workplace.NewRunDirectory(), name);

    private static async Task CopyFileAsync(string from, string to, CancellationToken cancellationToken) =>
        (await HostCommand.RunAsync("cp", ["--sparse=always", "--reflink=auto", from, to],
            timeout: TimeSpan.FromMinutes(5), cancellationToken: cancellationToken)).Require();
}
