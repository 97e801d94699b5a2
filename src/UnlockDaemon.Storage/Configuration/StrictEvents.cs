using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace UnlockDaemon.Storage.Configuration;

/// <summary>
/// The events of a YAML document, less what a configuration has no use for: keys that repeat are reported and passed
/// over, so that the rest can still be checked; aliases, keys that are not words, and a second document end it.
/// </summary>
internal sealed class StrictEvents(IParser inner, Findings findings) : IParser
{
    private const int MaximumDepth = 8;

    private readonly Stack<Collection> _open = new();
    private bool _began;

    public ParsingEvent? Current => inner.Current;

    public bool MoveNext()
    {
        while (inner.MoveNext())
        {
            if (Accept(inner.Current!))
                return true;
            Pass();
        }

        return false;
    }

    private static YamlException Refusal(ParsingEvent at, string message) => new(at.Start, at.End, message);

    private bool Accept(ParsingEvent current)
    {
        switch (current)
        {
            case DocumentStart when _began:
                throw Refusal(current, "a second document begins here; a configuration is a single one");
            case DocumentStart:
                _began = true;
                return true;
            case AnchorAlias alias:
                throw Refusal(current, $"*{alias.Value} stands for a value elsewhere; write the value itself");
            case MappingEnd or SequenceEnd:
                _open.Pop();
                return true;
            default:
                return current is not NodeEvent node || AcceptNode(node);
        }
    }

    private bool AcceptNode(NodeEvent node)
    {
        bool isKey = _open.TryPeek(out Collection? around) && around.TakeTurn();
        if (isKey && !AcceptKey(node, around!))
            return false;
        if (node is MappingStart or SequenceStart)
            _open.Push(new Collection(node is MappingStart));
        if (_open.Count > MaximumDepth)
            throw Refusal(node, "this is nested deeper than any configuration is");
        return true;
    }

    private bool AcceptKey(NodeEvent node, Collection around)
    {
        if (node is not Scalar key)
            throw Refusal(node, "a list or a mapping cannot be a key; write a plain word");
        if (around.Keys.TryAdd(key.Value, key.Start.Line))
            return true;
        around.TakeTurn();
        findings.Add(key.Start,
            $"\"{key.Value}\" is there twice, first in line {around.Keys[key.Value]}; keep one of the two");
        return false;
    }

    // Passes over the value of a key that was not accepted.
    private void Pass()
    {
        int depth = 0;
        do
        {
            if (!inner.MoveNext())
                return;
            depth += inner.Current!.NestingIncrease;
        }
        while (depth > 0);
    }

    private sealed class Collection(bool isMapping)
    {
        private bool _atValue = true;

        internal Dictionary<string, long> Keys { get; } = new(StringComparer.Ordinal);

        /// <summary>Counts one more node; keys and values of a mapping take turns.</summary>
        /// <returns>Whether the node is a key.</returns>
        internal bool TakeTurn()
        {
            _atValue = !_atValue;
            return isMapping && !_atValue;
        }
    }
}
