namespace UnlockDaemon.Service.Api;

/// <summary>A row of the table of methods.</summary>
/// <param name="Access">Who may call it.</param>
/// <param name="Handler">What it does; it sends the replies.</param>
internal sealed record Method(Access Access, Func<Conversation, CancellationToken, Task> Handler);
