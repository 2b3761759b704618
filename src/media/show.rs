//! What a turn is shown: files in the workspace of its agent, small pictures with their bytes in hand.

use std::path::Path;

use bytes::Bytes;
use callboard_actors::message::{INBOUND_FOLDER, Media};
use callboard_actors::ports::MediaFault;

use super::rooms::Rooms;
use crate::workspace::{Folder, FolderError, Place};

/// The largest picture that is shown to a provider, bytes; larger ones are files only. The strictest of the providers takes 5 MB.
const PICTURE_BYTES_MAX: u64 = 3_750_000;
/// How many bytes of pictures one turn shows.
const PICTURES_BYTES_MAX: u64 = 16 << 20;
/// How many bytes of files an agent's folder for them holds; above, the oldest go.
const FOLDER_BYTES_MAX: u64 = 1 << 30;
/// The pictures that providers take.
const PICTURE_TYPES: &[&str] = &["image/png", "image/jpeg", "image/gif", "image/webp"];

/// Lays what is in the room into a workspace and takes pictures in hand. What fails says why in its note.
pub(super) fn lay_out(rooms: &Rooms, workspace: &Path, media: Vec<Media>) -> Vec<Media> {
    let mut pictures_bytes = PICTURES_BYTES_MAX;
    let names: Vec<_> =
        media.iter().filter_map(Media::path).filter_map(|path| path.rsplit('/').next().map(str::to_owned)).collect();
    if !names.is_empty() {
        trim(workspace, &names);
    }
    let one = |mut media: Media| {
        if media.blob().is_none() {
            return media;
        }
        media.data = picture(rooms, &media, &mut pictures_bytes);
        match lay(rooms, workspace, &media) {
            Ok(()) => media,
            Err(reason) => {
                tracing::warn!(event = "media.not_laid_out", "a file of a turn is not in the workspace: {reason}");
                Media { data: media.data.clone(), ..media.missing(reason) }
            }
        }
    };
    media.into_iter().map(one).collect()
}

fn lay(rooms: &Rooms, workspace: &Path, media: &Media) -> Result<(), String> {
    let (Some(id), Some(path)) = (media.blob(), media.path()) else { return Ok(()) };
    let lay = || {
        let place = Place::read(&path, workspace)?;
        let folder = Folder::open_or_make(workspace)?;
        match rooms.open(id) {
            Ok((mut file, size)) => folder.bring(&place, &mut file, size).map(Ok),
            Err(fault) => Ok(Err(fault)),
        }
    };
    match lay() {
        Ok(Ok(())) => Ok(()),
        Ok(Err(fault)) => Err(fault.to_string()),
        Err(error) => Err(format!("it could not be laid in the workspace: {error}")),
    }
}

/// Keeps the folder within its bound.
fn trim(workspace: &Path, names: &[String]) {
    let trim = || {
        let place = Place::read(INBOUND_FOLDER, workspace)?;
        Folder::open_or_make(workspace)?.trim(&place, FOLDER_BYTES_MAX, names)
    };
    match trim() {
        Ok(()) | Err(FolderError::Missing { .. }) => {}
        Err(error) => tracing::warn!(event = "media.not_trimmed", "old files stay in the workspace: {error}"),
    }
}

fn picture(rooms: &Rooms, media: &Media, left: &mut u64) -> Option<Bytes> {
    let mime = media.mime.as_deref()?;
    if !PICTURE_TYPES.contains(&mime) {
        return None;
    }
    let bytes = read(rooms, media, PICTURE_BYTES_MAX.min(*left)).ok()?;
    *left = left.saturating_sub(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
    Some(bytes)
}

fn read(rooms: &Rooms, media: &Media, max: u64) -> Result<Bytes, MediaFault> {
    use std::io::Read as _;
    let (file, size) = rooms.open(media.blob().ok_or(MediaFault::Missing)?)?;
    if size > max {
        return Err(MediaFault::TooLarge { max });
    }
    let mut bytes = Vec::new();
    file.take(max).read_to_end(&mut bytes).map_err(|error| super::draft::disk(&error))?;
    Ok(bytes.into())
}
