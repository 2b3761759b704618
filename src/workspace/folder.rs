//! One folder and nothing beside it. Every path is walked from the folder's own handle, link by link, so that neither `..` nor a
//! link leads out of it, whoever changes what meanwhile.

mod inbound;

use std::io::{self, ErrorKind, Read as _, Write as _};
use std::path::{Component, Path, PathBuf};

use cap_std::ambient_authority;
use cap_std::fs::{Dir, DirEntry, File, OpenOptions, OpenOptionsExt as _};
use nix::fcntl::OFlag;
use uuid::Uuid;

/// The largest file that is read or written whole, bytes.
pub const FILE_BYTES_MAX: u64 = 16 << 20;

/// The longest path, bytes.
const PATH_BYTES_MAX: usize = 4_096;

/// Why something in a folder could not be done.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// It leads out of the folder.
    #[error("`{path}` leads out of the workspace: name a path inside it")]
    Outside {
        /// The path as it was given.
        path: String,
    },
    /// There is nothing there.
    #[error("there is no `{path}` in the workspace")]
    Missing {
        /// The path as it was given.
        path: String,
    },
    /// It is something else.
    #[error("`{path}` is {is}, not {wanted}")]
    Kind {
        /// The path as it was given.
        path: String,
        /// What is there.
        is: &'static str,
        /// What was wanted.
        wanted: &'static str,
    },
    /// It is too large.
    #[error("`{path}` has {bytes} bytes, more than {max}")]
    Large {
        /// The path as it was given.
        path: String,
        /// How many it has.
        bytes: u64,
        /// How many it may have.
        max: u64,
    },
    /// The system says no.
    #[error("`{path}`: {reason}")]
    Io {
        /// The path as it was given.
        path: String,
        /// What it said.
        reason: String,
    },
}

/// A path inside a folder, relative and without `..`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// As it was given, for errors.
    given: String,
    /// From the folder; empty for the folder itself.
    path: PathBuf,
}

impl Place {
    /// Reads a path. An absolute one has to begin with the folder's own.
    ///
    /// # Errors
    /// It leads out, or is too long.
    pub fn read(given: &str, folder: &Path) -> Result<Self, FolderError> {
        let outside = || FolderError::Outside { path: shown(given) };
        if given.len() > PATH_BYTES_MAX || given.contains('\0') {
            return Err(outside());
        }
        let path = Path::new(given);
        let path = if path.is_absolute() { path.strip_prefix(folder).map_err(|_| outside())? } else { path };
        let mut walked = PathBuf::new();
        for part in path.components() {
            match part {
                Component::CurDir => {}
                Component::Normal(name) => walked.push(name),
                // Inside the folder it goes up to where it came from; a link on the way is a matter for the walk itself.
                Component::ParentDir if walked.pop() => {}
                Component::ParentDir | Component::RootDir | Component::Prefix(_) => return Err(outside()),
            }
        }
        Ok(Self { given: shown(given), path: walked })
    }

    /// Returns the path from the folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn error(&self, error: &io::Error) -> FolderError {
        let path = self.given.clone();
        match error.kind() {
            ErrorKind::NotFound => FolderError::Missing { path },
            // What the walk says when a link leads out; a file that may not be read says so by an errno.
            ErrorKind::PermissionDenied if error.raw_os_error().is_none() => FolderError::Outside { path },
            _ => FolderError::Io { path, reason: error.kind().to_string() },
        }
    }

    fn kind(&self, is: &'static str, wanted: &'static str) -> FolderError {
        FolderError::Kind { path: self.given.clone(), is, wanted }
    }
}

/// What stands in a file.
#[derive(Debug)]
pub enum Text {
    /// Text.
    Plain(String),
    /// Something else, of so many bytes.
    Binary(u64),
}

/// One entry of a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: ItemKind,
    /// How many bytes a file has.
    pub bytes: u64,
}

/// What an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ItemKind {
    /// A file.
    File,
    /// A folder.
    Folder,
    /// A link, whereever it leads.
    Link,
    /// Something else.
    Other,
}

/// An open folder.
pub struct Folder {
    dir: Dir,
}

impl Folder {
    /// Opens a folder.
    ///
    /// # Errors
    /// It is not there, or may not be opened.
    pub fn open(path: &Path) -> Result<Self, FolderError> {
        let opened = Dir::open_ambient_dir(path, ambient_authority());
        opened.map(|dir| Self { dir }).map_err(|error| top(path, &error))
    }

    /// Opens a folder, and makes it where it is not there.
    ///
    /// # Errors
    /// It can be neither opened nor made.
    pub fn open_or_make(path: &Path) -> Result<Self, FolderError> {
        match Self::open(path) {
            Err(FolderError::Missing { .. }) => {
                Dir::create_ambient_dir_all(path, ambient_authority()).map_err(|error| top(path, &error))?;
                Self::open(path)
            }
            opened => opened,
        }
    }

    /// Reads a file whole, at most `max` bytes.
    ///
    /// # Errors
    /// There is none, it is larger, or it may not be read.
    pub fn read(&self, place: &Place, max: u64) -> Result<Text, FolderError> {
        let bytes = self.bytes(place, max)?;
        let count = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        if bytes.contains(&0) {
            return Ok(Text::Binary(count));
        }
        Ok(String::from_utf8(bytes).map_or(Text::Binary(count), Text::Plain))
    }

    /// Reads a file's bytes whole, at most `max` of them.
    ///
    /// # Errors
    /// There is none, it is larger, or it may not be read.
    pub fn bytes(&self, place: &Place, max: u64) -> Result<Vec<u8>, FolderError> {
        let file = self.file(place)?;
        let bytes = file.metadata().map_err(|error| place.error(&error))?.len();
        let large = |bytes| FolderError::Large { path: place.given.clone(), bytes, max };
        if bytes > max {
            return Err(large(bytes));
        }
        let mut read = Vec::new();
        // It may have grown since.
        file.take(max.saturating_add(1)).read_to_end(&mut read).map_err(|error| place.error(&error))?;
        match u64::try_from(read.len()).unwrap_or(u64::MAX) {
            count if count > max => Err(large(count)),
            _ => Ok(read),
        }
    }

    fn file(&self, place: &Place) -> Result<File, FolderError> {
        if place.path.as_os_str().is_empty() {
            return Err(place.kind("a folder", "a file"));
        }
        let mut options = OpenOptions::new();
        // A pipe that nobody writes to is told apart instead of waited for.
        options.read(true).custom_flags(OFlag::O_NONBLOCK.bits());
        let file = self.dir.open_with(&place.path, &options).map_err(|error| place.error(&error))?;
        let kind = file.metadata().map_err(|error| place.error(&error))?.file_type();
        match kind {
            kind if kind.is_file() => Ok(file),
            kind if kind.is_dir() => Err(place.kind("a folder", "a file")),
            _ => Err(place.kind("neither a file nor a folder", "a file")),
        }
    }

    /// Writes a file whole: it is the old one or the new one at every moment. The folders above it are made. A link in its place is
    /// replaced, not followed.
    ///
    /// # Errors
    /// It is too large, is a folder, or may not be written.
    pub fn write(&self, place: &Place, text: &str) -> Result<(), FolderError> {
        let bytes = u64::try_from(text.len()).unwrap_or(u64::MAX);
        if bytes > FILE_BYTES_MAX {
            return Err(FolderError::Large { path: place.given.clone(), bytes, max: FILE_BYTES_MAX });
        }
        let Some(name) = place.path.file_name() else { return Err(place.kind("a folder", "a file")) };
        let parent = self.parent(place)?;
        let old = parent.symlink_metadata(name).ok();
        if old.as_ref().is_some_and(cap_std::fs::Metadata::is_dir) {
            return Err(place.kind("a folder", "a file"));
        }
        let draft = format!(".{}.draft", Uuid::new_v4().simple());
        let written = (|| {
            let mut file = parent.open_with(&draft, OpenOptions::new().write(true).create_new(true))?;
            file.write_all(text.as_bytes())?;
            if let Some(old) = old.filter(cap_std::fs::Metadata::is_file) {
                file.set_permissions(old.permissions())?;
            }
            file.sync_all()?;
            parent.rename(&draft, &parent, name)
        })();
        written.map_err(|error| {
            // Nobody knows the draft's name: what is left of it would stand there for ever.
            let _ = parent.remove_file(&draft);
            place.error(&error)
        })
    }

    fn parent(&self, place: &Place) -> Result<Dir, FolderError> {
        match place.path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
            None => self.dir.try_clone().map_err(|error| place.error(&error)),
            Some(parent) => {
                self.dir.create_dir_all(parent).map_err(|error| place.error(&error))?;
                self.dir.open_dir(parent).map_err(|error| place.error(&error))
            }
        }
    }

    /// Lists a folder in the order of the names, at most `max` entries; answers also how many there are.
    ///
    /// # Errors
    /// There is none, or it may not be read.
    pub fn list(&self, place: &Place, max: usize) -> Result<(Vec<Item>, usize), FolderError> {
        let entries = if place.path.as_os_str().is_empty() { self.dir.entries() } else { self.dir.read_dir(&place.path) };
        let entries = entries.map_err(|error| match error.kind() {
            ErrorKind::NotADirectory => place.kind("a file", "a folder"),
            _ => place.error(&error),
        })?;
        let mut items: Vec<_> = entries.filter_map(Result::ok).map(|entry| item(&entry)).collect();
        items.sort_by(|one, other| one.name.cmp(&other.name));
        let count = items.len();
        items.truncate(max);
        Ok((items, count))
    }
}

impl std::fmt::Debug for Folder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Folder")
    }
}

fn item(entry: &DirEntry) -> Item {
    // Of a link itself, not of what it leads to.
    let about = entry.metadata().ok();
    let kind = entry.file_type().map_or(ItemKind::Other, |kind| match kind {
        kind if kind.is_symlink() => ItemKind::Link,
        kind if kind.is_dir() => ItemKind::Folder,
        kind if kind.is_file() => ItemKind::File,
        _ => ItemKind::Other,
    });
    let bytes = about.filter(|_| kind == ItemKind::File).map_or(0, |about| about.len());
    Item { name: entry.file_name().to_string_lossy().into_owned(), kind, bytes }
}

fn top(path: &Path, error: &io::Error) -> FolderError {
    let path = path.display().to_string();
    match error.kind() {
        ErrorKind::NotFound => FolderError::Missing { path },
        kind => FolderError::Io { path, reason: kind.to_string() },
    }
}

/// Returns a path as it is told.
fn shown(given: &str) -> String {
    given.chars().take(256).flat_map(char::escape_debug).collect()
}
