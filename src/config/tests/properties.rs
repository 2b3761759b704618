use std::path::Path;

use proptest::prelude::*;
use serde_json::Value;

use super::Home;
use crate::config::edit::{Change, edit};
use crate::config::{KeyPath, document, redact, substitute};

/// Small JSON values.
fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(any::<String>(), inner, 0..4).prop_map(|map| map.into_iter().collect()),
        ]
    })
}

fn paths() -> impl Strategy<Value = KeyPath> {
    let segment = prop_oneof![any::<String>().prop_map(Ok), (0..4_usize).prop_map(Err)];
    prop::collection::vec(segment, 1..5).prop_map(|segments| {
        segments.into_iter().fold(KeyPath::default(), |path, segment| match segment {
            Ok(key) => path.key(&key),
            Err(index) => path.index(index),
        })
    })
}

proptest! {
    #[test]
    fn a_path_is_read_as_it_was_written(path in paths()) {
        prop_assert_eq!(path.to_string().parse::<KeyPath>().unwrap(), path);
    }

    #[test]
    fn no_text_breaks_the_path_reader(text in any::<String>()) {
        let _ = text.parse::<KeyPath>();
    }

    #[test]
    fn what_was_set_is_found(key in "[a-z]{1,6}", other in any::<String>(), value in values()) {
        let path = KeyPath::default().key(&key).key(&other);
        let old = "// kept\n{ zzzzzzz: 1, /* kept too */ }";
        let new = edit(old, Path::new("c.json"), &path, &Change::Set(value.clone())).unwrap();
        let tree: Value = json5::from_str(&new).unwrap();
        prop_assert_eq!(path.find(&tree), Some(&value));
        prop_assert!(new.contains("// kept") && new.contains("/* kept too */"));
        let back = edit(&new, Path::new("c.json"), &path, &Change::Unset).unwrap();
        let tree: Value = json5::from_str(&back).unwrap();
        prop_assert_eq!(path.find(&tree), None);
    }

    #[test]
    fn no_text_breaks_the_reader(text in any::<String>(), yaml in any::<bool>()) {
        let _ = document::parse(&text, Path::new(if yaml { "c.yaml" } else { "c.json" }));
    }

    #[test]
    fn texts_without_variables_stay(text in "[^$]*") {
        let mut tree = Value::from(text.as_str());
        substitute::substitute(&mut tree, &Home::new().env()).unwrap();
        prop_assert_eq!(tree, Value::from(text));
    }

    #[test]
    fn no_secret_is_left_after_redaction(value in values(), secret in "[a-z]{12}") {
        let tree = serde_json::json!({ "a": [{ "apiKey": secret, "b": value }], "myToken": { "deep": [secret] } });
        prop_assert!(!redact(&tree, &KeyPath::default()).to_string().contains(&secret));
    }
}
