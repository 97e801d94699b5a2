using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace UnlockDaemon.Storage.Configuration;

/// <summary>The mistakes found so far in one file.</summary>
internal sealed class Findings(string file)
{
    private readonly List<ConfigurationError> _errors = [];

    internal bool Any => _errors.Count > 0;

    internal void Add(Mark at, string message) =>
        _errors.Add(new ConfigurationError(file, (int)at.Line, (int)at.Column, message));

    internal void Add(YamlNode at, string message) => Add(at.Start, message);

    internal IReadOnlyList<ConfigurationError> InOrder()
    {
        // A stable order: two mistakes at one place stay as they were found.
        _errors.Sort((left, right) => (left.Line, left.Column).CompareTo((right.Line, right.Column)));
        return _errors;
    }
}
