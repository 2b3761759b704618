use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::sync::Mutex;
use std::time::Duration;

use bytes::Bytes;
use callboard_actors::core::{Clock, Live};
use callboard_actors::message::{BlobId, Media, MediaAt, SessionKey};
use callboard_actors::ports::conformance::make;
use callboard_actors::ports::memory::MemoryStore;
use callboard_actors::ports::{Claim, MediaFault, MediaRoom, MediaStream, Patron, Reach, Store};
use futures_util::stream::{StreamExt as _, TryStreamExt as _, iter};
use std::sync::Arc;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::blobs::Kept;
use super::house::{MediaHouse, MediaParts};
use super::{MediaSettings, name, sniff, sweep};
use crate::public_web::Network;
use crate::workspace::Workspaces;

mod patience;

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00";
const START_MS: i64 = 1_800_000_000_000;

struct Rig {
    house: MediaHouse,
    store: Arc<MemoryStore>,
    clock: Clock,
    folder: tempfile::TempDir,
}

/// A network in which `public.test` is this machine and `inner.test` a private address.
fn network() -> Network {
    let lookup = |name: String| -> futures_util::future::BoxFuture<'static, std::io::Result<Vec<IpAddr>>> {
        let address = if name == "inner.test" { Ipv4Addr::new(10, 0, 0, 1) } else { Ipv4Addr::LOCALHOST };
        Box::pin(async move { Ok(vec![address.into()]) })
    };
    Network { lookup: Arc::new(lookup), public: |address| address == IpAddr::from(Ipv4Addr::LOCALHOST) }
}

fn rig(bytes_max: u64) -> Rig {
    let clock = Clock::manual(START_MS);
    let folder = tempfile::tempdir().unwrap();
    let store = MemoryStore::new(&clock);
    let workspaces = Workspaces { common: folder.path().join("workspace"), ..Workspaces::default() };
    let parts = MediaParts {
        state_dir: folder.path().join("state"),
        store: Arc::clone(&store) as _,
        workspaces: Live::fixed(workspaces),
        settings: Live::fixed(MediaSettings { room_bytes_max: bytes_max, ..MediaSettings::default() }),
        clock: clock.clone(),
    };
    Rig { house: MediaHouse::on(network(), parts), store, clock, folder }
}

/// A week, and so much to be made free.
fn rule(lacking: u64) -> sweep::Rule {
    sweep::Rule { grace: sweep::GRACE, retention: Duration::from_secs(7 * 24 * 3600), lacking }
}

fn claim(name: &str, mime: &str, bytes_max: u64) -> Claim {
    Claim { name: Some(name.into()), mime: Some(mime.into()), ..Claim::up_to(bytes_max) }
}

fn stream(parts: &[&[u8]]) -> MediaStream {
    let parts: Vec<_> = parts.iter().map(|part| Ok(Bytes::copy_from_slice(part))).collect();
    iter(parts).boxed()
}

async fn read(house: &MediaHouse, id: &BlobId) -> Result<Vec<u8>, MediaFault> {
    let opened = house.open(id.clone()).await?;
    let parts: Vec<_> = opened.bytes.try_collect().await?;
    assert_eq!(parts.iter().map(Bytes::len).sum::<usize>() as u64, opened.size);
    Ok(parts.concat())
}

fn files(folder: &Path) -> Vec<String> {
    let entries =
        std::fs::read_dir(folder).map(|entries| entries.map(|entry| entry.unwrap()).collect()).unwrap_or_else(|_| vec![]);
    let mut names: Vec<_> = entries
        .iter()
        .flat_map(|entry: &std::fs::DirEntry| match entry.file_type().unwrap().is_dir() {
            true => files(&entry.path()),
            false => vec![entry.file_name().into_string().unwrap()],
        })
        .collect();
    names.sort();
    names
}

#[tokio::test]
async fn the_same_bytes_are_kept_once_under_their_digest_with_a_sniffed_type() {
    let rig = rig(1 << 20);
    let one =
        rig.house.put(claim("../../a b.exe", "application/x-msdownload", 100), stream(&[&PNG[..5], &PNG[5..]])).await.unwrap();
    let other = rig.house.put(claim("c.jpg", "image/jpeg", 100), stream(&[PNG])).await.unwrap();
    assert_eq!(one.blob(), other.blob());
    assert_eq!(
        (one.mime.as_deref(), one.size, one.name.as_deref()),
        (Some("image/png"), Some(PNG.len() as u64), Some("a_b.png"))
    );
    assert_eq!(other.name.as_deref(), Some("c.png"), "its ending follows what it is");
    let id = one.blob().unwrap();
    assert_eq!(read(&rig.house, id).await.unwrap(), PNG);
    assert_eq!(files(&rig.folder.path().join("state/media")), [id.as_str()]);
    assert_eq!(read(&rig.house, &BlobId::of_digest(&[7; 32])).await, Err(MediaFault::Missing));
}

#[tokio::test]
async fn what_is_too_large_empty_or_broken_off_leaves_nothing_behind() {
    let rig = rig(1 << 20);
    let broken = || iter([Ok(Bytes::from_static(b"ab")), Err(MediaFault::Unreachable("cut".into()))]).boxed();
    let cases: [(MediaStream, MediaFault); 4] = [
        (stream(&[b"123", b"4567"]), MediaFault::TooLarge { max: 6 }),
        (stream(&[]), MediaFault::Empty),
        (stream(&[b""]), MediaFault::Empty),
        (broken(), MediaFault::Unreachable("cut".into())),
    ];
    for (bytes, fault) in cases {
        assert_eq!(rig.house.put(claim("a", "text/plain", 6), bytes).await, Err(fault));
        assert_eq!(files(&rig.folder.path().join("state/media")), [""; 0]);
    }
    let kept = rig.house.put(claim("a", "text/plain", 6), stream(&[b"123456"])).await.unwrap();
    assert_eq!(kept.mime.as_deref(), Some("text/plain"));
}

#[test]
fn names_are_safe_whoever_chose_them() {
    let cases = [
        (None, None, "file"),
        (Some("photo.JPEG"), Some("jpg"), "photo.jpeg"),
        (Some("photo.exe"), Some("png"), "photo.png"),
        (Some("../../etc/passwd"), None, "passwd"),
        (Some("..\\..\\boot.ini"), None, "boot.ini"),
        (Some(".."), Some("png"), "file.png"),
        (Some(".ssh"), None, "ssh"),
        (Some("a\u{202e}gnp.exe"), None, "a_gnp.exe"),
        (Some("new\nline\0.txt"), None, "new_line_.txt"),
        (Some("报告 2.pdf"), Some("pdf"), "报告_2.pdf"),
        (Some("-rf"), None, "-rf"),
        (Some("...."), None, "file"),
        (Some("a."), Some("gif"), "a.gif"),
    ];
    for (said, ending, safe) in cases {
        assert_eq!(name::safe(said, ending), safe, "{said:?}");
    }
    let long = name::safe(Some(&format!("{}.{}", "x".repeat(500), "y".repeat(500))), Some("png"));
    assert!(long.len() < 128 && long.ends_with(".png"), "{long}");
    // 255 bytes are what file systems take, the tag of a workspace before it.
    for (mark, ending, bytes) in
        [("报", "pdf", 180 + 4), ("\u{20000}", "pdf", 180 + 4), ("报", "文文文文文文文文文文", 180 + 1 + 30)]
    {
        let long = name::safe(Some(&format!("{}.{ending}", mark.repeat(300))), None);
        assert_eq!((long.len(), long.ends_with(&format!(".{ending}"))), (bytes, true), "{long}");
        let media = Media { name: Some(long), ..Media::new(MediaAt::Blob(BlobId::of_digest(&[1; 32]))) };
        assert!(media.path().unwrap().rsplit('/').next().unwrap().len() <= 255);
    }
}

#[test]
fn a_type_is_by_the_bytes() {
    let cases: [(&[u8], Option<&str>, &str); 8] = [
        (PNG, Some("text/html"), "image/png"),
        (b"%PDF-1.7 ...", None, "application/pdf"),
        (b"<!DOCTYPE html><html>", Some("image/png"), "text/html"),
        (b"a,b\n1,2\n", Some("text/csv; charset=utf-8"), "text/csv"),
        (b"{\"a\":1}", Some("application/json"), "application/json"),
        (b"plain", Some("image/png"), "text/plain"),
        (b"\x00\x01\x02\x03", Some("image/png"), "application/octet-stream"),
        ("déjà".as_bytes().split_at(2).0, None, "text/plain"),
    ];
    for (head, claimed, mime) in cases {
        assert_eq!(sniff::sniff(head, claimed).mime, mime, "{claimed:?}");
    }
}

#[test]
fn the_sweep_takes_what_nobody_needs_and_no_more_than_it_must() {
    let hour = 3_600_000;
    let kept =
        |number: u8, hours: i64| Kept { id: BlobId::of_digest(&[number; 32]), size: 10, put_ms: START_MS - hours * hour };
    let all = || vec![kept(1, 1), kept(2, 7), kept(3, 8), kept(4, 200), kept(5, 300)];
    let needed = [BlobId::of_digest(&[5; 32])].into();
    let chosen = |lacking| {
        let goes = sweep::choose(all(), &needed, &rule(lacking), START_MS);
        goes.into_iter().map(|blob| blob.id.as_str()[..2].to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(chosen(0), ["04"], "old, and nobody needs it");
    assert_eq!(chosen(10), ["04"]);
    assert_eq!(chosen(11), ["04", "03"], "the older one first");
    assert_eq!(chosen(1_000), ["04", "03", "02"], "neither what is needed nor what is young");
}

#[tokio::test]
async fn a_full_room_makes_place_but_never_of_what_an_open_row_needs() {
    let rig = rig(10);
    let put = |text: &'static str| rig.house.put(claim(text, "text/plain", 10), stream(&[text.as_bytes()]));
    let first = put("aaaaaa").await.unwrap();
    assert_eq!(put("bbbbbb").await, Err(MediaFault::Full), "what is young stays");
    let mut message = make::accept("a", "m1");
    message.inbound.media = vec![first.clone()];
    let (row, _) = make::new(rig.store.accept(vec![message]).await.unwrap().remove(0));
    rig.clock.advance(Duration::from_secs(30 * 24 * 3600));
    assert_eq!(put("bbbbbb").await, Err(MediaFault::Full), "what a row needs stays however old it is");
    assert_eq!(read(&rig.house, first.blob().unwrap()).await.unwrap(), b"aaaaaa");
    rig.store.begin_turn(make::session("a"), 1).await.unwrap();
    rig.store.finish_turn(make::turn("a", &[row], vec![]), 0).await.unwrap();
    put("bbbbbb").await.unwrap();
    assert_eq!(read(&rig.house, first.blob().unwrap()).await, Err(MediaFault::Missing));
}

/// A client over HTTP may send one picture after the other, each another one.
#[tokio::test]
async fn requests_fill_their_own_room_and_no_other() {
    let rig = rig(24);
    let of = |patron, text: &'static str| {
        rig.house.put(Claim { patron, ..claim(text, "text/plain", 10) }, stream(&[text.as_bytes()]))
    };
    let first = of(Patron::Request, "aaaaaa").await.unwrap();
    assert_eq!(of(Patron::Request, "b").await, Err(MediaFault::Full), "a fourth of the room's bytes");
    let kept = of(Patron::House, "cccccccccc").await.unwrap();
    // It is there like any other as long as its turn may wait.
    assert_eq!(read(&rig.house, first.blob().unwrap()).await.unwrap(), b"aaaaaa");
    let shown = rig.house.show(&SessionKey::new("agent:main:main"), vec![first.clone()]).await;
    assert_eq!((shown[0].note.as_deref(), shown[0].path()), (None, first.path()));
    assert!(rig.folder.path().join("workspace").join(first.path().unwrap()).exists());
    rig.clock.advance(sweep::PASSING_GRACE);
    of(Patron::Request, "b").await.unwrap();
    assert_eq!(read(&rig.house, first.blob().unwrap()).await, Err(MediaFault::Missing));
    rig.clock.advance(sweep::PASSING_GRACE);
    rig.house.sweep(0).await.unwrap();
    assert_eq!(files(&rig.folder.path().join("state/media")), [kept.blob().unwrap().as_str()], "they go by the hour too");
}

#[tokio::test]
async fn drafts_of_an_earlier_life_go_and_what_is_kept_stays() {
    let rig = rig(1 << 20);
    let media = rig.folder.path().join("state/media");
    let kept = rig.house.put(claim("a", "text/plain", 9), stream(&[b"abc"])).await.unwrap();
    std::fs::write(media.join("drafts/half"), "ab").unwrap();
    // No row names what a request brought, and its turn is gone.
    let passing = Claim { patron: Patron::Request, ..claim("p", "text/plain", 9) };
    rig.house.put(passing.clone(), stream(&[b"passing"])).await.unwrap();
    let parts = MediaParts {
        state_dir: rig.folder.path().join("state"),
        store: Arc::clone(&rig.store) as _,
        workspaces: Live::fixed(Workspaces::default()),
        settings: Live::fixed(MediaSettings { room_bytes_max: 4, ..MediaSettings::default() }),
        clock: rig.clock.clone(),
    };
    let next = MediaHouse::on(network(), parts);
    assert_eq!(next.put(claim("b", "text/plain", 9), stream(&[b"xy"])).await, Err(MediaFault::Full), "it counts what it found");
    assert_eq!(next.put(passing, stream(&[b"xy"])).await, Err(MediaFault::Full), "its room is a fourth");
    assert_eq!(files(&media), [kept.blob().unwrap().as_str()]);
}

#[tokio::test]
async fn a_turn_has_its_files_in_the_workspace_and_its_pictures_in_hand() {
    let rig = rig(1 << 20);
    let session = SessionKey::new("agent:main:main");
    let picture = rig.house.put(claim("p.png", "image/png", 99), stream(&[PNG])).await.unwrap();
    let text = rig.house.put(claim("n.txt", "text/plain", 99), stream(&[b"words"])).await.unwrap();
    let gone = Media { name: Some("g.txt".into()), ..Media::new(MediaAt::Blob(BlobId::of_digest(&[1; 32]))) };
    let in_hand = Media::in_hand(Bytes::from_static(PNG), Some("again.png".into()), None);
    let url = Media::at_url("https://a.test/b.png", Some("image/png".into()));
    let shown = rig.house.show(&session, vec![picture.clone(), text.clone(), gone, in_hand, url.clone()]).await;
    let workspace = rig.folder.path().join("workspace");
    assert_eq!(shown[0].data.as_deref(), Some(PNG));
    assert_eq!(std::fs::read(workspace.join(shown[0].path().unwrap())).unwrap(), PNG);
    assert_eq!((shown[1].data.as_deref(), shown[1].path()), (None, text.path()));
    assert_eq!(std::fs::read(workspace.join(text.path().unwrap())).unwrap(), b"words");
    assert_eq!((shown[2].path(), shown[2].note.as_deref()), (None, Some("it is not kept any more")));
    assert_eq!((shown[3].blob(), shown[3].data.as_deref()), (picture.blob(), Some(PNG)));
    assert_eq!(shown[4], url, "what is on the web stays there");
}

#[tokio::test]
async fn a_link_in_the_workspace_leads_no_file_out_of_it() {
    let rig = rig(1 << 20);
    let (workspace, outside) = (rig.folder.path().join("workspace"), rig.folder.path().join("outside"));
    std::fs::create_dir_all(&workspace).unwrap();
    std::fs::create_dir_all(&outside).unwrap();
    std::os::unix::fs::symlink(&outside, workspace.join("media")).unwrap();
    let kept = rig.house.put(claim("n.txt", "text/plain", 99), stream(&[b"words"])).await.unwrap();
    let shown = rig.house.show(&SessionKey::new("agent:main:main"), vec![kept]).await;
    assert!(shown[0].note.as_deref().is_some_and(|note| note.contains("workspace")), "{shown:?}");
    assert_eq!(files(&outside), [""; 0]);
}

/// Answers each connection with what the path stands for, and remembers the requests.
async fn web() -> (u16, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let asked: Arc<Mutex<Vec<String>>> = Arc::default();
    let seen = Arc::clone(&asked);
    tokio::spawn(async move {
        let mut held = Vec::new();
        while let Ok((mut socket, _)) = listener.accept().await {
            let mut head = vec![0; 4096];
            let count = socket.read(&mut head).await.unwrap_or(0);
            let head = String::from_utf8_lossy(&head[..count]).into_owned();
            let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
            seen.lock().unwrap().push(head);
            let ok = |kind: &str, more: &str, body: &[u8]| {
                let head = format!("HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\n{more}connection: close\r\n\r\n");
                [head.as_bytes(), body].concat()
            };
            let to = |place: &str| format!("HTTP/1.1 302 Found\r\nlocation: {place}\r\nconnection: close\r\n\r\n").into_bytes();
            let answer = match path.as_str() {
                "/a.png" => ok("image/png", "", PNG),
                "/on" => to("/a.png"),
                "/inner" => to(&format!("http://inner.test:{port}/a.png")),
                "/private" => to("http://192.168.1.1/a.png"),
                "/file" => to("file:///etc/passwd"),
                "/round" => to("/round"),
                "/page" => ok("text/html", "", b"<html>log in</html>"),
                "/long" => ok("image/png", "content-length: 99999999\r\n", PNG),
                "/endless" => ok("image/png", "", &vec![7; 4096]),
                "/slow" => ok("image/png", "", PNG),
                "/other" => to(&format!("http://other.test:{port}/a.png")),
                "/svg" => ok("image/svg+xml", "", b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"),
                "/zip" => ok("image/png", "content-encoding: gzip\r\n", PNG),
                _ => b"HTTP/1.1 404 Not Found\r\nconnection: close\r\n\r\n".to_vec(),
            };
            let _ = socket.write_all(&answer).await;
            if path == "/slow" {
                // It says no more, and does not hang up.
                held.push(socket);
            }
        }
    });
    (port, asked)
}

#[tokio::test]
async fn a_public_address_is_taken_in_and_nothing_behind_it_that_is_not_public() {
    let rig = rig(1 << 20);
    let (port, asked) = web().await;
    let fetch = async |path: &str, claim: Claim| {
        let fetched = rig.house.fetch(format!("http://public.test:{port}{path}?token=hidden"), claim).await;
        let blobs = files(&rig.folder.path().join("state/media"));
        (fetched, blobs.len())
    };
    let picture = || Claim { mime: Some("image/jpeg".into()), ..Claim::up_to(1024) };
    // The way of the test's own server has no query.
    let (fetched, count) = fetch("/a.png", picture()).await;
    assert!(fetched.is_err() && count == 0, "the stand-in knows no query");
    let fetch = async |path: &str| {
        let fetched = rig.house.fetch(format!("http://public.test:{port}{path}"), picture()).await;
        (fetched, files(&rig.folder.path().join("state/media")).len())
    };
    for (path, fault) in [
        ("/inner", "private or internal address"),
        ("/private", "private or internal host"),
        ("/file", "only http and https"),
        ("/round", "sends on more than 3 times"),
        ("/page", "a web page, not the file"),
        ("/long", "larger than 1024 bytes"),
        ("/endless", "larger than 1024 bytes"),
        ("/zip", "compressed"),
        ("/none", "status 404"),
    ] {
        let (fetched, count) = fetch(path).await;
        let told = fetched.unwrap_err().to_string();
        assert!(told.contains(fault) && !told.contains("public.test"), "{path}: {told}");
        assert_eq!(count, 0, "{path}");
    }
    let (fetched, _) = fetch("/on").await;
    let fetched = fetched.unwrap();
    assert_eq!((fetched.mime.as_deref(), fetched.name.as_deref()), (Some("image/png"), Some("a.png")));
    for (url, why) in [
        ("http://inner.test/a.png", "blocked: the name leads to a private or internal address"),
        ("http://10.1/a", "blocked: private or internal host"),
        ("http://localhost/a", "blocked: private or internal host"),
        ("file:///etc/passwd", "blocked: only http and https addresses are read"),
        ("http://u:p@public.test/", "blocked: an address with a user or password is not read"),
        ("x", "it has no address that can be read"),
    ] {
        assert_eq!(rig.house.fetch(url.into(), picture()).await, Err(MediaFault::Blocked(why.into())), "{url}");
    }
    let heads = asked.lock().unwrap().join("\n").to_lowercase();
    assert!(!heads.contains("authorization") && !heads.contains("cookie") && !heads.contains("x-auth-token"), "{heads}");
}

#[tokio::test]
async fn a_data_address_is_decoded_within_its_bound() {
    let rig = rig(1 << 20);
    let fetch = |url: &str| rig.house.fetch(url.to_owned(), Claim::up_to(4));
    let kept = fetch("data:text/csv;base64,YSxi").await.unwrap();
    assert_eq!((kept.mime.as_deref(), kept.size), (Some("text/csv"), Some(3)));
    assert_eq!(fetch("data:text/csv;base64,YSxiLGM=").await, Err(MediaFault::TooLarge { max: 4 }));
    assert_eq!(fetch("data:text/csv;base64,?").await, Err(MediaFault::NotTheFile("invalid base64 content".into())));
}

#[tokio::test]
async fn an_address_is_followed_no_further_than_it_may() {
    let rig = rig(1 << 20);
    let (port, _) = web().await;
    let fetch = async |path: &str, reach: Reach| {
        let claim = Claim { reach, ..Claim::up_to(1024) };
        rig.house.fetch(format!("http://public.test:{port}{path}"), claim).await.map_err(|fault| fault.to_string())
    };
    let only = |hosts: &[&str]| Reach { hosts: hosts.iter().map(|host| (*host).to_owned()).collect(), ..Reach::default() };
    assert!(fetch("/a.png", only(&["public.test"])).await.is_ok());
    assert!(fetch("/other", only(&["public.test", "other.test"])).await.is_ok());
    for hosts in [&["other.test"][..], &["*.public.test"], &[""], &["public.test.example.org"]] {
        let told = fetch("/a.png", only(hosts)).await.unwrap_err();
        assert!(told.contains("none of those that may be asked"), "{hosts:?}: {told}");
    }
    let told = fetch("/other", only(&["public.test"])).await.unwrap_err();
    assert!(told.contains("none of those that may be asked"), "a redirect is looked at like the first: {told}");
    let told = fetch("/on", Reach { redirects_max: 0, ..Reach::default() }).await.unwrap_err();
    assert!(told.contains("sends on more than 0 times"), "{told}");
    let svg = fetch("/svg", Reach::default()).await.unwrap();
    assert_ne!(svg.mime.as_deref(), Some("image/svg+xml"), "a page in a picture's clothes is a text");
}
