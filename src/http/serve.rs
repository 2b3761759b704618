//! The server and its limits.

use std::io;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::Server;
use actix_web::middleware::from_fn;
use actix_web::web::{self, Data, PathConfig};
use actix_web::{App, HttpServer};
use callboard_actors::message::Code;
use tracing_actix_web::TracingLogger;

use super::cors::cors;
use super::error::ApiError;
use super::gateway::Gateway;
use super::guard::guard;
use super::methods::methods;
use super::observe::{RootSpan, observe};
use super::routes;

/// How long an idle connection is kept.
const KEEP_ALIVE: Duration = Duration::from_secs(75);
/// How long the head of a request may take to arrive; a slower one is answered with 408 and cut.
const HEAD_WAIT_MAX: Duration = Duration::from_secs(10);
/// How long a client that is answered early may go on sending, so that it reads the answer before the end.
const GOODBYE_WAIT_MAX: Duration = Duration::from_secs(3);
/// How long a stopping server waits for what it has begun, seconds.
const STOP_WAIT_SECS_MAX: u64 = 10;
/// The most connections of one worker; more wait in the backlog.
const CONNECTIONS_MAX: usize = 8_192;

/// Serves on a listener until the server's handle stops it. Heads are bounded by actix-http: 96 headers, 128 KiB.
///
/// # Errors
/// The listener cannot be used.
pub fn serve(listener: TcpListener, gateway: Arc<Gateway>, workers: usize) -> io::Result<Server> {
    let gateway = Data::from(gateway);
    let server =
        HttpServer::new(move || {
            App::new()
                .app_data(gateway.clone())
                .app_data(PathConfig::default().error_handler(|error, _| {
                    ApiError::new(Code::NotFound, format!("the path is not readable: {error}")).into()
                }))
                .configure(routes::configure)
                .default_service(web::to(routes::not_found))
                .wrap(from_fn(guard))
                .wrap(from_fn(methods))
                .wrap(cors(gateway.clone()))
                .wrap(from_fn(observe))
                .wrap(TracingLogger::<RootSpan>::new())
        });
    let server = server
        .on_connect(crate::ws::line::keep)
        .workers(workers.max(1))
        // A piece of a stream goes out when it comes, not when the client has acknowledged the one before, 40 ms later.
        .tcp_nodelay(true)
        .keep_alive(KEEP_ALIVE)
        .client_request_timeout(HEAD_WAIT_MAX)
        .client_disconnect_timeout(GOODBYE_WAIT_MAX)
        // A client that closes its side is gone: its turn ends with it.
        .h1_allow_half_closed(false)
        .max_connections(CONNECTIONS_MAX)
        .shutdown_timeout(STOP_WAIT_SECS_MAX)
        .disable_signals()
        .listen(listener)?;
    Ok(server.run())
}
