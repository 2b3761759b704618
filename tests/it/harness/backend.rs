//! A stand-in for the platform's backend, with scripted answers.

use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::http::StatusCode;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use serde_json::{Value, json};

use super::mosquitto::GATEWAY_USER;

/// One of the two paths of the config call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    /// `/api/openclaw/chat/config`
    Brief,
    /// `/openapi/v1/openclaw/chat/config`
    Later,
}

/// What a path answers.
#[derive(Clone, Debug)]
pub enum Reply {
    /// 200 with this body.
    Config(Value),
    /// A status with this body.
    Status(u16, String),
    /// Nothing for so long.
    Silence(Duration),
}

struct Script {
    brief: Reply,
    later: Reply,
    /// Path and query of each call, in order.
    calls: Vec<String>,
}

/// A backend; it ends with its value.
pub struct Backend {
    /// Where it listens, `http://127.0.0.1:port`.
    pub url: String,
    script: Arc<Mutex<Script>>,
    handle: ServerHandle,
}

impl Backend {
    /// Starts a backend that answers the brief path with this config and does not know the other.
    pub fn start(config: Value) -> Self {
        let brief = Reply::Config(config);
        let script = Arc::new(Mutex::new(Script { brief, later: not_found(), calls: Vec::new() }));
        let (tell, told) = mpsc::channel();
        let served = Arc::clone(&script);
        // On a thread of its own, so that a test may block its own.
        std::thread::spawn(move || {
            actix_web::rt::System::new().block_on(async move {
                let data = web::Data::from(served);
                let server = HttpServer::new(move || {
                    App::new()
                        .app_data(data.clone())
                        .route("/api/openclaw/chat/config", web::get().to(brief_door))
                        .route("/openapi/v1/openclaw/chat/config", web::get().to(later_door))
                })
                .workers(1)
                .disable_signals()
                .bind(("127.0.0.1", 0))
                .expect("a free port");
                let port = server.addrs()[0].port();
                let server = server.run();
                tell.send((port, server.handle())).expect("a test that waits");
                server.await
            })
        });
        let (port, handle) = told.recv().expect("a backend");
        Self { url: format!("http://127.0.0.1:{port}"), script, handle }
    }

    /// Changes what a path answers from now on.
    pub fn answer(&self, door: Door, reply: Reply) {
        let mut script = self.script.lock().expect("the script");
        match door {
            Door::Brief => script.brief = reply,
            Door::Later => script.later = reply,
        }
    }

    /// Returns path and query of each call so far.
    pub fn calls(&self) -> Vec<String> {
        self.script.lock().expect("the script").calls.clone()
    }
}

impl Drop for Backend {
    fn drop(&mut self) {
        drop(self.handle.stop(false));
    }
}

/// Returns an answer of the config call for a broker on this port of the loopback.
pub fn config(port: u16) -> Value {
    json!({
        "host": "127.0.0.1", "port": port.to_string(), "username": GATEWAY_USER, "password": format!("{GATEWAY_USER}-pw"),
        "clientId": "callboard-test", "reciveTopic": "bot/in", "sendTopic": "bot/out", "robotId": "wxid_robot", "userId": "7"
    })
}

/// Returns the same for a robot with topics and a clientId of its own.
pub fn config_of(port: u16, robot: &str) -> Value {
    let mut config = config(port);
    config["clientId"] = format!("callboard-{robot}").into();
    config["reciveTopic"] = format!("{robot}/in").into();
    config["sendTopic"] = format!("{robot}/out").into();
    config
}

/// Returns the answer of a path that is not there.
pub fn not_found() -> Reply {
    Reply::Status(404, "no such path".to_owned())
}

async fn brief_door(request: HttpRequest, script: web::Data<Mutex<Script>>) -> HttpResponse {
    answer(&request, &script, Door::Brief).await
}

async fn later_door(request: HttpRequest, script: web::Data<Mutex<Script>>) -> HttpResponse {
    answer(&request, &script, Door::Later).await
}

async fn answer(request: &HttpRequest, script: &Mutex<Script>, door: Door) -> HttpResponse {
    let reply = {
        let mut script = script.lock().expect("the script");
        script.calls.push(request.uri().to_string());
        match door {
            Door::Brief => script.brief.clone(),
            Door::Later => script.later.clone(),
        }
    };
    match reply {
        Reply::Config(config) => HttpResponse::Ok().json(config),
        Reply::Status(status, body) => HttpResponse::build(StatusCode::from_u16(status).expect("a status")).body(body),
        Reply::Silence(time) => {
            actix_web::rt::time::sleep(time).await;
            HttpResponse::Ok().finish()
        }
    }
}
