//! How many descriptors the process may have open: each connection holds two, and a service manager's usual bound is 1,024.

use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// Raises the bound as far as the system lets any program. One that cannot be raised is logged and lived with: whoever connects
/// beyond it waits.
pub(super) fn raise() {
    let raised = getrlimit(Resource::RLIMIT_NOFILE).and_then(|(soft, hard)| {
        if soft < hard {
            setrlimit(Resource::RLIMIT_NOFILE, hard, hard)?;
        }
        Ok((soft, hard))
    });
    match raised {
        Ok((soft, hard)) => tracing::debug!(event = "gateway.descriptors", before = soft, now = hard),
        Err(error) => tracing::warn!(event = "gateway.descriptors", "the bound of open files stays as it is: {error}"),
    }
}
