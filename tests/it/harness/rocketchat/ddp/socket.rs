//! One connection's life.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

use super::super::Shared;
use super::super::world::Out;

/// After how much quiet a ping is sent.
const QUIET: Duration = Duration::from_millis(17_500);
/// How long its answer may take.
const PONG_WITHIN: Duration = Duration::from_secs(15);

/// What a connection waits for next.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Beat {
    /// Quiet, then to send a ping.
    Ping,
    /// Any frame, or the end.
    Pong,
}

/// Speaks with a client until one of both ends.
pub async fn serve(mut socket: WebSocketStream<TcpStream>, shared: Arc<Shared>) {
    let (id, mut orders) = shared.world().sockets.open();
    shared.world().record.sockets += 1;
    let mut cut = shared.cut.subscribe();
    let hello = Message::text(r#"{"server_id":"0"}"#);
    if socket.send(hello).await.is_err() {
        return shared.world().sockets.close(id);
    }
    let (mut beat, mut due) = (Beat::Ping, Instant::now() + QUIET);
    loop {
        tokio::select! {
            // What was ordered counts before what comes in: a frozen socket hears nothing more.
            biased;
            _ = cut.changed() => break,
            order = orders.recv() => match order {
                Some(Out::Text(text)) => if socket.send(Message::text(text)).await.is_err() { break },
                Some(Out::Binary(bytes)) => if socket.send(Message::binary(bytes)).await.is_err() { break },
                Some(Out::Freeze) => { freeze(&mut orders, &mut cut).await; break },
                Some(Out::Close) => { let _ = socket.close(None).await; break },
                Some(Out::Cut) | None => break,
            },
            frame = socket.next() => match frame {
                Some(Ok(Message::Text(text))) => {
                    (beat, due) = (Beat::Ping, Instant::now() + QUIET);
                    super::hear(&mut shared.world(), id, &text);
                }
                Some(Ok(Message::Close(_)) | Err(_)) | None => break,
                Some(Ok(_)) => {}
            },
            () = tokio::time::sleep_until(due) => match beat {
                Beat::Ping => {
                    (beat, due) = (Beat::Pong, Instant::now() + PONG_WITHIN);
                    if socket.send(Message::text(r#"{"msg":"ping"}"#)).await.is_err() { break }
                }
                Beat::Pong => { let _ = socket.close(None).await; break }
            },
        }
    }
    shared.world().sockets.close(id);
}

/// Does nothing at all until it is told to end: the other side sees a link that is open and silent.
async fn freeze(orders: &mut mpsc::Receiver<Out>, cut: &mut tokio::sync::watch::Receiver<u64>) {
    loop {
        tokio::select! {
            order = orders.recv() => match order {
                Some(Out::Cut | Out::Close) | None => return,
                Some(_) => {}
            },
            _ = cut.changed() => return,
        }
    }
}
