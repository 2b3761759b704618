//! Promises about what rows name in the media room.

use std::collections::HashSet;

use super::make::{accept, account, new, outbox, turn};
use super::{Bench, Case, case};
use crate::message::{BlobId, Code, Media, MediaAt, OutboxId};
use crate::ports::{Attempt, SendOrder};

pub(super) fn cases() -> Vec<Case> {
    vec![case("knows which blobs open rows and dead letters name", |bench| Box::pin(in_use(bench)))]
}

fn blob(number: u8) -> BlobId {
    BlobId::of_digest(&[number; 32])
}

fn media(number: u8) -> Media {
    Media { name: Some("a\"b.png".into()), ..Media::new(MediaAt::Blob(blob(number))) }
}

async fn in_use(Bench { store, .. }: Bench) {
    let named = |numbers: &[u8]| numbers.iter().map(|number| blob(*number)).collect::<HashSet<_>>();
    let used = async || store.media_in_use().await.unwrap();
    assert_eq!(used().await, named(&[]));
    let mut message = accept("a", "m1");
    message.inbound.media = vec![media(1), media(2)];
    let mut dead = accept("b", "m2");
    dead.inbound.media = vec![media(3)];
    // Words of a person that look like a name are none.
    dead.inbound.text = format!("{{\"blob\":\"{}\"}}", blob(9));
    let accepted = store.accept(vec![message, dead]).await.unwrap();
    let [(first, _), (second, _)] = <[_; 2]>::try_from(accepted.into_iter().map(new).collect::<Vec<_>>()).unwrap();
    let mut payload = outbox("a", "look");
    payload.outbound.media = vec![media(4)];
    assert_eq!(used().await, named(&[1, 2, 3]));
    store.begin_turn(super::make::session("a"), 1).await.unwrap();
    store.finish_turn(turn("a", &[first], vec![payload]), 0).await.unwrap();
    assert_eq!(used().await, named(&[3, 4]), "what is answered needs nothing, what is to be sent does");
    store.begin_turn(super::make::session("b"), 1).await.unwrap();
    store.bury_inbox(second, Code::Poison, "x".into()).await.unwrap();
    let rows = store.begin_send(account(), 9, SendOrder::OnePerChat).await.unwrap();
    let ids: Vec<OutboxId> = rows.iter().map(|row| row.id).collect();
    let attempt = Attempt { code: Code::Refused, reason: "x".into(), next_ms: None };
    store.fail_send(ids[0], attempt).await.unwrap();
    assert_eq!(used().await, named(&[3, 4]), "a dead letter may be tried again");
    for letter in store.dead_letters(None, 9).await.unwrap().items {
        store.discard_dead_letter(letter.id).await.unwrap();
    }
    assert_eq!(used().await, named(&[]));
}
