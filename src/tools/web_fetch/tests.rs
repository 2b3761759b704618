use std::net::{IpAddr, Ipv4Addr};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use callboard_actors::agent::Entrance;
use callboard_actors::message::{SessionKey, TraceId};
use proptest::prelude::*;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::client::PAGE_BYTES_MAX;
use super::*;
use crate::public_web::{check, is_public};

#[test]
fn only_public_hosts_are_asked() {
    let blocked = [
        "http://localhost/",
        "http://LocalHost:8080/",
        "http://localhost./",
        "http://a.localhost/",
        "http://127.0.0.1/",
        "http://127.1/",
        "http://2130706433/",
        "http://0x7f000001/",
        "http://0177.0.0.1/",
        "http://0/",
        "http://0.0.0.0/",
        "http://10.1.2.3/",
        "http://100.64.0.1/",
        "http://100.100.100.200/",
        "http://168.63.129.16/",
        "http://169.254.169.254/latest/meta-data/",
        "http://172.16.0.1/",
        "http://172.31.255.255/",
        "http://192.0.0.192/",
        "http://192.168.1.1/",
        "http://198.18.0.1/",
        "http://224.0.0.1/",
        "http://255.255.255.255/",
        "http://[::]/",
        "http://[::1]/",
        "http://[::127.0.0.1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://[::ffff:a9fe:a9fe]/",
        "http://[::ffff:8.8.8.8]/",
        "http://[64:ff9b::7f00:1]/",
        "http://[fc00::1]/",
        "http://[fd00:ec2::254]/",
        "http://[fe80::1]/",
        "http://[ff02::1]/",
        "http://[2001::1]/",
        "http://[2001:db8::1]/",
        "http://[2002:7f00:1::]/",
        "http://metadata.google.internal/",
        "http://metadata.google.internal./",
        "http://metadata/",
        "http://printer/",
        "http://box.local/",
        "http://wiki.corp/",
        "http://example.com./",
        "http://127.0.0.1./",
        "http://user@example.com/",
        "http://:secret@example.com/",
        "ftp://example.com/",
        "file:///etc/passwd",
        "data:text/plain,x",
        "gopher://example.com/",
    ];
    for url in blocked {
        let read = Url::parse(url);
        assert!(read.is_err() || check(&read.unwrap(), is_public).is_err(), "{url}");
    }
    let open = [
        "http://example.com/",
        "https://example.com:8443/a?b#c",
        "http://localhost.example.com/",
        "http://8.8.8.8/",
        "http://172.32.0.1/",
        "http://100.128.0.1/",
        "http://[2606:4700:4700::1111]/",
    ];
    for url in open {
        assert_eq!(check(&Url::parse(url).unwrap(), is_public), Ok(()), "{url}");
    }
}

/// A small server; each path has its answer. Keeps the heads of what it was asked.
struct Site {
    port: u16,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Site {
    async fn start(answer: impl Fn(&str) -> Vec<u8> + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked = Arc::<Mutex<Vec<String>>>::default();
        let heads = Arc::clone(&asked);
        tokio::spawn(async move {
            while let Ok((mut socket, _)) = listener.accept().await {
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    match socket.read_u8().await {
                        Ok(byte) => head.push(byte),
                        Err(_) => break,
                    }
                }
                let head = String::from_utf8(head).unwrap();
                let bytes = answer(head.split(' ').nth(1).unwrap_or_default());
                heads.lock().unwrap().push(head);
                // Whoever has read enough goes.
                let _ = socket.write_all(&bytes).await;
            }
        });
        Self { port, asked }
    }

    fn asked(&self) -> usize {
        self.asked.lock().unwrap().len()
    }
}

fn page(kind: &str, body: &str) -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\nconnection: close\r\n\r\n{body}").into_bytes()
}

fn sends_on(to: &str) -> Vec<u8> {
    format!("HTTP/1.1 302 Found\r\nlocation: {to}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n").into_bytes()
}

/// A network in which the loopback is the public world; `names` are the names in it.
fn network(names: fn(&str) -> Vec<Ipv4Addr>) -> Network {
    Network {
        lookup: Arc::new(move |name| {
            let found = names(&name).into_iter().map(IpAddr::from).collect();
            Box::pin(async move { Ok(found) })
        }),
        public: |address| address == IpAddr::from(Ipv4Addr::LOCALHOST),
    }
}

fn names(name: &str) -> Vec<Ipv4Addr> {
    match name {
        "inner.test" => vec![Ipv4Addr::new(10, 0, 0, 1)],
        "mixed.test" => vec![Ipv4Addr::LOCALHOST, Ipv4Addr::new(10, 0, 0, 1)],
        _ => vec![Ipv4Addr::LOCALHOST],
    }
}

async fn fetch_on(network: Network, args: Value) -> Result<ToolOutput, ToolFault> {
    let tool = WebFetch::on(network, Clock::system());
    let context = ToolContext::new(Entrance::Http, SessionKey::new("agent:main:main"), "main", TraceId::new());
    tool.call(context, args.as_object().unwrap().clone()).await
}

async fn fetch(url: &str) -> Result<ToolOutput, ToolFault> {
    fetch_on(network(names), json!({ "url": url })).await
}

fn code(answer: Result<ToolOutput, ToolFault>) -> Code {
    answer.expect_err("it is refused").code()
}

#[actix_web::test]
async fn a_page_is_read_as_text() {
    let site = Site::start(|_| {
        page("text/html; charset=iso-8859-1", "<title>A &amp; B</title><script>no()</script><h1>Hi</h1><p>one <b>two</b>")
    })
    .await;
    let output = fetch(&format!("http://site.test:{}/a?b=c#d", site.port)).await.unwrap();
    assert_eq!(output.text, "Hi\none two");
    assert_eq!((&output.details["title"], &output.details["status"]), (&json!("A & B"), &json!(200)));
    assert_eq!(output.details["truncated"], false);
    let head = site.asked.lock().unwrap()[0].to_lowercase();
    assert!(head.starts_with("get /a?b=c http/1.1"), "{head}");
    for header in ["authorization", "cookie", "referer", "accept-encoding", "x-"] {
        assert!(!head.contains(&format!("\r\n{header}")), "{head}");
    }
}

#[actix_web::test]
async fn names_that_lead_inside_are_not_connected_to() {
    let site = Site::start(|_| page("text/plain", "secret")).await;
    for host in ["inner.test", "mixed.test"] {
        let fault = fetch(&format!("http://{host}:{}/", site.port)).await.expect_err(host);
        assert_eq!(fault.code(), Code::Forbidden, "{host}: {fault}");
    }
    assert_eq!(site.asked(), 0);
}

/// A name that leads outside when it is looked at and inside when it is connected to: there is one look, and what it saw is used.
#[actix_web::test]
async fn a_name_that_changes_its_mind_is_looked_at_once_a_connection() {
    static LOOKS: AtomicUsize = AtomicUsize::new(0);
    let fickle: fn(&str) -> Vec<Ipv4Addr> = |_| match LOOKS.fetch_add(1, Ordering::SeqCst) {
        0 => vec![Ipv4Addr::LOCALHOST],
        _ => vec![Ipv4Addr::new(169, 254, 169, 254)],
    };
    let site = Site::start(|path| if path == "/" { sends_on("/again") } else { page("text/plain", "secret") }).await;
    let answer = fetch_on(network(fickle), json!({ "url": format!("http://fickle.test:{}/", site.port) })).await;
    assert_eq!(code(answer), Code::Forbidden);
    assert_eq!((LOOKS.load(Ordering::SeqCst), site.asked()), (2, 1));
}

#[actix_web::test]
async fn each_redirect_is_looked_at() {
    let targets = [
        "http://169.254.169.254/latest/meta-data/",
        "http://inner.test/",
        "http://[::ffff:127.0.0.1]/",
        "http://localhost/",
        "//other.test./",
        "file:///etc/passwd",
        "http://user:word@site.test/",
    ];
    let site = Site::start(move |path| sends_on(targets[path[1..].parse::<usize>().unwrap()])).await;
    for (number, target) in targets.iter().enumerate() {
        let answer = fetch(&format!("http://site.test:{}/{number}", site.port)).await;
        assert_eq!(code(answer), Code::Forbidden, "{target}");
    }
    assert_eq!(site.asked(), targets.len());
}

#[actix_web::test]
async fn redirects_are_followed_three_times() {
    let site = Site::start(|path| match path {
        "/0" => page("text/plain", "there"),
        _ => sends_on(&format!("/{}", path[1..].parse::<usize>().unwrap() - 1)),
    })
    .await;
    let output = fetch(&format!("http://site.test:{}/3", site.port)).await.unwrap();
    assert_eq!(output.text, "there");
    assert!(output.details["finalUrl"].as_str().unwrap().ends_with("/0"));
    assert_eq!(code(fetch(&format!("http://site.test:{}/4", site.port)).await), Code::BadUpstream);
    assert_eq!(site.asked(), 8);
}

#[actix_web::test]
async fn a_page_is_bounded() {
    let site = Site::start(|_| page("text/plain", &"é".repeat(PAGE_BYTES_MAX))).await;
    let url = format!("http://site.test:{}/", site.port);
    let output = fetch_on(network(names), json!({ "url": url, "maxChars": 200_000 })).await.unwrap();
    assert_eq!((output.text.chars().count(), &output.details["truncated"]), (200_000, &json!(true)));
    let output = fetch_on(network(names), json!({ "url": url, "maxChars": 3 })).await.unwrap();
    assert_eq!(output.text, "ééé");
}

#[actix_web::test]
async fn what_is_no_text_is_refused() {
    let zipped = b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-encoding: gzip\r\ncontent-length: 1\r\n\r\nx";
    let gone = b"HTTP/1.1 404 Not Found\r\ncontent-type: text/plain\r\ncontent-length: 4\r\n\r\ngone";
    let lost = b"HTTP/1.1 302 Found\r\ncontent-length: 0\r\n\r\n";
    let site = Site::start(move |path| match path {
        "/picture" => page("image/png", "x"),
        "/zipped" => zipped.to_vec(),
        "/lost" => lost.to_vec(),
        _ => gone.to_vec(),
    })
    .await;
    for path in ["picture", "zipped", "lost", "gone"] {
        assert_eq!(code(fetch(&format!("http://site.test:{}/{path}", site.port)).await), Code::BadUpstream, "{path}");
    }
    assert_eq!(code(fetch("not an address").await), Code::InvalidRequest);
}

/// A page that never ends its answer costs its ten seconds and no more.
#[actix_web::test]
async fn a_page_that_does_not_come_is_not_waited_for() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let clock = Clock::manual(0);
    let tool = Arc::new(WebFetch::on(network(names), clock.clone()));
    let url = Url::parse(&format!("http://site.test:{port}/")).unwrap();
    let fetcher = Arc::clone(&tool.fetcher);
    let waiting = clock.clone();
    let fetch = tokio::spawn(async move { waiting.within(FETCH_TIME_MAX, fetcher.fetch(url)).await.is_none() });
    let (_silent, _) = listener.accept().await.unwrap();
    clock.advance(FETCH_TIME_MAX);
    assert!(fetch.await.unwrap());
}

#[test]
fn pages_become_lines() {
    let cases = [
        ("", None, ""),
        ("plain  text\n here", None, "plain text here"),
        ("<p>one</p><p>two</p>", None, "one\ntwo"),
        ("<ul><li>a<li>b</ul>", None, "- a\n- b"),
        ("a<br/>b<BR>c", None, "a\nb\nc"),
        ("<table><tr><td>a</td><td>b</td></tr></table>", None, "a b"),
        ("<head><title> T  1 </title></head><body>x<svg><title>no</title></svg></body>", Some("T 1"), "x"),
        ("a<!-- <p>hidden --> b", None, "a b"),
        ("a<script>if (a</b) { '<p>' }</SCRIPT >b", None, "ab"),
        ("a<style>x", None, "a"),
        ("1 < 2 & 3 &lt; 4 &#233;&#x41;&nbsp;&bogus; &", None, "1 < 2 & 3 < 4 éA &bogus; &"),
        ("<!DOCTYPE html><?xml x?>x</", None, "x</"),
        ("x<p", None, "x"),
    ];
    for (html, title, text) in cases {
        assert_eq!(html::read(html), (title.map(str::to_owned), text.to_owned()), "{html}");
    }
}

proptest! {
    #[test]
    fn any_page_is_read(html in "(<|</|>|&|;|&#|[a-z]|script|title|!--|--|é| ){0,64}", any in "\\PC{0,64}") {
        for page in [html, any] {
            let (_, text) = html::read(&page);
            prop_assert!(text.len() <= page.len() * 2 + 2, "{text}");
        }
    }
}
