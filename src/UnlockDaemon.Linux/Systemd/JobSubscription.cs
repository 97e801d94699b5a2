namespace UnlockDaemon.Linux.Systemd;

/// <summary>Follows the ends of one unit's jobs, whoever asked for them.</summary>
internal sealed class JobSubscription(string unit, Action<UnitJob> ended) : Subscription
{
    internal override string Rule => SystemdAddress.JobRuleOf(unit);

    internal override bool Covers(string path, string member) => member == "JobRemoved";

    internal override void Receive(BusMessage signal)
    {
        (_, UnitJob job) = RemovedJob.Read(signal);
        if (job.Unit == unit)
            ended(job);
    }
}
