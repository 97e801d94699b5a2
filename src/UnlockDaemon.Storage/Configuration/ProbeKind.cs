namespace UnlockDaemon.Storage.Configuration;

/// <summary>The ways to find out whether a service is ready.</summary>
public enum ProbeKind
{
    /// <summary>A command that exits with 0.</summary>
    Exec,

    /// <summary>A TCP port that accepts: <c>HOST:PORT</c>.</summary>
    Tcp,

    /// <summary>A Unix socket that accepts: its path.</summary>
    Unix,

    /// <summary>A MySQL or MariaDB server that greets: <c>HOST:PORT</c> or the path of its socket.</summary>
    Mysql,
}
