namespace UnlockDaemon.Linux.Systemd;

/// <summary>Waits for the end of the boot: systemd's StartupFinished.</summary>
internal sealed class StartupSubscription(Action finished) : Subscription
{
    internal override string Rule => SystemdAddress.StartupRule;

    internal override bool Covers(string path, string member) => member == "StartupFinished";

    internal override void Receive(BusMessage signal) => finished();
}
