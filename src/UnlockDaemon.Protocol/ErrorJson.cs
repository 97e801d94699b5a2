using System.Text.Json.Serialization;
using UnlockDaemon.Protocol.Messages;

namespace UnlockDaemon.Protocol;

/// <summary>Error parameters as JSON: each error has only those that its definition names.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ErrorParameters))]
internal sealed partial class ErrorJson : JsonSerializerContext;
