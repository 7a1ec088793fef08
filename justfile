# What developers and `.ci/run` do, each by one name. `just --list` shows them.

set shell := ["bash", "-euo", "pipefail", "-c"]

target := env("CARGO_TARGET_DIR", justfile_directory() / "target")
python := justfile_directory() / "tests/e2e/.venv/bin/python"

_default:
    @just --list --unsorted

# Install what the other recipes need (again and again, if you like)
setup:
    bash tests/setup.sh

# What must hold before a commit, besides the tests
check: fmt-check lint doc deny fuzz-lock

# Format everything
fmt:
    cargo fmt --all

fmt-check:
    cargo fmt --all --check

# Clippy; a warning fails
lint:
    cargo clippy --locked --workspace --all-targets -- --deny warnings

# Build the documentation; a broken link fails
doc:
    RUSTDOCFLAGS="--deny warnings" cargo doc --locked --workspace --no-deps

# Licences, sources and banned crates (deny.toml)
deny:
    cargo deny --locked check bans licenses sources

# The fuzz targets' lock file: cargo-fuzz would change it without a word
fuzz-lock:
    cd tests/fuzz && cargo tree --locked --quiet >/dev/null

# Unit tests, vectors, transcripts: no network, no other tool
test:
    cargo test --locked --workspace

# Register and sign in at real relying parties, and what needs a real process (tests/e2e)
e2e:
    @[ -x {{ python }} ] || { printf 'error: %s is missing\nhint: run `just setup`\n' {{ python }} >&2; exit 1; }
    cargo build --locked --profile e2e --package softhello
    {{ python }} tests/e2e/e2e.py {{ target }}/e2e/softhello

# Speed, beside passkey-authenticator in the same run
bench:
    cargo bench --locked --package softhello-tests

# Ceremonies a second in Chromium, beside its own virtual authenticator in the same run
bench-browser *ARGS:
    cargo build --locked --release --package softhello
    node tests/e2e/browser/speed.mjs {{ target }}/release/softhello {{ ARGS }}

# Lines of crates/ctap/src that the crate's own tests reach; fails under 95 %
coverage:
    #!/usr/bin/env bash
    set -euo pipefail
    # Debian's, where this toolchain has no llvm-tools of its own.
    if [ -x /usr/bin/llvm-cov-19 ]; then export LLVM_COV=/usr/bin/llvm-cov-19 LLVM_PROFDATA=/usr/bin/llvm-profdata-19; fi
    cargo llvm-cov --locked --package softhello-ctap --fail-under-lines 95

# Break each rule of api/ and extension/ in every way and see the crate's tests of commands fail: SHARD k/n is a part; never in CI
mutants SHARD="0/1":
    PROPTEST_CASES=16 cargo mutants --package softhello-ctap --file 'crates/ctap/src/api/**' --file 'crates/ctap/src/extension/**' \
        --shard '{{ trim_start_match(SHARD, "SHARD=") }}' --profile mutants --jobs 2 --minimum-test-timeout 60 \
        --output {{ target }}/mutants -- --test commands

# Run every fuzz target for SECONDS; what it found stays in tests/fuzz/artifacts
fuzz SECONDS="60": fuzz-lock
    #!/usr/bin/env bash
    set -euo pipefail
    cd tests/fuzz
    seconds="{{ trim_start_match(SECONDS, "SECONDS=") }}"
    # cargo-fuzz passes flags of nightly compilers; this lets a stable one take them.
    export RUSTC_BOOTSTRAP=1 RUST_BACKTRACE=0 CARGO_TARGET_DIR="{{ target }}/fuzz"
    cargo fuzz build --fuzz-dir .
    failed=0
    for name in $(cargo fuzz list --fuzz-dir .); do
        log="$CARGO_TARGET_DIR/$name.log"
        mkdir -p "corpus/$name"
        seeds=()
        [ ! -d "seeds/$name" ] || seeds=("seeds/$name")
        if cargo fuzz run --fuzz-dir . "$name" "corpus/$name" "${seeds[@]}" -- \
            -max_total_time="$seconds" -timeout=10 -rss_limit_mb=1024 -malloc_limit_mb=16 -print_final_stats=1 >"$log" 2>&1; then
            printf '  ok    %-24s %s\n' "$name" "$(awk '
                /number_of_executed_units/ { runs = $2 } /peak_rss_mb/ { mib = $2 }
                END { print runs " runs, at most " mib " MiB" }' "$log")"
        else
            printf '  FAIL  %s\n' "$name"
            tail -n 80 "$log"
            failed=1
        fi
    done
    [ -n "${log:-}" ] || { echo "error: tests/fuzz has no targets" >&2; exit 1; }
    exit "$failed"

# Break each rule of Windows and the tenant in every way and see a scenario fail: SHARD k/n is a part; never in CI
mutants-windows SHARD="0/1":
    cargo mutants --package softhello-windows \
        --file 'crates/windows/src/{conflict,hresult,pc,whfb}.rs' --file 'crates/windows/src/{hello,webauthn_h,world}/**' \
        --file 'crates/windows/src/tenant/{options,policy,service}.rs' \
        --shard '{{ trim_start_match(SHARD, "SHARD=") }}' --profile mutants --jobs 2 --minimum-test-timeout 60 \
        --exclude-re 'impl (JsonSchema|Serialize|Deserialize)' \
        --output {{ target }}/mutants-windows --cargo-arg=--test=scenarios -- every_scenario_comes_out_as_it_says

# The long loops (every kill, every seed), then ten minutes of every fuzz target; optimised without the release's LTO
soak:
    SOFTHELLO_SOAK=1 cargo test --locked --profile e2e --workspace
    SOFTHELLO_SOAK=1 just e2e
    just fuzz 600
