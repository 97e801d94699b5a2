using System.Diagnostics;
using System.Security.Cryptography;
using Xunit;

namespace UnlockDaemon.PrivilegedTests;

/// <summary>An ext2 image, and aespipe, by loop-AES's own author, to encrypt it.</summary>
public sealed class LoopAesFixture : IDisposable
{
    public const string Passphrase = "an old passphrase of 2009";

    // The sectors of all 64 keys, twice.
    private const int Size = 256 << 10;
    private readonly string _directory = Directory.CreateTempSubdirectory("unlockd-loop-aes-").FullName;

    public LoopAesFixture()
    {
        foreach (string program in (string[])["aespipe", "gpg"])
        {
            if (!System.IO.File.Exists("/usr/bin/" + program))
                Assert.Skip($"needs {program} ('apt install {program}')");
        }

        Plain = File("plain");
        Run($"truncate -s {Size} {Plain} && mke2fs -q -F -t ext2 -b 1024 {Plain}");
        Write("passphrase", Passphrase);
        foreach (int lines in (int[])[1, 64, 65])
        {
            Write($"keys{lines}", string.Join('\n', Enumerable.Range(0, lines)
                .Select(static _ => Convert.ToBase64String(RandomNumberGenerator.GetBytes(45)))) + "\n");
            Encrypt($"keys{lines}", $"keys{lines}.gpg");
        }

        // As gpg 1.x made them: no integrity protection.
        Encrypt("keys64", "old64.gpg", "--rfc2440 --cipher-algo CAST5");
        Write("junk", "neither a key nor a line of twenty characters\nx\n");
        Encrypt("junk", "junk.gpg");
    }

    /// <summary>The image in the clear.</summary>
    public string Plain { get; }

    public string File(string name) => Path.Combine(_directory, name);

    public void Write(string name, string text) => System.IO.File.WriteAllText(File(name), text);

    /// <summary>Encrypts the image.</summary>
    /// <param name="options">Of aespipe.</param>
    /// <param name="passphraseFile">The passphrase, or the keys.</param>
    /// <param name="offset">How many bytes of something else come first.</param>
    /// <returns>Path of the container.</returns>
    public string MakeContainer(string options, string passphraseFile = "passphrase", int offset = 0)
    {
        string container = File("container");
        Run($"cd {_directory} && head -c {offset} /dev/urandom >{container} && "
            + $"aespipe {options} -p 3 3<{passphraseFile} <{Plain} >>{container}");
        return container;
    }

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    /// <summary>With a count of its own: otherwise gpg starts an agent to ask for one.</summary>
    private void Encrypt(string file, string target, string options = "") => Run($"""
        cd {_directory} && mkdir -p -m 700 home && \
        gpg --homedir home --batch --quiet --no-autostart --s2k-count 1000000 \
            --pinentry-mode loopback --passphrase-fd 3 {options} -o {target} -c {file} 3<passphrase
        """);

    private static void Run(string command)
    {
        using Process process = Process.Start(
            new ProcessStartInfo("/bin/bash", ["-c", command]) { RedirectStandardError = true })!;
        string error = process.StandardError.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, error);
    }
}
