//! The client of Socket.IO over TLS.

use std::sync::Arc;
use std::time::Duration;

use callboard_actors::socketio::{Endpoint, Event, Fault, Parser, Parsers, Probe, Session, Transport, Way};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use serde_json::json;

use super::rig::{echo, next, only, open, options, platform};
use crate::harness::tls_front::TlsFront;

fn trusting(pems: &[&str]) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    for pem in pems {
        roots.add(CertificateDer::from_pem_slice(pem.as_bytes()).expect("a certificate")).expect("a root");
    }
    let ring = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(ring).with_safe_default_protocol_versions().expect("versions");
    Arc::new(builder.with_root_certificates(roots).with_no_client_auth())
}

#[tokio::test]
async fn both_transports_and_the_upgrade_go_over_tls_to_whom_it_is_trusted() {
    let platform = platform(Parser::Msgpack).await;
    let front = TlsFront::before(&platform.url).await;
    for base in [front.url.clone(), front.url.replacen("https", "wss", 1)] {
        for transport in [Transport::WebSocket, Transport::Polling] {
            let mut options = options(&platform, only(transport), Parsers::Only(Parser::Msgpack));
            options.endpoint = Endpoint::new(&base, "/socket.io", Some(trusting(&[&front.ca_pem]))).expect("an address");
            assert_eq!(echo(&open(&options).await, vec![json!(1)]).await, [json!(1)]);
            options.endpoint = Endpoint::new(&base, "/socket.io", Some(trusting(&[]))).expect("an address");
            let error = Session::open(&options).await.expect_err("nobody is trusted");
            assert!(matches!(&error.fault, Fault::Unreachable(text) if text.contains("certificate")), "{error}");
        }
    }
    let mut options = options(&platform, Way::PollingFirst, Parsers::Only(Parser::Msgpack));
    options.endpoint = Endpoint::new(&front.url, "/socket.io", Some(trusting(&[&front.ca_pem]))).expect("an address");
    options.probe = Probe::After(Duration::ZERO);
    let mut session = open(&options).await;
    assert_eq!(next(&mut session).await, Event::TransportChanged(Transport::WebSocket));
    assert_eq!(echo(&session, vec![json!(1)]).await, [json!(1)]);
}
