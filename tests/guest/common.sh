# shellcheck shell=bash
# What build and image share: the cache directory, messages, keys and locks. Sourced, not run.

guest_dir=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
# Used by the scripts that source this file.
# shellcheck disable=SC2034
fixtures_dir=$(readlink -f "$guest_dir/../fixtures/billing")
cache_dir=${UNLOCKD_CACHE:-/var/cache/unlockd-build}

say() { printf 'guest image: %s\n' "$*" >&2; }

fail() {
    printf 'guest image: %s\n' "$*" >&2
    exit 1
}

require_root() {
    [ "$(id -u)" -eq 0 ] || fail "must run as root (it makes device nodes and changes root); try: sudo $0 $*"
}

# digest FILE|DIR...  - one short word for the names, modes and contents of all of them
digest() {
    local path
    for path; do
        if [ -d "$path" ]; then
            (cd "$path" && find . -type f -printf '%m %p\n' | sort)
            (cd "$path" && find . -type f -print0 | sort -z | xargs -0 sha256sum)
        else
            sha256sum <"$path"
        fi
    done | sha256sum | cut -c1-16
}

# lock NAME  - until this script ends nobody else makes NAME; file descriptor 9 holds the lock
lock() {
    mkdir -p "$cache_dir"
    exec 9>"$cache_dir/$1.lock"
    flock -n 9 && return
    say "another run is making $1; waiting for it"
    flock 9
}

# The key that every guest's root accepts.
make_ssh_key() {
    [ ! -e "$cache_dir/ssh/id_ed25519" ] || return 0
    install -d -m 700 "$cache_dir/ssh"
    ssh-keygen -q -t ed25519 -N '' -C unlockd-rig -f "$cache_dir/ssh/id_ed25519"
}

# Where script kernel puts User-Mode Linux, whether it has already or not.
kernel_dir=$cache_dir/kernel-$(digest "$guest_dir/kernel" "$guest_dir/linux")

# tree_archive SUITE  - where the tree of that suite lies, whether it exists already or not
tree_archive() {
    local key
    key=$(digest "$guest_dir/customise" "$guest_dir/tree-packages" "$guest_dir/tree" "$fixtures_dir/utm5.sql" \
        <(ls "$kernel_dir/usr/lib/uml/modules") "$cache_dir/ssh/id_ed25519.pub")
    printf '%s/tree-%s-%s.tar\n' "$cache_dir" "$1" "$key"
}

# install_packages LIST  - installs those of the packages named in that file here that the host does not have
install_packages() {
    local package
    local -a missing=()
    while read -r package; do
        [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
    done <"$guest_dir/$1"
    [ ${#missing[@]} -gt 0 ] || return 0
    say "installing Debian packages: ${missing[*]}"
    apt-get -q update >&2
    DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends install "${missing[@]}" >&2
}
