//! Which bytes go: those that no row needs any more and that have been here for long, or for a while when the room is full.

use std::collections::HashSet;
use std::time::Duration;

use callboard_actors::message::BlobId;

use super::blobs::Kept;

/// How long bytes stay at the least that no open row needs, also when the room is full: those of a message whose row is on its way to
/// the disk.
pub(super) const GRACE: Duration = Duration::from_secs(6 * 3600);

/// How long bytes stay that pass through, also when their room is full: until their turn has begun, and for a client's own tools, after
/// which it is asked anew.
pub(super) const PASSING_GRACE: Duration = Duration::from_secs(3600);

/// How long they stay, and how much has to be made free.
#[derive(Clone, Copy)]
pub(super) struct Rule {
    /// How long bytes stay at the least.
    pub(super) grace: Duration,
    /// How long bytes stay that no open row needs: an agent may be asked of them again, though it has files of its own.
    pub(super) retention: Duration,
    /// How many bytes have to become free.
    pub(super) lacking: u64,
}

/// Returns what goes, oldest first: all that nobody needs and that is old, and of the younger as much as makes `lacking` bytes free.
pub(super) fn choose(mut kept: Vec<Kept>, needed: &HashSet<BlobId>, rule: &Rule, now_ms: i64) -> Vec<Kept> {
    let Rule { grace, retention, lacking } = rule;
    // What is set may be shorter than a row needs to get to the disk.
    let retention = (*retention).max(*grace);
    kept.retain(|blob| !needed.contains(&blob.id));
    kept.sort_by_key(|blob| blob.put_ms);
    let mut free = 0_u64;
    let mut goes = |blob: &Kept| {
        let age = Duration::from_millis(u64::try_from(now_ms.saturating_sub(blob.put_ms)).unwrap_or(0));
        let goes = age >= retention || (age >= *grace && free < *lacking);
        if goes {
            free = free.saturating_add(blob.size);
        }
        goes
    };
    kept.retain(|blob| goes(blob));
    kept
}
