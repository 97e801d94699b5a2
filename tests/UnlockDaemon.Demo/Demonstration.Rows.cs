using UnlockDaemon.Rig;

namespace UnlockDaemon.Demo;

/// <content>What billing has recorded, before and after.</content>
internal sealed partial class Demonstration
{
    /// <summary>Awaits a few rows, and reads how many there are and what they add up to.</summary>
    private async Task<string> CountRowsAsync(Guest guest, CancellationToken cancellationToken)
    {
        Begin("Billing works");
        string count = await RequireAsync(guest, $"""
            until [ "$({Rows} 'SELECT COUNT(*) FROM traffic')" -ge 3 ]; do sleep 0.2; done
            {Rows} 'SELECT MAX(id), SUM(bytes) FROM traffic'
            """, cancellationToken);
        string[] seen = count.Split('\t');
        screen.Done($"{seen[0]} rows in MySQL, {seen[1]} bytes of traffic in all");
        return count;
    }

    /// <summary>
    /// The rows read before must be there unchanged; and MySQL must have exactly what the first node's core had written
    /// into its un-fsynced file until it was stopped. Nothing was recovered from a crash.
    /// </summary>
    private async Task CompareRowsAsync(Guest guest, string before, CancellationToken cancellationToken)
    {
        Begin("The rows on the other node");
        string[] seen = before.Split('\t');
        string now = await RequireAsync(guest,
            $"{Rows} 'SELECT MAX(id), SUM(bytes) FROM traffic WHERE id <= {seen[0]}'", cancellationToken);
        if (!string.Equals(now, before, StringComparison.Ordinal))
            throw new InvalidOperationException($"rows and bytes were {before}, and are {now} now");
        string lines = await RequireAsync(guest, $$"""
            set -e
            file=$(ls -tr /var/secure/utm5/iptraffic_raw_*.utm | head -n 1)
            {{Rows}} "SELECT sequence, bytes FROM traffic WHERE id <= $(wc -l <"$file") ORDER BY id" |
                tr '\t' ' ' | cmp - "$file"
            wc -l <"$file"
            """, cancellationToken);
        screen.Done($"all {lines} rows of the first node are there, in MySQL and in the file that was never fsynced");
        await RequireAsync(guest, "! journalctl -b -u mariadb | grep -i 'crash recovery'", cancellationToken);
        screen.Done("MySQL had nothing to recover");
    }
}
