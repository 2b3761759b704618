use crate::channel::Cursors;
use crate::channel::mochat::marks::{Mark, Marks};
use crate::channel::mochat::place::{Place, Sort};
use crate::core::Clock;
use crate::message::AccountKey;
use crate::ports::memory::MemoryStore;

const HOUR_MS: i64 = 3_600_000;

#[tokio::test]
async fn a_place_that_comes_back_soon_is_read_from_where_reading_stopped_and_later_it_is_new() {
    let store = MemoryStore::new(&Clock::system());
    let mut marks = Marks::new(Cursors::new(store, &AccountKey::new("mochat", "default")));
    let place = Place { id: "p1".to_owned(), sort: Sort::Panel { group: None }, name: None, created_ms: None };
    let first = |first_ms| Mark::first(first_ms);
    assert_eq!(marks.clerk().mark(&place, first(1), 1).await, Ok(first(1)));
    let read = Mark { cursor: Some(7), done_ms: Some(9), ..first(1) };
    let gone = async |marks: &mut Marks, gone_ms| {
        marks.set(&place, Mark { gone_ms: Some(gone_ms), ..read });
        let written = marks.late.write().expect("a write that is due").await;
        marks.late.written(written);
    };
    gone(&mut marks, HOUR_MS).await;
    assert_eq!(marks.clerk().mark(&place, first(5), 24 * HOUR_MS).await, Ok(read), "soon");
    // It is there again: however long that lasts, it counts as there.
    assert_eq!(marks.clerk().mark(&place, first(6), 1000 * HOUR_MS).await, Ok(read));
    gone(&mut marks, HOUR_MS).await;
    let late = first(25 * HOUR_MS);
    assert_eq!(marks.clerk().mark(&place, late, 25 * HOUR_MS).await, Ok(late), "late");
}
