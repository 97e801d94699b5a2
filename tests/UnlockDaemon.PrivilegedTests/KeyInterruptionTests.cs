using Xunit;

namespace UnlockDaemon.PrivilegedTests;

/// <summary>
/// "unlockctl key", killed at every second of its writes to the container, or overtaken by another operator's;
/// cryptsetup tells which slots open.
/// </summary>
/// <remarks>
/// No device-mapper is needed for that, so it is done here, where tracing is quick, and not in a guest.
/// </remarks>
[Collection(UnlockctlScript.KeyTurns)]
public sealed class KeyInterruptionTests : IDisposable
{
    // Prints a line for each run: which of the three passphrases opens, and how the run ended. The first is killed at
    // its first write, the last gets through.
    private const string Script = """
        cd "$1" || exit 1
        printf first >first; printf second >second; printf third >third
        truncate -s 20M before
        cryptsetup luksFormat -q --pbkdf pbkdf2 --pbkdf-force-iterations 1000 before first
        cryptsetup luksAddKey -q --pbkdf pbkdf2 --pbkdf-force-iterations 1000 --key-file first before second
        ./unlockctl key name 1 anna --container before >/dev/null || exit 1
        for write in $(seq 1 2 40); do
            cp --sparse=always before container
            strace -f -qq -P "$1/container" -e trace=write -e inject=write:signal=SIGKILL:when=$write -o /dev/null \
                ./unlockctl key $2 --container "$1/container" >/dev/null 2>&1
            code=$?
            for key in first second third; do
                cryptsetup open --test-passphrase --key-file $key container 2>/dev/null && echo -n "$key "
            done
            echo $code
            [ $code != 0 ] || exit 0
        done
        """;

    // Prints what the run says, how it ended, and which passphrases open; the slot becomes boris's while it waits.
    private const string OvertakenScript = """
        cd "$1" || exit 1
        printf first >first; printf second >second; printf third >third; printf boris >boris
        truncate -s 20M container
        cryptsetup luksFormat -q --pbkdf pbkdf2 --pbkdf-force-iterations 1000 container first
        cryptsetup luksAddKey -q --pbkdf pbkdf2 --pbkdf-force-iterations 1000 --key-file first container second
        ./unlockctl key name 1 anna --container container >/dev/null || exit 1
        mkfifo new
        ./unlockctl key $2 --container container --passphrase-file second --new-passphrase-file new >said 2>&1 &
        exec 3>new
        ./unlockctl key remove anna --container container --passphrase-file first >/dev/null || exit 1
        ./unlockctl key add --name boris --container container --iter-time 50 --passphrase-file first \
            --new-passphrase-file boris >/dev/null || exit 1
        printf third >&3; exec 3>&-
        wait $!
        echo "$? $(tail -n 1 said)"
        for key in first second third boris; do
            cryptsetup open --test-passphrase --key-file $key container 2>/dev/null && echo $key
        done
        true
        """;

    private readonly UnlockctlScript _scripts = new();

    public void Dispose() => _scripts.Dispose();

    [Fact]
    public void ChangeHasTheNewSlotBeforeTheOldOneGoes()
    {
        string[] lines = Run("change --iter-time 50 --passphrase-file second --new-passphrase-file third");
        Assert.Equal("first third 0", lines[^1]);
        Assert.All(lines, static line => Assert.Matches("^first (second|second third|third) (0|137)$", line));
        Assert.Contains("first second 137", lines);
        Assert.Contains("first second third 137", lines);
        Assert.Contains("first third 137", lines);
    }

    [Fact]
    public void AddLeavesTheOtherSlotsAlone()
    {
        string[] lines = Run("add --name boris --iter-time 50 --passphrase-file first --new-passphrase-file third");
        Assert.Equal("first second third 0", lines[^1]);
        Assert.All(lines, static line => Assert.Matches("^first second (third )?(0|137)$", line));
        Assert.Contains("first second 137", lines);
    }

    [Fact]
    public void RemoveTakesThatSlotAlone()
    {
        string[] lines = Run("remove anna --passphrase-file first");
        Assert.Equal("first 0", lines[^1]);
        Assert.All(lines, static line => Assert.Matches("^first (second )?(0|137)$", line));
        Assert.Contains("first 137", lines);
    }

    [Theory]
    [InlineData("change --iter-time 50")]
    [InlineData("add --name clara --iter-time 50")]
    public void SlotThatIsAnothersByNowIsLeftAlone(string command)
    {
        string[] lines = Run(command, OvertakenScript);
        Assert.Equal(
            ["1 unlockctl: the slots have been changed meanwhile: look at 'unlockctl key list'", "first", "boris"],
            lines);
    }

    private string[] Run(string command, string script = Script) => _scripts.Run(script, command);
}
