using UnlockDaemon.Service.Parts;

namespace UnlockDaemon.Service.Volumes;

/// <summary>Keeps a hold over a restart of the daemon, and ends it when its time has come.</summary>
/// <param name="condition">Has the hold.</param>
/// <param name="background">Has the end waited for.</param>
/// <param name="ended">Called after a hold has ended, however that came.</param>
internal sealed class HoldKeeper(VolumeCondition condition, Background background, Action ended)
{
    /// <summary>Takes up the hold that an earlier daemon of this boot left, if there is one.</summary>
    internal void Recall()
    {
        if (Hold.Recall() is { } hold)
            Keep(hold);
    }

    internal void Keep(Hold hold)
    {
        hold.Remember();
        if (condition.Hold != hold)
            condition.Suspend(hold);
        background.Run("ending a hold", stopping => EndInTimeAsync(hold, stopping));
    }

    internal void Release() => End("released", null);

    private async Task EndInTimeAsync(Hold hold, CancellationToken stopping)
    {
        TimeSpan left = hold.Until - DateTimeOffset.UtcNow;
        if (left > TimeSpan.Zero)
            await Task.Delay(left, stopping);
        End("its time has come", hold);
    }

    private void End(string why, Hold? only)
    {
        if (!condition.Resume(why, only))
            return;
        Hold.Forget();
        ended();
    }
}
