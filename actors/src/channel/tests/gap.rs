//! What is not read holds the mark.

use crate::channel::gap::Gap;

#[test]
fn the_mark_moves_only_when_what_was_read_of_a_gap_is_done_with() {
    let mut gap = Gap::None;
    assert!(gap.passes(1));
    gap.read(1);
    assert_eq!(gap, Gap::None, "there was none");
    gap = Gap::Open;
    assert!(!gap.passes(9), "what came after it says nothing of it");
    gap.read(12);
    assert!(!gap.passes(11));
    gap.read(20);
    assert_eq!(gap, Gap::Closing(12), "read once");
    assert!(gap.passes(12));
    assert_eq!(gap, Gap::None);
}
