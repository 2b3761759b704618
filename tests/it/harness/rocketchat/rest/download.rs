//! Downloads, here or by way of a storage elsewhere.

use super::super::http::{Request, Response};
use super::super::world::World;
use super::login;

/// Answers `/file-upload/ID/NAME`: a login is asked for, in headers, cookies or the query.
pub fn file(world: &World, request: &Request) -> Response {
    let id = request.path.split('/').nth(2).unwrap_or_default();
    if login::who(world, request).or_else(|| by_other_means(world, request)).is_none() {
        return Response::bytes(403, "text/plain", b"Forbidden".to_vec());
    }
    match (&world.faults.downloads_at, world.file(id)) {
        (_, None) => Response::bytes(404, "text/plain", b"Not found".to_vec()),
        (Some(elsewhere), Some(_)) => {
            let mut response = Response::bytes(302, "text/plain", Vec::new());
            response.headers.push(("location".to_owned(), format!("{elsewhere}/storage/{id}")));
            response
        }
        (None, Some(file)) => bytes(&file.upload.kind, &file.upload.bytes),
    }
}

/// Answers `/storage/ID`, which is another host's and open to everybody who knows the path.
pub fn storage(world: &World, request: &Request) -> Response {
    match world.file(request.path.split('/').nth(2).unwrap_or_default()) {
        Some(file) => bytes(&file.upload.kind, &file.upload.bytes),
        None => Response::bytes(404, "text/plain", b"Not found".to_vec()),
    }
}

fn bytes(kind: &str, bytes: &[u8]) -> Response {
    let mut response = Response::bytes(200, kind, bytes.to_vec());
    response.headers.push(("content-security-policy".to_owned(), "default-src 'none'".to_owned()));
    response
}

fn by_other_means(world: &World, request: &Request) -> Option<String> {
    let cookies = request.header("cookie").unwrap_or_default();
    let cookie = |name: &str| {
        let pairs = cookies.split(';').filter_map(|pair| pair.split_once('='));
        pairs.into_iter().find(|(known, _)| known.trim() == name).map(|(_, value)| value.trim())
    };
    let shown = |name: &str| request.asked(name).or_else(|| cookie(name));
    let (token, uid) = (shown("rc_token")?, shown("rc_uid")?);
    world.token(token).filter(|token| token.uid == uid).map(|token| token.uid.clone())
}
