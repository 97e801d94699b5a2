namespace UnlockDaemon.Service.Units;

/// <summary>Why services cannot be put in an order.</summary>
/// <param name="Service">The service whose entry is at fault.</param>
/// <param name="Dependency">The name in its <c>depends_on</c> that is at fault; null if the entry as a whole is.</param>
/// <param name="Message">The mistake in words, naming all services that have a part in it.</param>
public sealed record ServicePlanError(string Service, string? Dependency, string Message);
