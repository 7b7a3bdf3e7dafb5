# SPDX-License-Identifier: ISC
# Shared by ./dev and tools/dev-*: packages and builds. Sourced with the working directory at
# the top of the checkout.

packages_build="gcc clang llvm libclang-rt-dev meson ninja-build pkg-config libcmocka-dev libssl-dev
 nettle-dev libunbound-dev libcrypt-dev libpam0g-dev libidn2-dev zlib1g-dev libcurl4-openssl-dev libjansson-dev
 libsqlite3-dev libnftables-dev libutf8proc-dev libpcre2-dev libc6-dev"
packages_run="openssl procps"
packages_test="python3 sudo bind9-utils thunderbird python3-pytest python3-pytest-xdist swaks curl fetchmail mutt neomutt isync offlineimap3 getmail6
 libsasl2-modules libmail-imapclient-perl libdigest-hmac-perl bsd-mailx ucspi-tcp clang-format
 netcat-openbsd nftables fail2ban openssh-server apache2-bin apache2-utils iproute2 groff-base dovecot-imapd dovecot-sieve sieve-connect"
# Ubuntu's thunderbird is a snap, which containers cannot install: its test is skipped there.
grep -q '^ID=ubuntu' /etc/os-release 2>/dev/null && packages_test=${packages_test/thunderbird /}
packages_bench="postfix dovecot-imapd dovecot-pop3d python3"

as_root() {
    if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo -n "$@"; fi
}

# Installs what is missing of the named groups. Says nothing when all is there.
need_packages() {
    local group missing= p
    for group in "$@"; do
        local list="packages_$group"
        for p in ${!list}; do
            dpkg-query -W -f='${Status}' "$p" 2>/dev/null | grep -q 'ok installed' || missing="$missing $p"
        done
    done
    [ -n "$missing" ] || return 0
    echo "installing:$missing" >&2
    as_root env DEBIAN_FRONTEND=noninteractive apt-get update -qq
    # A mail server's package must not start one on this machine.
    as_root env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 \
        apt-get install -y -qq --no-install-recommends $missing >&2
}

# build NAME: configures on first use, then builds; quiet unless it fails.
build() {
    local name=$1 dir="build/$1" log status
    if [ ! -f "$dir/build.ninja" ]; then
        mkdir -p build
        case "$name" in
        dev) meson setup "$dir" ;;
        clang) CC=clang meson setup "$dir" ;;
        release) meson setup "$dir" -Dbuildtype=release -Ddebug=true -Dfaults=false -Dbench=true ;;
        asan) meson setup "$dir" -Db_sanitize=address,undefined -Dstatic=false ;;
        power) meson setup "$dir" -Dstatic=false -Dpower=true ;; # programs that can be preloaded
        fuzz) CC=clang meson setup "$dir" -Dfuzz=true -Dstatic=false -Db_lundef=false \
            -Db_sanitize=address,undefined ;;
        *) echo "no build called $name"; false ;;
        esac >"$dir.setup" 2>&1 || { status=$?; cat "$dir.setup" >&2; return "$status"; }
    fi
    log=$(mktemp)
    if ! ninja -C "$dir" >"$log" 2>&1; then
        grep -v '^\[' "$log" >&2 || cat "$log" >&2
        rm -f "$log"
        return 1
    fi
    rm -f "$log"
}

# install_programs BUILD_DIR TARGET: the programs as an installed host has them, and the old names.
install_programs() {
    local from=$1 to=$2 f
    mkdir -p "$to"
    for f in "$from"/src/twinpost "$from"/src/twinpost-*; do
        [ -f "$f" ] && [ -x "$f" ] && cp -f --remove-destination "$f" "$to/"
    done
    return 0
}

# True while process $1 runs (a zombie that nobody has collected yet does not).
runs() {
    [ -n "${1:-}" ] && [ -d "/proc/$1" ] && ! grep -q '^State:[[:space:]]*Z' "/proc/$1/status" 2>/dev/null
}
