//! The port: who comes in, and by which of the two wires.

use std::io;
use std::sync::{Arc, mpsc as blocking};
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::mpsc;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::Role;

use super::faults::{Door, Trouble};
use super::http::{Request, Response, Wire};
use super::record::{Call, Login};
use super::{Shared, ddp, rest};

/// How many may wait to be let in.
const BACKLOG: u32 = 1024;

/// What the port is told; the sender hears when it is done.
pub struct Order {
    /// How it is to behave.
    pub door: Door,
    /// Where that is said.
    pub done: blocking::Sender<()>,
}

/// Starts the server on a thread of its own; its port, and where it takes orders. It ends when nobody can give it any.
pub fn start(shared: Arc<Shared>) -> (u16, mpsc::UnboundedSender<Order>) {
    let (orders, mut ordered) = mpsc::unbounded_channel::<Order>();
    let (tell, told) = blocking::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async move {
            // Bound and never listened on: the port stays ours while nobody is let in.
            let place = bound(0);
            let port = place.local_addr().expect("an address").port();
            let (mut door, mut listener) = (Door::Open, Some(listen(port)));
            tell.send(port).expect("a test that waits");
            loop {
                tokio::select! {
                    order = ordered.recv() => {
                        let Some(order) = order else { return };
                        door = order.door;
                        listener = match door {
                            Door::Refuse => None,
                            Door::Open | Door::HangUp => Some(listener.take().unwrap_or_else(|| listen(port))),
                        };
                        // Whoever gave it may have gone.
                        let _ = order.done.send(());
                    }
                    stream = accept(listener.as_ref()) => {
                        if door == Door::Open {
                            tokio::spawn(connection(stream, Arc::clone(&shared)));
                        }
                    }
                }
            }
        });
    });
    (told.recv().expect("a server"), orders)
}

fn bound(port: u16) -> TcpSocket {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.set_reuseaddr(true).expect("a shared port");
    socket.bind(([127, 0, 0, 1], port).into()).expect("a free port");
    socket
}

fn listen(port: u16) -> TcpListener {
    bound(port).listen(BACKLOG).expect("a listener")
}

async fn accept(listener: Option<&TcpListener>) -> TcpStream {
    match listener {
        Some(listener) => listener.accept().await.expect("a connection").0,
        None => std::future::pending().await,
    }
}

async fn connection(stream: TcpStream, shared: Arc<Shared>) {
    let mut cut = shared.cut.subscribe();
    stream.set_nodelay(true).expect("a socket");
    let mut wire = Wire::new(stream);
    loop {
        let request = tokio::select! {
            biased;
            _ = cut.changed() => return,
            request = wire.request() => request,
        };
        // Whoever breaks off or sends no HTTP is not answered.
        let Ok(Some(request)) = request else { return };
        if request.path == "/websocket" && request.header("upgrade").is_some() {
            return upgrade(wire, &request, shared).await;
        }
        let answered = tokio::select! {
            biased;
            _ = cut.changed() => return,
            answered = exchange(&mut wire, &request, &shared) => answered,
        };
        if answered.is_err() || request.header("connection").is_some_and(|how| how.eq_ignore_ascii_case("close")) {
            return;
        }
    }
}

/// Answers one request as its route is troubled; an error ends the connection.
async fn exchange(wire: &mut Wire, request: &Request, shared: &Shared) -> io::Result<()> {
    let route = rest::route(request);
    let trouble = shared.world().faults.take(&route);
    let cut = || Err(io::Error::other("cut, as it was asked for"));
    match trouble {
        None => {
            let response = answer(request, &route, shared);
            wire.answer(&response).await
        }
        Some(Trouble::Slow(time)) => {
            let response = answer(request, &route, shared);
            tokio::time::sleep(time).await;
            wire.answer(&response).await
        }
        Some(Trouble::CommitThenCut) => {
            let mut response = answer(request, &route, shared);
            // A body of one byte would arrive whole.
            response.body.extend_from_slice(b"  ");
            wire.half(&response).await?;
            cut()
        }
        Some(Trouble::RefuseThenCut) => {
            note(shared, request, &route, 0);
            cut()
        }
        Some(Trouble::Endless) => {
            note(shared, request, &route, 0);
            wire.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n{\"success\":true,\"x\":\"").await?;
            loop {
                wire.write(&[b'x'; 16 * 1024]).await?;
            }
        }
        Some(trouble) => {
            let response = page(&trouble, shared);
            note(shared, request, &route, response.status);
            wire.answer(&response).await
        }
    }
}

fn answer(request: &Request, route: &str, shared: &Shared) -> Response {
    let response = rest::answer(&mut shared.world(), request, route);
    note(shared, request, route, response.status);
    response
}

fn note(shared: &Shared, request: &Request, route: &str, status: u16) {
    let login = if request.header("x-auth-token").is_some() { Login::Shown } else { Login::Absent };
    let call = Call { route: route.to_owned(), path: request.path.clone(), status, login };
    shared.world().record.calls.push(call);
}

/// Returns the answer of a request that has no effect.
fn page(trouble: &Trouble, shared: &Shared) -> Response {
    match trouble {
        Trouble::Html(status) => {
            let page =
                "<!DOCTYPE html>\n<html><head><title>Please wait</title></head><body><h1>Please wait</h1></body></html>\n";
            Response::bytes(*status, "text/html; charset=utf-8", page.as_bytes().to_vec())
        }
        Trouble::Limited(seconds) => {
            let reset_ms = shared.world().now_ms() + i64::try_from(seconds * 1000).expect("some seconds");
            rest::limited(*seconds, reset_ms)
        }
        Trouble::Refused(reason) => {
            let body = serde_json::json!({ "success": false, "error": format!("Not allowed [{reason}]"), "errorType": reason });
            Response::bytes(400, "application/json", body.to_string().into_bytes())
        }
        Trouble::Status(status) => Response::bytes(*status, "text/plain", b"upstream connect error".to_vec()),
        Trouble::Slow(_) | Trouble::CommitThenCut | Trouble::RefuseThenCut | Trouble::Endless => {
            unreachable!("these are answered elsewhere")
        }
    }
}

async fn upgrade(mut wire: Wire, request: &Request, shared: Arc<Shared>) {
    let trouble = shared.world().faults.take("websocket");
    match trouble {
        None => {}
        Some(Trouble::Slow(time)) => tokio::time::sleep(time).await,
        Some(Trouble::CommitThenCut | Trouble::RefuseThenCut | Trouble::Endless) => {
            return note(&shared, request, "websocket", 0);
        }
        Some(trouble) => {
            let response = page(&trouble, &shared);
            note(&shared, request, "websocket", response.status);
            // It ends here in either case.
            let _ = wire.answer(&response).await;
            return;
        }
    }
    note(&shared, request, "websocket", 101);
    let key = derive_accept_key(request.header("sec-websocket-key").unwrap_or_default().as_bytes());
    let head = format!(
        "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\nsec-websocket-accept: {key}\r\n\r\n"
    );
    if wire.write(head.as_bytes()).await.is_ok() {
        let (stream, read) = wire.into_parts();
        ddp::serve(WebSocketStream::from_partially_read(stream, read, Role::Server, None).await, shared).await;
    }
}

/// How long a test waits for the port to obey.
pub const OBEY_WITHIN: Duration = Duration::from_secs(10);
