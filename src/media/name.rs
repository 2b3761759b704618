//! Names that are safe as a file's, whoever chose them.

/// The longest name without its ending, characters and bytes: file systems take 255 bytes, a workspace puts a tag before the name, and
/// a character has up to four bytes.
const NAME_CHARS_MAX: usize = 80;
const NAME_BYTES_MAX: usize = 180;
/// The longest ending, characters and bytes.
const ENDING_CHARS_MAX: usize = 10;
const ENDING_BYTES_MAX: usize = 40;

/// Returns a name without folders, dots before it, or anything but letters, digits, `-`, `_` and `.`; with the ending of its kind.
pub(super) fn safe(said: Option<&str>, ending: Option<&str>) -> String {
    let last = said.unwrap_or_default().rsplit(['/', '\\']).next().unwrap_or_default();
    let cleaned: String =
        last.chars().map(|mark| if mark.is_alphanumeric() || "-_.".contains(mark) { mark } else { '_' }).collect();
    let cleaned = cleaned.trim_matches(['.', '_']);
    let (stem, own) = match cleaned.rsplit_once('.') {
        Some((stem, own)) if !stem.is_empty() && own.chars().count() <= ENDING_CHARS_MAX => (stem, Some(own)),
        _ => (cleaned, None),
    };
    let stem: String = stem.chars().take(NAME_CHARS_MAX).collect();
    let stem = cut(&stem, NAME_BYTES_MAX);
    let stem = if stem.trim_matches('.').is_empty() { "file" } else { stem.trim_matches('.') };
    let same = |own: &&str| ending.is_none_or(|ending| own.eq_ignore_ascii_case(ending) || is_alias(own, ending));
    match own.filter(same).or(ending) {
        // Small letters may take more bytes than the capitals did.
        Some(ending) => format!("{stem}.{}", cut(&ending.to_lowercase(), ENDING_BYTES_MAX)),
        None => stem.to_owned(),
    }
}

/// Cuts a text on the boundary of a character.
fn cut(text: &str, bytes_max: usize) -> &str {
    text.get(..text.floor_char_boundary(bytes_max)).unwrap_or_default()
}

/// Two endings of one kind.
fn is_alias(own: &str, ending: &str) -> bool {
    let own = own.to_ascii_lowercase();
    matches!(
        (own.as_str(), ending),
        ("jpeg", "jpg") | ("tiff", "tif") | ("htm", "html") | ("oga" | "opus", "ogg") | ("m4v", "mp4")
    )
}
