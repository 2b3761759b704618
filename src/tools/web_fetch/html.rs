//! The text of an HTML page: tags are left out, blocks become lines. Not a parser, and linear in the page's length.

/// Elements whose content is not for readers.
const SKIPPED: &[&str] = &["script", "style", "noscript", "template", "svg", "iframe", "object", "canvas", "select"];
/// Elements that begin and end a line.
const BLOCKS: &[&str] = &[
    "address",
    "article",
    "aside",
    "blockquote",
    "body",
    "br",
    "dd",
    "div",
    "dl",
    "dt",
    "fieldset",
    "figcaption",
    "figure",
    "footer",
    "form",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "head",
    "header",
    "hr",
    "li",
    "main",
    "nav",
    "ol",
    "p",
    "pre",
    "section",
    "table",
    "title",
    "tr",
    "ul",
];
/// Elements behind which there is a space.
const CELLS: &[&str] = &["td", "th"];
/// The longest name of a character that is looked for behind `&`.
const ENTITY_BYTES_MAX: usize = 10;

/// Returns the title and the text.
pub(super) fn read(html: &str) -> (Option<String>, String) {
    let mut reader = Reader::default();
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        let (text, tag) = rest.split_at_checked(at).unwrap_or((rest, ""));
        reader.say(text);
        rest = reader.tag(tag);
    }
    reader.say(rest);
    let title = reader.title.trim();
    ((!title.is_empty()).then(|| title.to_owned()), reader.text.trim().to_owned())
}

#[derive(Default)]
struct Reader {
    text: String,
    title: String,
    in_title: bool,
}

impl Reader {
    /// Adds text, each run of white space as one space.
    fn say(&mut self, text: &str) {
        let out = if self.in_title { &mut self.title } else { &mut self.text };
        let text = decode(text);
        if text.starts_with(char::is_whitespace) {
            space(out);
        }
        for (place, word) in text.split_whitespace().enumerate() {
            if place > 0 {
                out.push(' ');
            }
            out.push_str(word);
        }
        if text.ends_with(char::is_whitespace) {
            space(out);
        }
    }

    /// Takes what begins with `<`; returns what follows.
    fn tag<'a>(&mut self, tag: &'a str) -> &'a str {
        if let Some(comment) = tag.strip_prefix("<!--") {
            return behind(comment, "-->");
        }
        let closing = tag.starts_with("</");
        let name_at = if closing { 2 } else { 1 };
        let rest = tag.get(name_at..).unwrap_or_default();
        let name_end = rest.find(|mark: char| !mark.is_ascii_alphanumeric()).unwrap_or(rest.len());
        let name = rest.get(..name_end).unwrap_or_default().to_ascii_lowercase();
        if name.is_empty() && !rest.starts_with(['!', '?', '/']) {
            // A lone `<` is a character.
            self.say("<");
            return tag.get(1..).unwrap_or_default();
        }
        let rest = behind(tag, ">");
        if !closing && SKIPPED.contains(&name.as_str()) {
            return behind_closing(rest, &name);
        }
        if name == "title" {
            // Pictures have titles too; the page's comes first.
            self.in_title = !closing && self.title.is_empty();
        }
        if BLOCKS.contains(&name.as_str()) {
            line(&mut self.text);
            if name == "li" && !closing {
                self.text.push_str("- ");
            }
        } else if CELLS.contains(&name.as_str()) {
            space(&mut self.text);
        }
        rest
    }
}

/// Ends a word.
fn space(out: &mut String) {
    if !out.is_empty() && !out.ends_with([' ', '\n']) {
        out.push(' ');
    }
}

/// Ends a line.
fn line(out: &mut String) {
    while out.ends_with(' ') {
        out.pop();
    }
    if !out.is_empty() && !out.ends_with('\n') {
        out.push('\n');
    }
}

/// Returns what follows a mark; nothing where there is none.
fn behind<'a>(text: &'a str, mark: &str) -> &'a str {
    text.split_once(mark).map_or("", |(_, rest)| rest)
}

/// Returns what follows the end of an element whose content is not looked at.
fn behind_closing<'a>(text: &'a str, name: &str) -> &'a str {
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(found) = text.get(at..).and_then(|rest| rest.find("</")) {
        let name_at = at + found + 2;
        let here = bytes.get(name_at..name_at + name.len()).is_some_and(|word| word.eq_ignore_ascii_case(name.as_bytes()));
        if here {
            return behind(text.get(name_at..).unwrap_or_default(), ">");
        }
        at = name_at;
    }
    ""
}

/// Puts characters in the place of their names.
fn decode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        let (before, name) = rest.split_at_checked(at).unwrap_or((rest, ""));
        out.push_str(before);
        let head = name.get(..name.floor_char_boundary(ENTITY_BYTES_MAX + 2)).unwrap_or_default();
        match head.find(';').and_then(|end| Some((character(name.get(1..end)?)?, end))) {
            Some((mark, end)) => {
                out.push(mark);
                rest = name.get(end + 1..).unwrap_or_default();
            }
            None => {
                out.push('&');
                rest = name.get(1..).unwrap_or_default();
            }
        }
    }
    out.push_str(rest);
    out
}

fn character(name: &str) -> Option<char> {
    if let Some(number) = name.strip_prefix('#') {
        let hex = number.strip_prefix(['x', 'X']);
        let code = hex.map_or_else(|| number.parse().ok(), |hex| u32::from_str_radix(hex, 16).ok())?;
        return char::from_u32(code).filter(|mark| !mark.is_control() || mark.is_whitespace());
    }
    Some(match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        "nbsp" => ' ',
        "ndash" => '–',
        "mdash" => '—',
        "hellip" => '…',
        "lsquo" => '‘',
        "rsquo" => '’',
        "ldquo" => '“',
        "rdquo" => '”',
        "bull" => '•',
        "middot" => '·',
        "laquo" => '«',
        "raquo" => '»',
        "copy" => '©',
        "reg" => '®',
        "trade" => '™',
        "euro" => '€',
        "times" => '×',
        _ => return None,
    })
}
