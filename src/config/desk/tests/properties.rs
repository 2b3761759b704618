use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Stage, as_json};
use crate::config::tests::Home;

/// Trees of any shape with secrets in them; every secret has `sesame` in it.
fn trees() -> impl Strategy<Value = Value> {
    let secret = "sesame-[a-z]{4}";
    let leaf = prop_oneof![
        any::<i32>().prop_map(Value::from),
        "[a-z ]{0,8}".prop_map(Value::from),
        "[a-z]{1,4}".prop_map(|text| json!({ "id": text })),
        secret.prop_map(|secret| json!({ "token": secret })),
        secret.prop_map(|secret| json!({ "id": "x", "apiKey": secret, "note": "n" })),
        secret.prop_map(|secret| format!("http://u:{secret}@h/?a=b&token={secret}").into()),
        secret.prop_map(|secret| format!("say token={secret} now").into()),
        "[a-z ]{0,4}".prop_map(|text| format!("{text}a-word-of-one{text}").into()),
        "[a-z ]{0,4}".prop_map(|text| format!("{text}${{WORD}}").into()),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-z]{1,3}|password|secrets", inner, 0..4).prop_map(|map| map.into_iter().collect()),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn what_is_shown_holds_no_secret_and_brings_all_back(tree in trees(), yaml in any::<bool>()) {
        let agents = json!([{ "id": "a", "name": "${WORD}" }]);
        let file = json!({ "gateway": { "auth": { "token": "sesame-token" } }, "agents": { "list": agents }, "web": tree });
        let home = Home::new().var("WORD", "a-word-of-one");
        let (home, text) = if yaml {
            let text = serde_saphyr::to_string(&file).unwrap();
            (home.file("callboard.yaml", &text), text)
        } else {
            let text = serde_json::to_string_pretty(&file).unwrap();
            (home.config(&text), text)
        };
        let stage = Stage::new(home);
        let view = stage.desk.get();
        prop_assert!(view.valid, "{:?}", view.issues);
        prop_assert!(!as_json(&view).to_string().contains("sesame"));
        let raw = view.raw.expect("a text");
        let written = stage.set(&raw).map_err(|error| TestCaseError::fail(format!("{error} {:?} {raw}", error.details())))?;
        prop_assert!(!written.changed);
        prop_assert_eq!(&stage.text(), &text);
        // As a form does it: everything that holds, without the layout of the file.
        let form = view.config.to_string();
        stage.set(&form).map_err(|error| TestCaseError::fail(format!("{error} {:?} {form}", error.details())))?;
        let again: Value = if yaml { serde_saphyr::from_str(&stage.text()).unwrap() } else { json5::from_str(&stage.text()).unwrap() };
        prop_assert_eq!(&again["gateway"]["auth"]["token"], "sesame-token");
        prop_assert_eq!(&again["web"], &file["web"]);
    }
}
