using System.Text.Json.Serialization;
using UnlockDaemon.Protocol.Messages;

namespace UnlockDaemon.Protocol;

/// <summary>The messages as JSON, without reflection. No message that carries a secret is here.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow)]
[JsonSerializable(typeof(StatusReply))]
[JsonSerializable(typeof(EventReply))]
[JsonSerializable(typeof(UnlockReply))]
[JsonSerializable(typeof(LockParameters))]
[JsonSerializable(typeof(GrowParameters))]
[JsonSerializable(typeof(GrowReply))]
[JsonSerializable(typeof(LockReply))]
[JsonSerializable(typeof(HoldersReply))]
[JsonSerializable(typeof(ServiceInfoReply))]
[JsonSerializable(typeof(InterfaceParameters))]
[JsonSerializable(typeof(InterfaceReply))]
[JsonSerializable(typeof(Nothing))]
[JsonSerializable(typeof(ChecksReply))]
[JsonSerializable(typeof(VolumeInfo))]
[JsonSerializable(typeof(Certificate))]
[JsonSerializable(typeof(IdentifyReply))]
[JsonSerializable(typeof(KeySlotInfo))]
[JsonSerializable(typeof(KeySlotsReply))]
public sealed partial class ProtocolJson : JsonSerializerContext;

/// <summary>Error parameters as JSON: each error has only those that its definition names.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ErrorParameters))]
internal sealed partial class ErrorJson : JsonSerializerContext;
