//! Where the gateway is, as clients are shown it.

use nix::ifaddrs::getifaddrs;

use crate::config::Paths;
use crate::ws::Places;

/// Looks at the machine.
pub(super) fn of(paths: &Paths) -> Places {
    let host = nix::unistd::gethostname().ok().and_then(|name| name.into_string().ok());
    Places {
        host: host.unwrap_or_else(|| "localhost".to_owned()),
        ip: address(),
        config_path: paths.config_file.clone(),
        state_dir: paths.state_dir.clone(),
        logs_dir: paths.logs_dir(),
        workspace: paths.workspace.clone(),
        canvas_host: None,
    }
}

/// Returns the machine's first address beside the loopback.
fn address() -> Option<String> {
    let interfaces = getifaddrs().ok()?;
    let mut addresses = interfaces.filter_map(|interface| interface.address?.as_sockaddr_in().map(|found| found.ip()));
    addresses.find(|address| !address.is_loopback() && !address.is_link_local()).map(|address| address.to_string())
}
