//! docs/errors.md says what the list of codes says.

use std::fmt::Write as _;
use std::path::Path;

use callboard_actors::message::{Code, Retry};

fn page() -> String {
    let mut page = String::from(
        "# Errors\n\n<!-- Made from `message::Code`; `UPDATE_DOCS=1 cargo test` writes it anew. -->\n\n\
         Every error carries a code from this closed list: in HTTP bodies (`error.code`), in events, logs and dead letters. *Retry* says\n\
         whether the same request may succeed later: `after` a while, or `never` before something changes. *Wire* is the code of the control\n\
         plane's protocol.\n\n\
         | Code | HTTP | Wire | Retry | Meaning |\n|---|---|---|---|---|\n",
    );
    for code in Code::ALL {
        let retry = match code.retry() {
            Retry::Now => "now",
            Retry::After => "after",
            Retry::Never => "never",
        };
        let meaning = code.meaning();
        let _ = writeln!(page, "| `{code}` | {} | `{}` | {retry} | {meaning} |", code.http_status(), code.wire());
    }
    page
}

#[test]
fn the_page_of_errors_is_up_to_date() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/errors.md");
    let made = page();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&file, &made).expect("the page");
    }
    let found = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(found == made, "docs/errors.md is stale: run UPDATE_DOCS=1 cargo test");
}

#[test]
fn codes_read_back_as_written() {
    for code in Code::ALL {
        assert_eq!(code.as_str().parse(), Ok(*code));
    }
}
