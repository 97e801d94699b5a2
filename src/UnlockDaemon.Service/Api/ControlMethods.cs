using System.Diagnostics;
using UnlockDaemon.Linux;
using UnlockDaemon.Protocol;
using UnlockDaemon.Protocol.Messages;
using UnlockDaemon.Service.Units;
using UnlockDaemon.Service.Volumes;
using UnlockDaemon.Storage;
using UnlockDaemon.Storage.Configuration;

namespace UnlockDaemon.Service.Api;

/// <summary>The methods on the socket and who may call them: one table.</summary>
internal sealed class ControlMethods
{
    /// <summary>The method that ends with its caller only.</summary>
    internal const string Watch = "org.unlockd.Watch";

    private const string Url = "man:unlockd(8)";
    private const double Day = 24 * 60 * 60;
    private static readonly TimeSpan s_statusAge = TimeSpan.FromSeconds(1);
    private readonly Lock _lock = new();
    private readonly Volume _volume;
    private readonly ServiceSet _services;
    private readonly EventHub _events;
    private readonly UnlockdConfiguration _configuration;
    private readonly Dictionary<string, Method> _table;
    private (Task<StatusReply> Reply, long Made)? _statusOfOthers;

    internal ControlMethods(Volume volume, ServiceSet services, EventHub events, UnlockdConfiguration configuration)
    {
        _volume = volume;
        _services = services;
        _events = events;
        _configuration = configuration;
        _table = new(StringComparer.Ordinal)
        {
            ["org.varlink.service.GetInfo"] = new(Access.Anyone, GetInfoAsync),
            ["org.varlink.service.GetInterfaceDescription"] = new(Access.Anyone, DescribeAsync),
            ["org.unlockd.Status"] = new(Access.Anyone, StatusAsync),
            [Watch] = new(Access.Anyone, WatchAsync),
            ["org.unlockd.Holders"] = new(Access.Root, HoldersAsync),
            ["org.unlockd.Unlock"] = new(Access.Root, UnlockAsync),
            ["org.unlockd.Lock"] = new(Access.Root, LockAsync),
            ["org.unlockd.Grow"] = new(Access.Root, GrowAsync),
            ["org.unlockd.Release"] = new(Access.Root, ReleaseAsync),
            ["org.unlockd.Panic"] = new(Access.Root, PanicAsync),
        };
    }

    /// <summary>Answers a call.</summary>
    internal Task AnswerAsync(Conversation conversation, CancellationToken cancellation)
    {
        string method = conversation.Call.Method;
        if (_table.TryGetValue(method, out Method? row))
        {
            return row.Access == Access.Root && conversation.Peer.Uid != 0
                ? conversation.FailAsync(VarlinkError.PermissionDenied, new(), cancellation)
                : row.Handler(conversation, cancellation);
        }

        string @interface = method[..Math.Max(method.LastIndexOf('.'), 0)];
        return InterfaceText.Find(@interface) is null
            ? conversation.FailAsync(VarlinkError.InterfaceNotFound, new(Interface: @interface), cancellation)
            : conversation.FailAsync(VarlinkError.MethodNotFound, new(Method: method), cancellation);
    }

    private static Task GetInfoAsync(Conversation conversation, CancellationToken cancellation) =>
        conversation.ReplyAsync(
            new ServiceInfoReply("unlockd", "unlockd", ProductVersion.Text, Url,
                [InterfaceText.VarlinkService, InterfaceText.Unlockd]),
            ProtocolJson.Default.ServiceInfoReply, cancellation);

    private static Task DescribeAsync(Conversation conversation, CancellationToken cancellation)
    {
        if (conversation.Call.Read(ProtocolJson.Default.InterfaceParameters) is not { Interface: { } name })
            return RefuseParameterAsync(conversation, "interface", cancellation);
        return InterfaceText.Find(name) is { } text
            ? conversation.ReplyAsync(new InterfaceReply(text), ProtocolJson.Default.InterfaceReply, cancellation)
            : conversation.FailAsync(VarlinkError.InterfaceNotFound, new(Interface: name), cancellation);
    }

    private static Task RefuseParameterAsync(
        Conversation conversation, string parameter, CancellationToken cancellation) =>
        conversation.FailAsync(VarlinkError.InvalidParameter, new(Parameter: parameter), cancellation);

    private async Task StatusAsync(Conversation conversation, CancellationToken cancellation) =>
        await conversation.ReplyAsync(
            await ReportForAsync(conversation.Peer.Uid), ProtocolJson.Default.StatusReply, cancellation);

    /// <summary>
    /// The status. It looks at the machine: users other than root, of whom anybody may ask without end, have that done
    /// once a second at most.
    /// </summary>
    internal Task<StatusReply> ReportForAsync(uint user)
    {
        if (user == 0)
            return ReportAsync(withLog: true);
        lock (_lock)
        {
            if (_statusOfOthers is not { } known || Stopwatch.GetElapsedTime(known.Made) > s_statusAge)
                _statusOfOthers = known = (ReportAsync(withLog: false), Stopwatch.GetTimestamp());
            return known.Reply;
        }
    }

    private async Task<StatusReply> ReportAsync(bool withLog) => StatusReport.Make(
        _volume, await _volume.LookAgainAsync(), _services, _configuration.Volume, withLog);

    private async Task WatchAsync(Conversation conversation, CancellationToken cancellation)
    {
        if (!conversation.Call.More)
        {
            await conversation.FailAsync(VarlinkError.ExpectedMore, new(), cancellation);
            return;
        }

        using EventHub.Subscription events = _events.Subscribe();
        // The first event tells the caller that he is heard, and where what follows begins.
        EventInfo now = new(DateTimeOffset.UtcNow, "state", Volume.JsonName(_volume.State), "is the state now");
        await ReplyAsync(conversation, now, cancellation);
        // It may be days until the next event shows that the caller is gone.
        using CancellationTokenSource watching = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        Task closed = conversation.WhenClosedAsync(watching.Token);
        Task forwarding = ForwardAsync(conversation, events, watching.Token);
        Task first = await Task.WhenAny(closed, forwarding);
        await watching.CancelAsync();
        await Task.WhenAll(closed, forwarding).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await first;
    }

    private async Task HoldersAsync(Conversation conversation, CancellationToken cancellation) =>
        await conversation.ReplyAsync(
            new HoldersReply(StatusReport.Describe(await _volume.FindHoldersAsync(cancellation))),
            ProtocolJson.Default.HoldersReply, cancellation);

    private async Task UnlockAsync(Conversation conversation, CancellationToken cancellation)
    {
        if (!conversation.Call.TryReadPassphrase("passphrase", out Passphrase? passphrase))
        {
            await RefuseParameterAsync(conversation, "passphrase", cancellation);
            return;
        }

        // The caller may hang up; what he began goes on.
        (UnlockAttempt attempt, VolumeState state) = await FollowAsync(conversation, async () =>
        {
            UnlockAttempt result;
            // The services may take minutes.
            using (passphrase)
                result = await _volume.UnlockAsync(passphrase);
            return (result, result.Services is null ? _volume.State : await result.Services);
        }, cancellation);
        // The answer goes out also as the daemon ends.
        cancellation = CancellationToken.None;
        await (attempt.Outcome switch
        {
            UnlockOutcome.Mounted when state == VolumeState.Ready => conversation.ReplyAsync(
                new UnlockReply(Volume.JsonName(state)), ProtocolJson.Default.UnlockReply, cancellation),
            UnlockOutcome.Mounted => conversation.FailAsync(
                VarlinkError.Failed, new(Step: "units", Reason: StatusReport.Trouble(_services)), cancellation),
            UnlockOutcome.WrongPassphrase => conversation.FailAsync(
                VarlinkError.WrongPassphrase, new(Reason: attempt.Reason), cancellation),
            UnlockOutcome.PassphraseNeeded => conversation.FailAsync(
                VarlinkError.PassphraseNeeded, new(), cancellation),
            UnlockOutcome.Busy => conversation.FailAsync(
                VarlinkError.Busy, new(State: Volume.JsonName(_volume.State)), cancellation),
            UnlockOutcome.OnHold => conversation.FailAsync(
                VarlinkError.OnHold, new(Reason: attempt.Reason), cancellation),
            UnlockOutcome.Unusable => conversation.FailAsync(
                VarlinkError.VolumeUnusable, new(Reason: attempt.Reason), cancellation),
            _ => conversation.FailAsync(
                VarlinkError.Failed, new(Step: attempt.Step, Reason: attempt.Reason), cancellation),
        });
    }

    private async Task LockAsync(Conversation conversation, CancellationToken cancellation)
    {
        if (conversation.Call.Read(ProtocolJson.Default.LockParameters) is not { } parameters
            || parameters.Deadline is <= 0 or > Day || parameters.HoldLimitSeconds is <= 0 or > Day)
        {
            await RefuseParameterAsync(conversation,
                "deadline, hold, holdLimitSeconds, reason, nonce or evict", cancellation);
            return;
        }

        LockConfiguration usual = _configuration.Lock;
        TimeSpan? hold = parameters.Hold == true ? Span(parameters.HoldLimitSeconds) ?? usual.HoldLimit : null;
        LockRequest request = new(
            Span(parameters.Deadline) ?? usual.Deadline, hold, parameters.Reason, parameters.Nonce, parameters.Evict)
        {
            HoldOwner = parameters.HoldOwner,
        };
        LockOutcome outcome = await FollowAsync(conversation, () => _volume.LockAsync(request), cancellation);
        // The answer goes out also as the daemon ends.
        cancellation = CancellationToken.None;
        await (outcome switch
        {
            { Certificate: { } proof } => conversation.ReplyAsync(
                new LockReply(proof), ProtocolJson.Default.LockReply, cancellation),
            { Refused: true } => conversation.FailAsync(VarlinkError.Held,
                new(Reason: outcome.Reason, Holders: StatusReport.Describe(outcome.Holders)), cancellation),
            _ => conversation.FailAsync(VarlinkError.Failed, new(Step: "lock", Reason: outcome.Reason), cancellation),
        });
    }

    private async Task GrowAsync(Conversation conversation, CancellationToken cancellation)
    {
        if (!conversation.Call.TryReadPassphrase("passphrase", "size", out Passphrase? passphrase, out long? size)
            || size is not > 0)
        {
            passphrase?.Dispose();
            await RefuseParameterAsync(conversation, "size or passphrase", cancellation);
            return;
        }

        // The caller may hang up; what he began goes on.
        GrowOutcome outcome = await FollowAsync(conversation, async () =>
        {
            using Passphrase? secret = passphrase;
            return await _volume.GrowAsync(size.Value, secret);
        }, cancellation);
        // The answer goes out also as the daemon ends.
        cancellation = CancellationToken.None;
        await (outcome.Kind switch
        {
            GrowOutcomeKind.Grown => conversation.ReplyAsync(
                new GrowReply(_volume.Seen.Container.Size), ProtocolJson.Default.GrowReply, cancellation),
            GrowOutcomeKind.PassphraseNeeded => conversation.FailAsync(
                VarlinkError.PassphraseNeeded, new(), cancellation),
            GrowOutcomeKind.WrongPassphrase => conversation.FailAsync(
                VarlinkError.WrongPassphrase, new(), cancellation),
            GrowOutcomeKind.Busy => conversation.FailAsync(VarlinkError.Busy, new(State: outcome.Reason), cancellation),
            _ => conversation.FailAsync(
                VarlinkError.Failed, new(Step: outcome.Step, Reason: outcome.Reason), cancellation),
        });
    }

    private async Task PanicAsync(Conversation conversation, CancellationToken cancellation)
    {
        string? left = await FollowAsync(conversation, _volume.PanicAsync, cancellation);
        await (left is null
            ? conversation.ReplyAsync(new Nothing(), ProtocolJson.Default.Nothing, cancellation)
            : conversation.FailAsync(VarlinkError.Failed, new(Step: "panic", Reason: left), cancellation));
    }

    private static TimeSpan? Span(double? seconds) => seconds is { } given ? TimeSpan.FromSeconds(given) : null;

    private async Task ReleaseAsync(Conversation conversation, CancellationToken cancellation)
    {
        await _volume.ReleaseAsync();
        await conversation.ReplyAsync(new Nothing(), ProtocolJson.Default.Nothing, cancellation);
    }

    /// <summary>Does the work; with "more", sends the events that happen meanwhile.</summary>
    private async Task<T> FollowAsync<T>(Conversation conversation, Func<Task<T>> work, CancellationToken cancellation)
    {
        if (!conversation.Call.More)
            return await work();
        EventHub.Subscription events = _events.Subscribe();
        Task forwarding = ForwardAsync(conversation, events, cancellation);
        try
        {
            return await work();
        }
        finally
        {
            events.Dispose();
            await forwarding.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private static async Task ForwardAsync(
        Conversation conversation, EventHub.Subscription events, CancellationToken cancellation)
    {
        await foreach (News happened in events.ReadAsync(cancellation))
            await ReplyAsync(conversation, StatusReport.Describe(happened), cancellation);
    }

    private static Task ReplyAsync(Conversation conversation, EventInfo happened, CancellationToken cancellation) =>
        conversation.ReplyAsync(
            new EventReply(happened), ProtocolJson.Default.EventReply, cancellation, continues: true);
}
