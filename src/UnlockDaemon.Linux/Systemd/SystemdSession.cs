namespace UnlockDaemon.Linux.Systemd;

/// <summary>
/// What holds for one connection to the bus: who systemd is on it, the jobs under way, and the match rules.
/// When the connection is lost, so is this, and <see cref="SystemdConnection"/> makes another.
/// </summary>
internal sealed class SystemdSession : IDisposable
{
    private readonly Func<Subscription[]> _subscriptions;
    private readonly Action<SystemdSession> _lost;
    private readonly Bus _bus;

    // Only ever touched on the bus's thread.
    private readonly Dictionary<string, TaskCompletionSource<string>> _jobs = [];

    private volatile TaskCompletionSource<string> _owner = NewSource();

    /// <summary>Connects, asks who systemd is and follows what is subscribed to.</summary>
    internal SystemdSession(Func<Subscription[]> subscriptions, Action<SystemdSession> lost)
    {
        _subscriptions = subscriptions;
        _lost = lost;
        _bus = new Bus(Signalled, End);
        AddMatch(SystemdAddress.OwnerRule);
        foreach (Subscription subscription in subscriptions())
            AddMatch(subscription.Rule);
        TellBus("GetNameOwner", SystemdAddress.Name, reply => OwnerIs(reply.ReadString()));
    }

    internal bool IsLost => _bus.IsLost;

    /// <summary>Ends when systemd is on the bus, which it is not for a moment after the bus started.</summary>
    internal Task Present => _owner.Task;

    /// <summary>Calls systemd once it is present.</summary>
    internal async Task<T> CallAsync<T>(
        string path, string @interface, string member, string[] arguments, Func<BusMessage, T> read)
    {
        await _owner.Task;
        var request = new BusRequest<T>(read)
        {
            Destination = SystemdAddress.Name,
            Path = path,
            Interface = @interface,
            Member = member,
            Arguments = arguments,
        };
        _bus.Send(request);
        return await request.Reply;
    }

    /// <summary>Asks for a job; gives the task that ends with its result. <see cref="EndJob"/> must follow.</summary>
    internal Task<Task<string>> BeginJobAsync(string member, string unit)
    {
        // Only while somebody waits for a job are we woken by the ends of jobs. The bus counts equal rules.
        AddMatch(SystemdAddress.JobRule);
        return CallAsync(
            SystemdAddress.ManagerPath,
            SystemdAddress.ManagerInterface,
            member,
            [unit, "replace"],
            reply => JobAt(reply.ReadObjectPath()).Task);
    }

    /// <summary>Waits for a job less.</summary>
    internal void EndJob() => RemoveMatch(SystemdAddress.JobRule);

    /// <summary>Reads a unit's state; the reader sees it on the bus's thread, in step with the signals.</summary>
    internal Task<UnitState> ReadUnitAsync(string unit, Action<UnitState>? reader = null) =>
        CallAsync(UnitName.ToObjectPath(unit), SystemdAddress.PropertiesInterface, "GetAll", [""], reply =>
        {
            UnitState state = UnitProperties.Read(reply, new UnitState { Id = unit });
            reader?.Invoke(state);
            return state;
        });

    /// <summary>Reads one property that is a text.</summary>
    internal Task<string> ReadPropertyAsync(string path, string @interface, string property) =>
        CallAsync(
            path,
            SystemdAddress.PropertiesInterface,
            "Get",
            [@interface, property],
            static reply => reply.ReadVariant("s", static m => m.ReadString()));

    /// <summary>Begins to follow a unit; once more if its name turns out to be an alias.</summary>
    internal async Task FollowAsync(UnitSubscription subscription)
    {
        while (true)
        {
            string rule = subscription.Rule;
            AddMatch(rule);
            await RefreshAsync(subscription);
            if (subscription.Rule == rule)
                return;
            RemoveMatch(rule);
        }
    }

    internal void AddMatch(string rule) => TellBus("AddMatch", rule);

    internal void RemoveMatch(string rule) => TellBus("RemoveMatch", rule);

    /// <summary>Ends what the constructor or FollowAsync began.</summary>
    internal void Forget(Subscription subscription)
    {
        RemoveMatch(subscription.Rule);
        if (subscription is UnitSubscription unit)
            TellSystemd("UnrefUnit", unit.Unit);
    }

    public void Dispose() => _bus.Dispose();

    private static TaskCompletionSource<string> NewSource() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private TaskCompletionSource<string> JobAt(string path)
    {
        if (!_jobs.TryGetValue(path, out TaskCompletionSource<string>? job))
            _jobs.Add(path, job = NewSource());
        return job;
    }

    private void TellBus(string member, string argument, Action<BusMessage>? replied = null) =>
        _bus.Send(new BusNotice
        {
            Destination = SystemdAddress.BusName,
            Path = SystemdAddress.BusPath,
            Interface = SystemdAddress.BusName,
            Member = member,
            Arguments = [argument],
            Replied = replied,
        });

    private void TellSystemd(string member, params string[] arguments) => _bus.Send(new BusNotice
    {
        Destination = SystemdAddress.Name,
        Path = SystemdAddress.ManagerPath,
        Interface = SystemdAddress.ManagerInterface,
        Member = member,
        Arguments = arguments,
    });

    private void Signalled(BusMessage signal)
    {
        string sender = signal.Sender;
        if (sender == SystemdAddress.BusName)
        {
            if (signal.Member == "NameOwnerChanged")
                OwnerChanged(signal);
        }

        // Anybody on the machine may send us a signal of any content; only systemd's count.
        else if (_owner.Task is { IsCompletedSuccessfully: true } owner && owner.Result == sender)
        {
            Deliver(signal, signal.Path, signal.Member);
        }
    }

    private void OwnerChanged(BusMessage signal)
    {
        signal.ReadString();
        signal.ReadString();
        string owner = signal.ReadString();
        if (_owner.Task.IsCompleted)
            _owner = NewSource();
        if (owner.Length > 0)
            OwnerIs(owner);
    }

    private void OwnerIs(string owner)
    {
        if (!_owner.TrySetResult(owner))
            return;
        TellSystemd("Subscribe");
        foreach (Subscription subscription in _subscriptions())
            if (subscription is UnitSubscription unit)
                _ = TryRefreshAsync(unit);
    }

    /// <summary>
    /// Asks for a unit's state, and pins the unit: systemd forgets an idle unit at once, with how it ended, and reads
    /// its files again for every question and for the next start.
    /// </summary>
    private Task<UnitState> RefreshAsync(UnitSubscription subscription)
    {
        TellSystemd("RefUnit", subscription.Unit);
        return ReadUnitAsync(subscription.Unit, subscription.Take);
    }

    private async Task TryRefreshAsync(UnitSubscription subscription)
    {
        try
        {
            await RefreshAsync(subscription);
        }
        catch (Exception exception) when (exception is LinuxException or BusErrorException or ObjectDisposedException)
        {
            // The connection went again; its successor asks again.
        }
    }

    private void Deliver(BusMessage signal, string path, string member)
    {
        if (member == "JobRemoved")
        {
            (string job, UnitJob end) = RemovedJob.Read(signal);
            if (_jobs.Remove(job, out TaskCompletionSource<string>? waiting))
                waiting.TrySetResult(end.Result);
        }

        foreach (Subscription subscription in _subscriptions())
        {
            if (!subscription.Covers(path, member))
                continue;
            signal.Rewind();
            subscription.Receive(signal);
        }
    }

    private void End(Exception reason)
    {
        _owner.TrySetException(reason);
        foreach (TaskCompletionSource<string> job in _jobs.Values)
            job.TrySetException(reason);
        _lost(this);
    }
}
