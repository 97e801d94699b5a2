using System.Collections.Immutable;
using System.Reflection.Emit;
using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Reflection.PortableExecutable;

namespace UnlockDaemon.UnitTests.Architecture;

/// <summary>Which room uses which, as the compiler wrote it down: in signatures and in the bodies of methods.</summary>
internal sealed class CompiledUses : ISignatureTypeProvider<object?, object?>
{
    private const string Root = "UnlockDaemon";
    private const byte LongCode = 0xfe;

    private static readonly Dictionary<int, OperandType> s_operands = typeof(OpCodes).GetFields()
        .Select(static field => (OpCode)field.GetValue(null)!)
        .ToDictionary(static code => (int)(ushort)code.Value, static code => code.OperandType);

    private readonly HashSet<(string From, string To)> _uses = [];
    private readonly PEReader _file;
    private readonly MetadataReader _reader;
    private string _from = "";

    private CompiledUses(PEReader file) => (_file, _reader) = (file, file.GetMetadataReader());

    /// <summary>The uses between rooms, each named as its folder; those of the executable without it.</summary>
    internal static IReadOnlySet<(string From, string To)> Of(string assembly)
    {
        using PEReader file = new(File.OpenRead(assembly));
        CompiledUses uses = new(file);
        foreach (TypeDefinitionHandle type in uses._reader.TypeDefinitions)
            uses.Look(type);
        return uses._uses;
    }

    private void Look(TypeDefinitionHandle handle)
    {
        if (RoomOf(handle) is not { } room)
            return;
        _from = room;
        _uses.Add((room, room));
        TypeDefinition type = _reader.GetTypeDefinition(handle);
        Add(type.BaseType);
        foreach (InterfaceImplementationHandle implementation in type.GetInterfaceImplementations())
            Add(_reader.GetInterfaceImplementation(implementation).Interface);
        foreach (FieldDefinitionHandle field in type.GetFields())
            _reader.GetFieldDefinition(field).DecodeSignature(this, null);
        foreach (MethodDefinitionHandle method in type.GetMethods())
            Look(_reader.GetMethodDefinition(method));
    }

    private void Look(MethodDefinition method)
    {
        method.DecodeSignature(this, null);
        if (method.RelativeVirtualAddress == 0)
            return;
        MethodBodyBlock body = _file.GetMethodBody(method.RelativeVirtualAddress);
        if (!body.LocalSignature.IsNil)
            _reader.GetStandaloneSignature(body.LocalSignature).DecodeLocalSignature(this, null);
        BlobReader code = body.GetILReader();
        while (code.RemainingBytes > 0)
            Look(ref code);
    }

    private void Look(ref BlobReader code)
    {
        int operation = code.ReadByte();
        if (operation == LongCode)
            operation = (LongCode << 8) | code.ReadByte();
        switch (s_operands[operation])
        {
            case OperandType.InlineField or OperandType.InlineMethod or OperandType.InlineTok or OperandType.InlineType:
                Add(MetadataTokens.EntityHandle(code.ReadInt32()));
                break;
            case OperandType.InlineSwitch:
                for (int cases = code.ReadInt32(); cases > 0; cases--)
                    code.ReadInt32();
                break;
            case var operand:
                code.Offset += SizeOf(operand);
                break;
        }
    }

    private static int SizeOf(OperandType operand) => operand switch
    {
        OperandType.InlineNone => 0,
        OperandType.ShortInlineBrTarget or OperandType.ShortInlineI or OperandType.ShortInlineVar => 1,
        OperandType.InlineVar => 2,
        OperandType.InlineI8 or OperandType.InlineR => 8,
        _ => 4,
    };

    /// <summary>Of a member that is called, the type that has it: the rest is that type's own use.</summary>
    private object? Add(EntityHandle handle) => handle.Kind switch
    {
        _ when handle.IsNil => null,
        HandleKind.TypeReference or HandleKind.TypeDefinition => RoomOf(handle) is { } room && _uses.Add((_from, room)),
        HandleKind.TypeSpecification =>
            _reader.GetTypeSpecification((TypeSpecificationHandle)handle).DecodeSignature(this, null),
        HandleKind.MemberReference => Add(_reader.GetMemberReference((MemberReferenceHandle)handle).Parent),
        HandleKind.MethodDefinition =>
            Add(_reader.GetMethodDefinition((MethodDefinitionHandle)handle).GetDeclaringType()),
        HandleKind.FieldDefinition => Add(_reader.GetFieldDefinition((FieldDefinitionHandle)handle).GetDeclaringType()),
        HandleKind.MethodSpecification => Add(_reader.GetMethodSpecification((MethodSpecificationHandle)handle)),
        _ => null,
    };

    private object? Add(MethodSpecification method)
    {
        method.DecodeSignature(this, null);
        return Add(method.Method);
    }

    private string? RoomOf(EntityHandle handle)
    {
        (EntityHandle outer, StringHandle name) = handle.Kind == HandleKind.TypeDefinition
            ? Of(_reader.GetTypeDefinition((TypeDefinitionHandle)handle))
            : Of(_reader.GetTypeReference((TypeReferenceHandle)handle));
        if (outer.Kind is HandleKind.TypeDefinition or HandleKind.TypeReference && !outer.IsNil)
            return RoomOf(outer);
        string room = _reader.GetString(name);
        return room == Root ? Root
            : room.StartsWith(Root + ".", StringComparison.Ordinal) ? room[(Root.Length + 1)..].Replace('.', '/')
            : null;
    }

    private static (EntityHandle, StringHandle) Of(TypeDefinition type) => (type.GetDeclaringType(), type.Namespace);
    private static (EntityHandle, StringHandle) Of(TypeReference type) => (type.ResolutionScope, type.Namespace);

    // What a signature is made of; only the types in it count.
    public object? GetTypeFromDefinition(MetadataReader reader, TypeDefinitionHandle handle, byte rawTypeKind) =>
        Add(handle);
    public object? GetTypeFromReference(MetadataReader reader, TypeReferenceHandle handle, byte rawTypeKind) =>
        Add(handle);
    public object? GetTypeFromSpecification(
        MetadataReader reader, object? genericContext, TypeSpecificationHandle handle, byte rawTypeKind) =>
        Add(handle);
    public object? GetPrimitiveType(PrimitiveTypeCode typeCode) => null;
    public object? GetSZArrayType(object? elementType) => null;
    public object? GetArrayType(object? elementType, ArrayShape shape) => null;
    public object? GetByReferenceType(object? elementType) => null;
    public object? GetPointerType(object? elementType) => null;
    public object? GetPinnedType(object? elementType) => null;
    public object? GetModifiedType(object? modifier, object? unmodifiedType, bool isRequired) => null;
    public object? GetFunctionPointerType(MethodSignature<object?> signature) => null;
    public object? GetGenericMethodParameter(object? genericContext, int index) => null;
    public object? GetGenericTypeParameter(object? genericContext, int index) => null;
    public object? GetGenericInstantiation(object? genericType, ImmutableArray<object?> typeArguments) => null;
}
