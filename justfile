# Everything before a commit: formatting, lints with warnings denied, tests.
check:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets --locked -- -D warnings
    tests/run

# Rebuilds and restarts a development gateway whenever a source file changes.
watch:
    #!/usr/bin/env bash
    set -euo pipefail
    stamp() { find src actors/src Cargo.toml -type f -printf '%T@ %p\n' | sort | sha256sum; }
    gateway=""
    trap '[ -z "$gateway" ] || kill "$gateway" 2>/dev/null' EXIT
    before=""
    while true; do
        now=$(stamp)
        if [ "$now" != "$before" ]; then
            before=$now
            if cargo build; then
                [ -z "$gateway" ] || { kill "$gateway" 2>/dev/null && wait "$gateway" || true; }
                target/debug/callboard --dev gateway & gateway=$!
            fi
        fi
        sleep 1
    done

# The figures of the design, each beside what it is compared to.
bench *ARGS:
    cargo bench --locked --bench figures -- {{ARGS}}

# Rewrites the references that are generated from the types.
docs:
    UPDATE_DOCS=1 cargo test --workspace --locked docs
