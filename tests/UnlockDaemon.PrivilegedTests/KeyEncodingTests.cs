using Xunit;

namespace UnlockDaemon.PrivilegedTests;

/// <summary>
/// "unlockctl key" on a volume of a console with KOI8-R: what it takes is converted as unlocking converts it;
/// cryptsetup tells which bytes open the container.
/// </summary>
[Collection(UnlockctlScript.KeyTurns)]
public sealed class KeyEncodingTests : IDisposable
{
    // In a mount namespace of its own, where /etc/unlockd is another directory.
    private const string Script = """
        [ "$2" = inside ] || exec unshare -m bash -c "$BASH_EXECUTION_STRING" bash "$1" inside
        cd "$1" && mkdir -p etc /etc/unlockd && mount --bind etc /etc/unlockd || exit 1
        printf 'volume:\n  container: %s\n  mount_point: %s\n  passphrase_encoding: koi8-r\n' \
            "$1/container" "$1/mount" >etc/unlockd.yaml
        printf старый >old; printf новый >new; printf третий >third; printf パスワード >none
        for file in old new third; do iconv -f utf-8 -t koi8-r $file >$file.bytes; done
        truncate -s 20M container
        cryptsetup luksFormat -q --pbkdf pbkdf2 --pbkdf-force-iterations 1000 container old.bytes
        run() { ./unlockctl key "$@" 2>&1 | tail -n 1; echo ${PIPESTATUS[0]}; }
        run change --iter-time 50 --passphrase-file old --new-passphrase-file new
        # Bytes that are not UTF-8 are taken as they are; the container may be named, and by any path.
        run add --name boris --iter-time 50 --container ./container --passphrase-file new.bytes \
            --new-passphrase-file third
        run add --name clara --passphrase-file third --new-passphrase-file none
        run remove boris --passphrase-file none
        for key in old old.bytes new new.bytes third third.bytes; do
            cryptsetup open --test-passphrase --key-file $key container 2>/dev/null && echo $key
        done
        cp container copy
        run remove boris --container copy --passphrase-file new
        """;

    private readonly UnlockctlScript _scripts = new();

    public void Dispose() => _scripts.Dispose();

    [Fact]
    public void EveryPromptOpensWhatWasChanged()
    {
        const string NoPlace = "a character of it does not exist in koi8-r (volume.passphrase_encoding)";
        Assert.Equal(
            [
                "slot 1: changed: the old passphrase opens nothing any more", "0",
                "slot 0, 'boris': added", "0",
                "unlockctl: choose another passphrase: " + NoPlace, "1",
                "unlockctl: wrong passphrase: " + NoPlace, "2",
                "new.bytes", "third.bytes",
                "unlockctl: wrong passphrase: nothing was removed", "2",
            ],
            _scripts.Run(Script));
    }
}
