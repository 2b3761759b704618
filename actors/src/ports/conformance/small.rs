//! Promises about cursors, leases, devices and health.

use super::{Bench, Case, START_MS, case};
use crate::ports::{DeviceRow, StoreError, StoreHealth};

pub(super) fn cases() -> Vec<Case> {
    vec![
        case("remembers cursors", |bench| Box::pin(cursors(bench))),
        case("gives a lease to one holder at a time", |bench| Box::pin(leases(bench))),
        case("keeps devices until they are removed", |bench| Box::pin(devices(bench))),
        case("is well when it is empty", |bench| Box::pin(healthy(bench))),
    ]
}

async fn cursors(Bench { store, .. }: Bench) {
    assert_eq!(store.cursor("c".into()).await.unwrap(), None);
    store.set_cursor("c".into(), "1".into()).await.unwrap();
    store.set_cursor("c".into(), "zwei".into()).await.unwrap();
    assert_eq!(store.cursor("c".into()).await.unwrap(), Some("zwei".into()));
}

async fn leases(bench: Bench) {
    let claim = |holder: &str, until: i64| bench.store.claim("channel:x".into(), holder.into(), START_MS + until);
    assert_eq!(claim("one", 100).await, Ok(1));
    assert_eq!(claim("one", 200).await, Ok(1), "renewed");
    assert!(matches!(claim("two", 300).await, Err(StoreError::Missing { .. })));
    bench.pass(200);
    assert_eq!(claim("two", 300).await, Ok(2), "the first holder's time is over");
    assert!(matches!(claim("one", 400).await, Err(StoreError::Missing { .. })));
}

async fn devices(Bench { store, .. }: Bench) {
    let device = |id: &str, body: &str| DeviceRow { id: id.into(), body: body.into() };
    assert!(store.devices().await.unwrap().is_empty());
    store.put_device(device("b2", "{}")).await.unwrap();
    store.put_device(device("a1", r#"{"name":"ü"}"#)).await.unwrap();
    store.put_device(device("b2", r#"{"roles":["operator"]}"#)).await.unwrap();
    let kept = [device("a1", r#"{"name":"ü"}"#), device("b2", r#"{"roles":["operator"]}"#)];
    assert_eq!(store.devices().await.unwrap(), kept);
    store.remove_device("a1".into()).await.unwrap();
    store.remove_device("a1".into()).await.unwrap();
    assert_eq!(store.devices().await.unwrap(), kept[1..]);
}

async fn healthy(Bench { store, .. }: Bench) {
    assert_eq!(store.health(), StoreHealth { trouble: None, inbox_open: 0, outbox_open: 0 });
    store.flush().await.unwrap();
}
