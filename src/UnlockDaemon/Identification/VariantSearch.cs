using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;
using UnlockDaemon.Linux;
using UnlockDaemon.Linux.Storage;
using UnlockDaemon.Storage;

namespace UnlockDaemon.Identification;

/// <summary>
/// Tries a passphrase with every way that a container without a header could have been made, in user space: keys are
/// derived, a few sectors decrypted, and a file system looked for. Nothing is attached or mapped.
/// </summary>
/// <param name="container">The container.</param>
/// <param name="seed">The seed it was made with (-S), if any; empty for none.</param>
/// <param name="keyFile">Its key file, if any.</param>
internal sealed class VariantSearch(ContainerFile container, string seed, string? keyFile)
{
    // -C of loop-AES: every count up to what people write, and round ones beyond.
    private const int EveryCount = 128;
    private const int LastCount = 500;
    private const int RoundCount = 100;

    private static readonly int[] s_loopAesSizes = [256, 128, 192];
    private static readonly string[] s_loopAesHashes = ["sha512", "sha256", "sha384", "ripemd160"];

    // What cryptsetup has taken when nothing was said, from 1.0 to 2.7, and what people said instead.
    private static readonly (string Mode, int[] Sizes)[] s_plainModes =
        [("cbc-essiv:sha256", [256, 128, 192]), ("xts-plain64", [256, 512]), ("cbc-plain", [256, 128, 192])];

    private static readonly string[] s_plainHashes =
        ["ripemd160", "sha256", "sha512", "sha1", "sha384", "sha224", PlainCipher.NoHash];

    // loop-AES's 8192 bytes for a key file; a partition behind 63 sectors, and behind 1 MiB; a page; a second sector.
    private static readonly long[] s_offsets = [0, 16, 1, 8, 63, 2048];

    private readonly ConcurrentDictionary<string, (int Rank, Variant Variant)> _found = new(StringComparer.Ordinal);
    private int _tried;

    /// <summary>How many ways were tried.</summary>
    public int Tried => _tried;

    /// <summary>Tries them all.</summary>
    /// <param name="passphrase">The passphrase, as typed in UTF-8, or exact bytes.</param>
    /// <returns>Those that fit, the likeliest first: as a rule none or one.</returns>
    /// <exception cref="LinuxException">The container or the key file cannot be read.</exception>
    public IReadOnlyList<Variant> Run(Passphrase passphrase)
    {
        ArgumentNullException.ThrowIfNull(passphrase);
        List<SectorProbe> probes = SectorProbe.ReadAll(container, s_offsets);
        List<Secret> secrets = Secret.All(passphrase, keyFile);
        try
        {
            Action[] attempts = [.. secrets.SelectMany((secret, rank) => Attempts(secret, rank * 1000, probes))];
            Parallel.Invoke(attempts);
        }
        catch (AggregateException failure) when (failure.InnerException is LinuxException inner)
        {
            ExceptionDispatchInfo.Throw(inner);
        }
        finally
        {
            secrets.ForEach(static secret => secret.Dispose());
        }

        return [.. _found.Values.OrderBy(static found => found.Rank).Select(static found => found.Variant)];
    }

    private IEnumerable<Action> Attempts(Secret secret, int rank, List<SectorProbe> probes)
    {
        string[] seeds = seed.Length > 0 ? [seed, ""] : [""];
        foreach (string hash in s_loopAesHashes)
        {
            if (secret.HasManyKeys)
            {
                yield return () => TryManyKeys(secret, hash, rank, probes);
                continue;
            }

            foreach (string given in seeds)
                yield return () =>
                    TryLoopAes(secret, PlainCipher.ForLoopAes(256, hash) with { Seed = given }, rank + 1, probes);
        }

        if (!secret.HasManyKeys)
            yield return () => TryPlain(secret, rank + 100, probes);
    }

    private void TryManyKeys(Secret secret, string hash, int rank, List<SectorProbe> probes)
    {
        foreach (int bits in s_loopAesSizes)
        {
            PlainCipher cipher = PlainCipher.ForLoopAes(bits, hash);
            using VolumeKey key = secret.Derive(cipher);
            Probe(cipher.For(key), key, secret, rank, probes);
        }
    }

    private void TryLoopAes(Secret secret, PlainCipher cipher, int rank, List<SectorProbe> probes)
    {
        using IteratedKey iterated = secret.Iterate(cipher);
        while (true)
        {
            int count = iterated.Thousands;
            if (count <= EveryCount || count % RoundCount == 0)
                ProbeSizes(iterated, cipher with { Iterations = count }, secret, rank,
                    count == 0 ? probes : probes[..Math.Min(2, probes.Count)]);
            if (count == LastCount)
                return;
            iterated.Advance();
        }
    }

    private void ProbeSizes(IteratedKey iterated, PlainCipher cipher, Secret secret, int rank, List<SectorProbe> probes)
    {
        foreach (int bits in s_loopAesSizes)
        {
            Probe(cipher with { KeyBits = bits }, iterated.Key, secret,
                cipher.Hash == PlainCipher.UsualHash(bits) ? rank : rank + 1, probes);
        }
    }

    private void TryPlain(Secret secret, int rank, List<SectorProbe> probes)
    {
        foreach ((string mode, int[] sizes) in s_plainModes)
        {
            foreach (string hash in s_plainHashes)
            {
                foreach (int bits in sizes)
                {
                    PlainCipher cipher = new("aes", mode, bits, hash);
                    using VolumeKey key = secret.Derive(cipher);
                    Probe(cipher, key, secret, rank, probes);
                    Probe(cipher with { SectorSize = SectorProbe.LargeSector }, key, secret, rank + 1, probes);
                }
            }
        }
    }

    /// <summary>At each offset, with IVs counted from the start of the container and of the data.</summary>
    private void Probe(PlainCipher cipher, VolumeKey key, Secret secret, int rank, List<SectorProbe> probes)
    {
        foreach (SectorProbe probe in probes)
        {
            ProbeAt(cipher with { Offset = probe.Offset, Skip = probe.Offset }, key, secret, rank, probe);
            if (probe.Offset != 0)
                ProbeAt(cipher with { Offset = probe.Offset }, key, secret, rank, probe);
        }
    }

    private void ProbeAt(PlainCipher cipher, VolumeKey key, Secret secret, int rank, SectorProbe probe)
    {
        Interlocked.Increment(ref _tried);
        if (probe.TryFind(cipher, key) is not { } superblock)
            return;
        Variant variant = new(cipher, secret.Encoding, keyFile, superblock.Type);
        // Two names for one thing: the key, and what it is used for, are the same.
        int length = cipher.Mode == PlainCipher.MultiKeyMode ? int.MaxValue : cipher.KeyBits / 8;
        string mode = cipher.Mode.Replace("plain64", "plain", StringComparison.Ordinal);
        string identity = $"{key.Fingerprint(length)} {mode} {cipher.Offset} {cipher.Skip} {cipher.SectorSize}";
        _found.AddOrUpdate(identity, (rank, variant), (_, known) => known.Rank <= rank ? known : (rank, variant));
    }
}
