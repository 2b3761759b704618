//! What a file looks like from outside: enough to notice that it has changed.

use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;
use std::time::SystemTime;

/// What a file looked like at a moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamp {
    file: PathBuf,
    /// `None` when it was not there. Two changes within one tick of the clock differ in the file that a rename put in the place,
    /// or in its length.
    look: Option<(SystemTime, u64, u64)>,
}

impl Stamp {
    /// Looks at a file.
    #[must_use]
    pub fn of(file: PathBuf) -> Self {
        let about = std::fs::metadata(&file).ok();
        let look = about.and_then(|about| Some((about.modified().ok()?, about.len(), about.ino())));
        Self { file, look }
    }

    /// Looks at the same file again.
    #[must_use]
    pub fn again(&self) -> Self {
        Self::of(self.file.clone())
    }
}
