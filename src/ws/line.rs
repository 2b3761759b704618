//! A second handle on a connection, for ending it when its other side does not read: behind a full write buffer nothing of it is
//! polled any more.

use std::any::Any;
use std::os::fd::{AsFd as _, AsRawFd as _, OwnedFd};
use std::sync::Arc;

use actix_web::HttpRequest;
use actix_web::dev::Extensions;
use callboard_actors::client::Cutter;
use nix::sys::socket::{Shutdown, shutdown};

struct Line(Arc<OwnedFd>);

/// Keeps the handle. A connection of which none can be had is ended by the system's own limits.
pub(crate) fn keep(connection: &dyn Any, data: &mut Extensions) {
    let stream = connection.downcast_ref::<actix_web::rt::net::TcpStream>();
    if let Some(line) = stream.and_then(|stream| stream.as_fd().try_clone_to_owned().ok()) {
        data.insert(Line(Arc::new(line)));
    }
}

/// Returns what ends the connection of a request.
pub(super) fn cutter(request: &HttpRequest) -> Cutter {
    let line = request.conn_data::<Line>().map(|Line(line)| Arc::clone(line));
    Arc::new(move || {
        if let Some(line) = &line {
            // One that is closed already is as good.
            let _ = shutdown(line.as_raw_fd(), Shutdown::Both);
        }
    })
}
