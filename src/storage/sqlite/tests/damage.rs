//! Files that are not what they should be.

use std::os::unix::fs::FileExt as _;

use callboard_actors::ports::conformance::make;

use super::*;

async fn fill(path: &Path) {
    let store = open(path, &still());
    let batch = (0..500).map(|n| make::accept("a", &n.to_string())).collect();
    store.accept(batch).await.unwrap();
}

fn overwrite(path: &Path, from: u64, bytes: usize) {
    let file = std::fs::OpenOptions::new().write(true).open(path).unwrap();
    file.write_all_at(&vec![0xa5; bytes], from).unwrap();
}

/// Opens a damaged file and checks that it is set aside byte for byte and that the next opening is fresh.
async fn assert_set_aside(path: &Path) {
    let before = std::fs::read(path).unwrap();
    let error = SqliteStore::open(path, still()).unwrap_err();
    let OpenError::Damaged { aside, .. } = &error else { panic!("{error}") };
    assert!(error.to_string().contains("start again"), "{error}");
    assert!(aside.to_string_lossy().contains(".damaged-20270115T080000Z"), "{}", aside.display());
    assert!(std::fs::read(aside).unwrap() == before, "it was written to");
    assert!(!path.exists());
    let store = open(path, &still());
    assert_eq!(store.health().inbox_open, 0);
    assert_eq!(make::new(store.accept(vec![make::accept("a", "1")]).await.unwrap()[0]).1, 1);
}

#[tokio::test]
async fn a_damaged_file_is_set_aside_untouched() {
    for (from, bytes) in [(0, 16), (16, 84), (100, 3_996), (4_096, 200_000)] {
        let folder = folder();
        let path = folder.path().join("s.db");
        fill(&path).await;
        overwrite(&path, from, bytes);
        println!("overwritten from {from}");
        assert_set_aside(&path).await;
    }
}

#[tokio::test]
async fn two_damaged_files_of_one_second_both_stay() {
    let folder = folder();
    let path = folder.path().join("s.db");
    for _ in 0..2 {
        std::fs::write(&path, "not a database at all").unwrap();
        assert_set_aside(&path).await;
    }
    let kept = std::fs::read_dir(folder.path()).unwrap().filter(|entry| {
        let name = entry.as_ref().unwrap().file_name();
        name.to_string_lossy().contains(".damaged-")
    });
    assert_eq!(kept.count(), 2);
}

#[tokio::test]
async fn a_later_schema_is_refused_and_left_alone() {
    let folder = folder();
    let path = folder.path().join("s.db");
    fill(&path).await;
    rusqlite::Connection::open(&path).unwrap().pragma_update(None, "user_version", 99).unwrap();
    let error = SqliteStore::open(&path, still()).unwrap_err();
    assert!(matches!(error, OpenError::NewerSchema { found: 99, .. }), "{error}");
    assert_eq!(look::<i64>(&path, "SELECT count(*) FROM inbox"), 500);
}

#[test]
fn another_programs_database_is_refused_and_left_alone() {
    let folder = folder();
    let path = folder.path().join("s.db");
    rusqlite::Connection::open(&path)
        .unwrap()
        .execute_batch("CREATE TABLE theirs (x); INSERT INTO theirs VALUES (7);")
        .unwrap();
    let error = SqliteStore::open(&path, still()).unwrap_err();
    assert!(matches!(error, OpenError::Foreign { .. }), "{error}");
    assert_eq!(look::<i64>(&path, "SELECT x FROM theirs"), 7);
}
