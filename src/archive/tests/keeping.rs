//! How long trouble with the archive is shown.

use std::sync::Arc;

use callboard_actors::core::Clock;
use callboard_actors::ports::Archive as _;
use callboard_actors::ports::conformance::START_MS;

use super::*;
use crate::http::Readiness;

/// A disk may have room for something small and none for what waits: trouble lasts as long as that does.
#[tokio::test]
async fn trouble_lasts_until_there_is_room_for_the_largest_that_was_refused() {
    let state = tempfile::tempdir().expect("a folder");
    let readiness: Arc<Readiness> = Arc::default();
    let archive = FileArchive::new(state.path().to_owned(), Clock::manual(START_MS), Arc::clone(&readiness));
    let in_trouble = || readiness.troubles().contains_key(super::super::keeper::ARCHIVE);
    let (large, small) = (vec![line("one"); 50], vec![line("one")]);
    archive.keep(Uuid::new_v4(), small.clone()).await.expect("it is kept");
    assert!(!in_trouble());
    fs::remove_dir_all(state.path().join(FOLDER)).expect("it goes");
    fs::write(state.path().join(FOLDER), "a file").expect("it is written");
    archive.keep(Uuid::new_v4(), large.clone()).await.expect_err("no folder");
    archive.keep(Uuid::new_v4(), small.clone()).await.expect_err("no folder");
    assert!(in_trouble());
    archive.look_again().await;
    assert!(in_trouble(), "nothing is mended");
    fs::remove_file(state.path().join(FOLDER)).expect("it goes");
    archive.keep(Uuid::new_v4(), small.clone()).await.expect("it is kept");
    assert!(in_trouble(), "that helps nobody who waits with more");
    archive.look_again().await;
    assert!(!in_trouble(), "there is room for as much");
    assert_eq!(names(state.path()).len(), 1, "a look leaves nothing");
}

#[tokio::test]
async fn trouble_ends_with_what_was_refused_when_it_is_taken() {
    let state = tempfile::tempdir().expect("a folder");
    let readiness: Arc<Readiness> = Arc::default();
    let archive = FileArchive::new(state.path().to_owned(), Clock::manual(START_MS), Arc::clone(&readiness));
    fs::write(state.path().join(FOLDER), "a file").expect("it is written");
    let (id, lines) = (Uuid::new_v4(), vec![line("one"); 50]);
    archive.keep(id, lines.clone()).await.expect_err("no folder");
    fs::remove_file(state.path().join(FOLDER)).expect("it goes");
    archive.keep(id, lines.clone()).await.expect("it is kept");
    assert!(readiness.troubles().is_empty());
    let path = state.path().join(FOLDER).join(&names(state.path())[0]);
    assert_eq!(fs::metadata(path).expect("a file").len(), size_of(&lines), "what is counted is what is written");
}
