use std::sync::Arc;

use futures_util::TryStreamExt as _;
use futures_util::stream::{StreamExt as _, once};

use super::form::Form;
use super::uploads::{Begun, Uploads};
use crate::channel::Cursors;
use crate::core::Clock;
use crate::message::OutboxId;
use crate::ports::OpenMedia;
use crate::ports::conformance::make;
use crate::ports::memory::MemoryStore;

#[tokio::test]
async fn a_form_has_the_size_that_it_tells_and_no_header_that_a_name_made() {
    let bytes = once(std::future::ready(Ok(bytes::Bytes::from_static(b"abc")))).boxed();
    let form = Form::new(&[("msg", "two\r\nlines")], "a\"\r\nX-Evil: 1.png", "image/png", OpenMedia { size: 3, bytes });
    let size = form.size;
    let sent: Vec<bytes::Bytes> = form.bytes.try_collect().await.unwrap();
    let text = String::from_utf8(sent.concat()).unwrap();
    assert_eq!(text.len() as u64, size);
    assert!(text.contains("filename=\"a___X-Evil: 1.png\"\r\n") && text.contains("\r\n\r\nabc\r\n--"), "{text}");
}

#[tokio::test]
async fn what_was_begun_is_known_after_a_restart() {
    let cursors = || Cursors::new(store(), &make::account());
    fn store() -> Arc<MemoryStore> {
        static STORE: std::sync::OnceLock<Arc<MemoryStore>> = std::sync::OnceLock::new();
        Arc::clone(STORE.get_or_init(|| MemoryStore::new(&Clock::system())))
    }
    let (one, other) = (OutboxId::new(), OutboxId::new());
    let uploads = Uploads::read(cursors()).await.unwrap();
    assert_eq!(uploads.of(one).await, None);
    uploads.note(one, Begun::File("f1".into())).await.unwrap();
    uploads.note(other, Begun::AtOnce("a.png".into())).await.unwrap();
    uploads.forget(other).await;
    let next = Uploads::read(cursors()).await.unwrap();
    assert_eq!(next.of(one).await, Some(Begun::File("f1".into())));
    for _ in 0..300 {
        next.note(OutboxId::new(), Begun::File("f".into())).await.unwrap();
    }
    assert_eq!(next.of(one).await, None, "the oldest goes");
}
