//! Who may talk, for every setting and every message.

use proptest::prelude::*;

use crate::channel::policy::decide_for;
use crate::channel::{Access, Decision, DmPolicy, DropReason, GroupPolicy, NameMatching, decide};
use crate::message::{Activation, ChatKind, Inbound};
use crate::ports::conformance::make;

fn name() -> impl Strategy<Value = String> {
    prop_oneof![Just("*".to_owned()), Just(String::new()), "[a-c]{1,2}", "[ \t\u{a0}]{0,2}", "\\PC{0,4}"]
}

fn list() -> impl Strategy<Value = Vec<String>> {
    prop::collection::vec(name(), 0..4)
}

fn prefixes() -> impl Strategy<Value = Vec<String>> {
    prop::collection::vec("[>!h]", 0..3)
}

pub(super) fn access() -> impl Strategy<Value = Access> {
    let dm = prop_oneof![Just(DmPolicy::Pairing), Just(DmPolicy::Allowlist), Just(DmPolicy::Open), Just(DmPolicy::Disabled)];
    let group = prop_oneof![Just(GroupPolicy::Open), Just(GroupPolicy::Allowlist), Just(GroupPolicy::Disabled)];
    let names = prop_oneof![Just(NameMatching::IdsOnly), Just(NameMatching::NamesToo)];
    (dm, list(), group, list(), list(), any::<bool>(), prefixes(), names).prop_map(
        |(dm, allow_from, group, groups, group_allow_from, require_mention, prefixes, names)| Access {
            dm,
            allow_from,
            group,
            groups,
            group_allow_from,
            require_mention,
            prefixes,
            names,
            ..Access::default()
        },
    )
}

pub(super) fn inbound() -> impl Strategy<Value = Inbound> {
    let kind = prop_oneof![Just(ChatKind::Direct), Just(ChatKind::Group), Just(ChatKind::Channel)];
    (kind, name(), name(), name(), any::<bool>()).prop_map(|(kind, chat, peer, shown, mentioned)| {
        let mut inbound = make::accept(&chat, "1").inbound;
        inbound.route.chat.kind = kind;
        inbound.route.peer.id = peer;
        inbound.route.peer.name = shown;
        inbound.mentioned = mentioned;
        inbound
    })
}

proptest! {
    #[test]
    fn nobody_without_an_id_is_let_in_or_offered_a_code(access in access(), mut inbound in inbound(), blank in "[ \t\u{a0}\n]{0,3}") {
        inbound.route.peer.id = blank;
        prop_assert_eq!(decide(&access, &|_| true, &inbound), Decision::Drop(DropReason::NoPeer));
    }

    #[test]
    fn what_is_switched_off_lets_nobody_in(mut access in access(), inbound in inbound()) {
        access.dm = DmPolicy::Disabled;
        access.group = GroupPolicy::Disabled;
        prop_assert!(matches!(decide(&access, &|_| true, &inbound), Decision::Drop(_)));
    }

    #[test]
    fn an_approval_changes_nothing_outside_direct_chats(access in access(), inbound in inbound()) {
        prop_assume!(inbound.route.chat.kind != ChatKind::Direct);
        prop_assert_eq!(decide(&access, &|_| true, &inbound), decide(&access, &|_| false, &inbound));
    }

    #[test]
    fn an_approval_never_shuts_anybody_out(access in access(), inbound in inbound()) {
        if decide(&access, &|_| false, &inbound) == Decision::Admit {
            prop_assert_eq!(decide(&access, &|_| true, &inbound), Decision::Admit);
        }
    }

    #[test]
    fn a_shown_name_decides_nothing_unless_the_operator_said_so(mut access in access(), inbound in inbound(), shown in "\\PC{0,4}") {
        access.names = NameMatching::IdsOnly;
        let mut renamed = inbound.clone();
        renamed.route.peer.name = shown;
        prop_assert_eq!(decide(&access, &|_| false, &inbound), decide(&access, &|_| false, &renamed));
    }

    #[test]
    fn a_code_is_offered_in_direct_chats_under_pairing_only(access in access(), inbound in inbound()) {
        if decide(&access, &|_| false, &inbound) == Decision::Pair {
            prop_assert_eq!((inbound.route.chat.kind, access.dm), (ChatKind::Direct, DmPolicy::Pairing));
        }
    }
}

#[test]
fn the_word_on_a_larger_place_counts_before_the_one_on_its_group() {
    for (rules, default, space, chat, needed) in [
        (&[][..], true, None, "p", true),
        (&[("p", false)], true, None, "P", false),
        (&[("p", false), ("g", true)], false, Some("G"), "p", true),
        (&[("*", true)], false, Some("g"), "p", true),
        (&[("*", true), ("p", false)], true, Some("g"), "p", false),
    ] {
        let rules = rules.iter().map(|(id, needed)| ((*id).to_owned(), *needed)).collect();
        let access = Access { require_mention: default, mention_rules: rules, ..Access::default() };
        let mut message = make::accept(chat, "1").inbound;
        message.space = space.map(str::to_owned);
        assert_eq!(access.needs_mention(&message), needed, "{access:?}");
    }
}

/// It says when the agent answers, not whom.
#[test]
fn a_groups_own_word_decides_about_mentions_and_nothing_else() {
    let open = |require_mention| Access { require_mention, ..Access::default() };
    let closed = Access { group: GroupPolicy::Disabled, ..open(false) };
    let listed = Access { group_allow_from: vec!["somebody".into()], ..open(true) };
    let not_mentioned = Decision::Drop(DropReason::NotMentioned);
    let cases = [
        (open(true), None, not_mentioned),
        (open(true), Some(Activation::Always), Decision::Admit),
        (open(false), None, Decision::Admit),
        (open(false), Some(Activation::Mention), not_mentioned),
        (closed, Some(Activation::Always), Decision::Drop(DropReason::GroupDisabled)),
        (listed, Some(Activation::Always), Decision::Drop(DropReason::GroupPeerNotAllowed)),
    ];
    for (access, activation, expected) in cases {
        let mut inbound = make::accept("room", "1").inbound;
        (inbound.route.chat.kind, inbound.mentioned) = (ChatKind::Group, false);
        assert_eq!(decide_for(&access, &|_| true, &inbound, activation), expected, "{access:?} {activation:?}");
        inbound.mentioned = true;
        let mentioned = decide_for(&access, &|_| true, &inbound, activation);
        assert_eq!(mentioned, decide(&access, &|_| true, &inbound), "a mention needs no word");
    }
}
