//! Connects to servers.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use callboard_actors::message::Code;
use callboard_actors::ports::{McpChanged, McpDialer, McpFault, McpLink, McpServer, McpWay};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use reqwest::header::{HeaderName, HeaderValue};
use reqwest::redirect::Policy;
use rmcp::service::{ClientInitializeError, serve_client};
use rmcp::transport::StreamableHttpClientTransport;
use rmcp::transport::async_rw::AsyncRwTransport;
use rmcp::transport::streamable_http_client::StreamableHttpClientTransportConfig;
use secrecy::{ExposeSecret as _, SecretString};

use super::link::{Link, ear};
use super::process::{Order, Process};

/// The largest message of a server, bytes.
const MESSAGE_BYTES_MAX: usize = 8 << 20;
/// How much of a refusal over HTTP is read, bytes.
const REFUSAL_BYTES_MAX: usize = 4 << 10;
/// How many requests run at a time over one connection by HTTP.
const REQUESTS_MAX: usize = 16;
/// How long a connection by HTTP may take, TLS included.
const CONNECT_TIME_MAX: Duration = Duration::from_secs(15);

/// Starts processes and makes connections.
#[derive(Clone, Copy, Debug, Default)]
pub struct Dialer;

impl McpDialer for Dialer {
    fn dial(&self, server: Arc<McpServer>, changed: McpChanged) -> BoxFuture<'static, Result<Arc<dyn McpLink>, McpFault>> {
        async move {
            let link = match &server.way {
                McpWay::Process { command, args, env, cwd } => {
                    let order = Order { name: &server.name, command, args, env, cwd: cwd.as_deref() };
                    by_process(&order, changed).await?
                }
                McpWay::Http { url, headers } => by_http(&server.name, url, headers, changed).await?,
            };
            Ok(Arc::new(link) as Arc<dyn McpLink>)
        }
        .boxed()
    }
}

async fn by_process(order: &Order<'_>, changed: McpChanged) -> Result<Link, McpFault> {
    let started = Process::start(order);
    let (process, pipes) = started.map_err(|error| {
        let text = format!("the program of the MCP server cannot be started: {}", error.kind());
        McpFault::new(Code::Misconfigured, text)
    })?;
    let transport = AsyncRwTransport::new(pipes.output, pipes.input).with_max_line_length(MESSAGE_BYTES_MAX);
    let running = serve_client(ear(changed), transport).await.map_err(|error| refused(&error, "its command"))?;
    Ok(Link::new(running, Some(process)))
}

async fn by_http(
    server: &str,
    url: &SecretString,
    headers: &BTreeMap<String, SecretString>,
    changed: McpChanged,
) -> Result<Link, McpFault> {
    let mut fixed = HashMap::new();
    for (name, value) in headers {
        let pair = HeaderName::try_from(name).ok().zip(HeaderValue::try_from(value.expose_secret()).ok());
        let (name, mut value) = pair.ok_or_else(|| {
            let text = format!("`mcp.servers.{server}.headers` holds what can be no header: see `{}`", name.escape_debug());
            McpFault::new(Code::Misconfigured, text)
        })?;
        value.set_sensitive(true);
        fixed.insert(name, value);
    }
    // A redirect would carry the headers to whoever it names.
    let client = reqwest::Client::builder().redirect(Policy::none()).connect_timeout(CONNECT_TIME_MAX).build();
    let client = client.map_err(|_| McpFault::new(Code::Internal, "no client for HTTP can be made"))?;
    let config = StreamableHttpClientTransportConfig::with_uri(url.expose_secret())
        .custom_headers(fixed)
        .max_concurrent_requests(REQUESTS_MAX)
        .max_sse_event_size(MESSAGE_BYTES_MAX)
        .max_json_response_size(MESSAGE_BYTES_MAX)
        .max_error_response_size(REFUSAL_BYTES_MAX)
        // What a server that has forgotten the session refuses it has not done: it is asked again in a new one.
        .reinit_on_expired_session(true);
    let transport = StreamableHttpClientTransport::with_client(client, config);
    let running = serve_client(ear(changed), transport).await.map_err(|error| refused(&error, "its address and headers"))?;
    Ok(Link::new(running, None))
}

/// Returns why no connection was made. The library's own words may repeat an address with a secret in it, so they are left out.
fn refused(error: &ClientInitializeError, look_at: &str) -> McpFault {
    match error {
        ClientInitializeError::JsonRpcError(error) => {
            McpFault::new(Code::Refused, format!("the MCP server refused: {}", super::link::words(&error.message)))
        }
        ClientInitializeError::ConnectionClosed(_) => McpFault::new(
            Code::Unavailable,
            format!("the MCP server ended before it said what it is: look at {look_at}; what it said is in the log at debug"),
        ),
        ClientInitializeError::TransportError { .. } => {
            McpFault::new(Code::Unavailable, format!("the MCP server cannot be reached: look at {look_at}"))
        }
        _ => McpFault::new(Code::BadUpstream, "what answers does not speak the Model Context Protocol"),
    }
}
