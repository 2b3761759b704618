//! An answer that goes on where an earlier try was cut short.

/// Between what was said and an answer that goes on without any white space.
const JOINT: &str = "\n\n";

/// Takes out of a new answer what the reader has of it already, where the model says it again. One that does not go on as it had
/// begun is taken for what follows.
#[derive(Debug)]
pub(super) struct Overlap<'a> {
    /// What the reader has; empty once it is decided what the answer is.
    said: &'a str,
    /// The beginning of the answer, while it is the beginning of what was said too.
    held: String,
}

impl<'a> Overlap<'a> {
    pub(super) const fn new(said: &'a str) -> Self {
        Self { said, held: String::new() }
    }

    /// Returns what of the answer is new with a further piece of it.
    pub(super) fn new_in(&mut self, piece: &str) -> String {
        if self.said.is_empty() {
            return piece.to_owned();
        }
        self.held.push_str(piece);
        if let Some(rest) = self.held.strip_prefix(self.said) {
            let rest = rest.to_owned();
            self.said = "";
            return rest;
        }
        if self.said.starts_with(&self.held) {
            return String::new();
        }
        let joint = if self.said.ends_with(char::is_whitespace) { "" } else { JOINT };
        self.said = "";
        format!("{joint}{}", std::mem::take(&mut self.held))
    }
}

#[cfg(test)]
mod tests {
    use super::Overlap;

    #[test]
    fn what_was_said_is_not_said_again_and_anything_else_follows_on_it() {
        let cases: [(&str, &[&str], &str); 8] = [
            ("", &["One. ", "Two."], "One. Two."),
            ("One. ", &["One. Two."], "Two."),
            ("One. ", &["On", "e.", " Tw", "o."], "Two."),
            ("One. ", &["One. "], ""),
            ("One. ", &["On"], ""),
            ("One. ", &["On", "ly. Two."], "Only. Two."),
            ("One.", &["Two."], "\n\nTwo."),
            ("É. ", &["É", ". Two."], "Two."),
        ];
        for (said, pieces, expected) in cases {
            let mut overlap = Overlap::new(said);
            let fresh: String = pieces.iter().map(|piece| overlap.new_in(piece)).collect();
            assert_eq!(fresh, expected, "{said:?} {pieces:?}");
        }
    }
}
