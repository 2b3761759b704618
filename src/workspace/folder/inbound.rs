//! Files that are laid into a folder from outside, and the bound of where they lie.

use std::io::{self, Read};

use cap_std::fs::{Metadata, OpenOptions};
use uuid::Uuid;

use super::{Folder, FolderError, Place};

impl Folder {
    /// Lays a file of `size` bytes into the folder, unless one of that name and size lies there: names hold the digest of what is in the
    /// file. It is whole or not there at every moment; a link in its place is replaced, not followed.
    ///
    /// # Errors
    /// It cannot be read or written.
    pub fn bring(&self, place: &Place, from: &mut impl Read, size: u64) -> Result<(), FolderError> {
        let Some(name) = place.path.file_name() else { return Err(place.kind("a folder", "a file")) };
        let parent = self.parent(place)?;
        let there = parent.symlink_metadata(name).ok();
        if there.is_some_and(|there| there.is_file() && there.len() == size) {
            return Ok(());
        }
        let draft = format!(".{}.draft", Uuid::new_v4().simple());
        let written = (|| {
            let mut file = parent.open_with(&draft, OpenOptions::new().write(true).create_new(true))?;
            let count = io::copy(&mut from.take(size), &mut file)?;
            if count < size {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            parent.rename(&draft, &parent, name)
        })();
        written.map_err(|error| {
            let _ = parent.remove_file(&draft);
            place.error(&error)
        })
    }

    /// Removes the oldest files of a folder inside this one until the rest has at most so many bytes. Those named stay, and so does
    /// what is no plain file.
    ///
    /// # Errors
    /// It cannot be read; `Missing` where there is none.
    pub fn trim(&self, place: &Place, bytes_max: u64, keep: &[String]) -> Result<(), FolderError> {
        let dir = self.dir.open_dir(&place.path).map_err(|error| place.error(&error))?;
        let entries = dir.entries().map_err(|error| place.error(&error))?;
        let mut files: Vec<(String, Metadata)> = entries
            .filter_map(Result::ok)
            .filter_map(|entry| Some((entry.file_name().into_string().ok()?, entry.metadata().ok()?)))
            .filter(|(_, about)| about.is_file())
            .collect();
        let mut total: u64 = files.iter().map(|(_, about)| about.len()).sum();
        files.sort_by_key(|(_, about)| about.modified().ok().map(cap_std::time::SystemTime::into_std));
        for (name, about) in files.into_iter().filter(|(name, _)| !keep.contains(name)) {
            if total <= bytes_max {
                break;
            }
            if dir.remove_file(&name).is_ok() {
                total = total.saturating_sub(about.len());
            }
        }
        Ok(())
    }
}
