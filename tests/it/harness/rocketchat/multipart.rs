//! Forms with files.

use super::http::Request;

/// One part of a form.
#[derive(Debug, PartialEq, Eq)]
pub struct Part {
    /// The field.
    pub name: String,
    /// The file's name, if it is one.
    pub file: Option<String>,
    /// Its type.
    pub kind: Option<String>,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// Returns the parts of a form; none when the request is no form.
pub fn parts(request: &Request) -> Vec<Part> {
    let kind = request.header("content-type").unwrap_or_default();
    let Some(boundary) = parameter(kind, "boundary") else { return Vec::new() };
    let mark = format!("--{boundary}");
    split(&request.body, mark.as_bytes()).into_iter().filter_map(part).collect()
}

/// Returns what stands between marks: neither what comes before the first nor what comes after the last.
fn split<'a>(body: &'a [u8], mark: &[u8]) -> Vec<&'a [u8]> {
    let places: Vec<_> = body.windows(mark.len()).enumerate().filter(|(_, window)| *window == mark).map(|(at, _)| at).collect();
    places.windows(2).map(|pair| &body[pair[0] + mark.len()..pair[1]]).collect()
}

fn part(bytes: &[u8]) -> Option<Part> {
    let bytes = bytes.strip_prefix(b"\r\n")?.strip_suffix(b"\r\n")?;
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let header = |name: &str| {
        let lines = head.split("\r\n").filter_map(|line| line.split_once(':'));
        lines.into_iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim().to_owned())
    };
    let place = header("content-disposition")?;
    let file = parameter(&place, "filename");
    Some(Part { name: parameter(&place, "name")?, file, kind: header("content-type"), bytes: bytes[end + 4..].to_vec() })
}

/// Returns a parameter of a header, with or without quotes; `name*` is left to those who know the plain one.
fn parameter(header: &str, name: &str) -> Option<String> {
    let found = header.split(';').filter_map(|part| part.split_once('=')).find(|(known, _)| known.trim() == name)?;
    Some(found.1.trim().trim_matches('"').to_owned())
}
