//! A stand-in for an OpenAI-compatible backend that answers at once.

use actix_web::dev::ServerHandle;
use actix_web::web::{Bytes, Json};
use actix_web::{App, HttpResponse, HttpServer, web};
use serde::Deserialize;

/// What a stream sends: three pieces and the end.
const STREAM: &str = concat!(
    "data: {\"id\":\"c1\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"The answer \"},\"finish_reason\":null}]}\n\n",
    "data: {\"id\":\"c1\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"comes in \"},\"finish_reason\":null}]}\n\n",
    "data: {\"id\":\"c1\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"three pieces.\"},\"finish_reason\":\"stop\"}]}\n\n",
    "data: [DONE]\n\n"
);
/// What is answered at once.
const WHOLE: &str = "{\"id\":\"c1\",\"object\":\"chat.completion\",\"created\":1,\"model\":\"m\",\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":\"The answer comes in three pieces.\"},\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":6,\"total_tokens\":15}}";

/// The backend, on a thread of its own; it ends with its value.
pub struct StandIn {
    /// Where it listens.
    pub port: u16,
    handle: ServerHandle,
}

#[derive(Deserialize)]
struct Asked {
    #[serde(default)]
    stream: bool,
}

impl StandIn {
    /// Starts it.
    pub fn start() -> Self {
        let (tell, told) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            actix_web::rt::System::new().block_on(async move {
                let server = HttpServer::new(|| App::new().route("/v1/chat/completions", web::post().to(answer)))
                    .workers(1)
                    .tcp_nodelay(true)
                    .disable_signals()
                    .bind(("127.0.0.1", 0))
                    .expect("a free port");
                let port = server.addrs()[0].port();
                let server = server.run();
                tell.send((port, server.handle())).expect("whoever waits");
                server.await
            })
        });
        let (port, handle) = told.recv().expect("a backend");
        Self { port, handle }
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        drop(self.handle.stop(false));
    }
}

async fn answer(asked: Json<Asked>) -> HttpResponse {
    if !asked.stream {
        return HttpResponse::Ok().content_type("application/json").body(WHOLE);
    }
    let once = futures_util::stream::iter([Ok::<_, actix_web::Error>(Bytes::from_static(STREAM.as_bytes()))]);
    HttpResponse::Ok().content_type("text/event-stream").streaming(once)
}
