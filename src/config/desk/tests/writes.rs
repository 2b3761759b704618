use std::os::unix::fs::PermissionsExt as _;

use serde_json::json;

use super::{Stage, wire};
use crate::config::desk::{DeskError, RAW_BYTES_MAX, RestartWish, Weight};
use crate::config::tests::{Home, mode_of};

const OLD: &str = "{ gateway: { port: 5, auth: { token: 'sesame-token' } } }";

#[test]
fn a_text_replaces_the_file_and_the_old_one_stays_beside_it() {
    let stage = Stage::config(OLD);
    let new = "// new\n{ gateway: { port: 6, auth: { token: '[redacted]' } } }";
    let written = stage.set(new).unwrap();
    assert_eq!(stage.text(), new.replace("[redacted]", "sesame-token"));
    let backup = stage.home.path(".callboard/callboard.json.bak");
    assert_eq!(std::fs::read_to_string(&backup).unwrap(), OLD);
    assert_eq!((mode_of(&stage.home.paths().config_file), mode_of(&backup)), (0o600, 0o600));
    assert_eq!(written.hash, stage.hash().unwrap(), "the next write needs no other look");
    assert!(written.changed);
    assert_eq!(written.effect.restart, ["gateway.port"]);
    assert!(!wire(&written).to_string().contains("sesame"));
}

#[test]
fn files_that_others_could_read_are_narrowed() {
    let stage = Stage::config(OLD);
    let backup = stage.home.path(".callboard/callboard.json.bak");
    std::fs::write(&backup, "").unwrap();
    for file in [&stage.home.paths().config_file, &backup] {
        std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o666)).unwrap();
    }
    stage.patch("{ gateway: { port: 6 } }").unwrap();
    assert_eq!((mode_of(&stage.home.paths().config_file), mode_of(&backup)), (0o600, 0o600));
}

#[test]
fn whoever_writes_has_to_know_the_file() {
    let stage = Stage::config(OLD);
    let wish = RestartWish::default();
    for hash in [None, Some(""), Some(" ")] {
        for error in [stage.desk.set(OLD, hash), stage.desk.apply(OLD, hash, &wish), stage.desk.patch("{}", hash, &wish)] {
            assert_eq!(error.unwrap_err().to_string(), "config base hash required; re-run config.get and retry");
        }
    }
    let hash = stage.hash();
    std::fs::write(stage.home.paths().config_file, OLD.replace('5', "6")).unwrap();
    let error = stage.desk.set(OLD, hash.as_deref()).unwrap_err();
    assert_eq!(error.to_string(), "config changed since last load; re-run config.get and retry");
    assert_eq!(stage.text(), OLD.replace('5', "6"), "nothing was written");
}

#[test]
fn the_first_file_needs_no_hash() {
    let stage = Stage::new(Home::new());
    stage.desk.set(OLD, None).unwrap();
    assert_eq!(stage.text(), OLD);
    assert_eq!(mode_of(&stage.home.paths().config_file), 0o600);
    let stage = Stage::new(Home::new());
    stage.desk.patch("{ gateway: { auth: { token: 'sesame' } } }", None, &RestartWish::default()).unwrap();
    assert_eq!(
        json5::from_str::<serde_json::Value>(&stage.text()).unwrap(),
        json!({ "gateway": { "auth": { "token": "sesame" } } })
    );
}

#[test]
fn what_is_no_sound_configuration_is_not_written() {
    let stage = Stage::config(OLD);
    let error = stage.set("{ gateway: { port: 70000, auth: { token: 'x' } }, sesion: {} }").unwrap_err();
    assert_eq!(error.to_string(), "invalid config");
    assert_eq!(
        Stage::issues(&error),
        [
            ("gateway.port".to_owned(), "70000 is out of bounds: choose 0 to 65535".to_owned()),
            ("sesion".to_owned(), "unknown key, did you mean `session`?".to_owned())
        ]
    );
    let error = stage.set("{ gateway: ").unwrap_err();
    assert!(matches!(&error, DeskError::Syntax(text) if text.contains("line 1")), "{error}");
    assert!(matches!(stage.set("[]"), Err(DeskError::Syntax(_))));
    assert!(matches!(stage.set(&" ".repeat(RAW_BYTES_MAX + 1)), Err(DeskError::TooLarge { .. })));
    assert_eq!(stage.text(), OLD);
    assert!(stage.doorman.told.lock().unwrap().is_empty());
}

#[test]
fn a_configuration_that_no_gateway_starts_with_is_not_written() {
    let stage = Stage::config(OLD);
    let error = stage.patch("{ gateway: { auth: null } }").unwrap_err();
    assert_eq!(Stage::issues(&error)[0].0, "gateway.auth.token");
    let error = stage.patch("{ gateway: { mode: 'remote' } }").unwrap_err();
    assert_eq!(Stage::issues(&error)[0].0, "gateway.mode");
    *stage.doorman.refuses.lock().unwrap() = Some("no such provider".to_owned());
    let error = stage.patch("{ gateway: { port: 6 } }").unwrap_err();
    assert_eq!(Stage::issues(&error), [("models.providers".to_owned(), "no such provider".to_owned())]);
    assert_eq!(stage.text(), OLD);
}

#[test]
fn the_gateway_is_told_of_a_change_and_only_of_one() {
    let stage = Stage::config(OLD);
    let written = stage.set(OLD).unwrap();
    assert!(!written.changed);
    assert!(stage.doorman.told.lock().unwrap().is_empty());
    assert!(!stage.home.path(".callboard/callboard.json.bak").exists());
    let wish =
        RestartWish { delay_ms: Some(5), session_key: Some("main".into()), note: Some("hi".into()), ..RestartWish::default() };
    stage.desk.patch("{ gateway: { port: 7 } }", stage.hash().as_deref(), &wish).unwrap();
    stage.set(OLD).unwrap();
    let told = stage.doorman.told.lock().unwrap().clone();
    assert_eq!(
        told,
        [("config.patch".to_owned(), Weight::Order, wish), ("config.set".to_owned(), Weight::Change, RestartWish::default())]
    );
}

#[test]
fn a_broken_file_can_be_replaced_but_not_patched() {
    let stage = Stage::config(OLD);
    std::fs::write(stage.home.paths().config_file, "{ broken").unwrap();
    let error = stage.patch("{ gateway: { port: 6 } }").unwrap_err();
    assert_eq!(error.to_string(), "invalid config; fix before patching");
    stage.set(OLD).unwrap();
    assert_eq!(stage.text(), OLD);
}

#[test]
fn yaml_files_take_yaml() {
    let stage = Stage::new(Home::new().file("callboard.yaml", "gateway:\n  auth:\n    token: sesame-token\n"));
    let new = "# mine\ngateway:\n  port: 6\n  auth:\n    token: '[redacted]'\n";
    stage.set(new).unwrap();
    assert_eq!(stage.text(), new.replace("'[redacted]'", "sesame-token"));
    assert!(matches!(stage.set("gateway: [1\n"), Err(DeskError::Syntax(_))));
    // A patch would lose the comment.
    let error = stage.patch("{ gateway: { port: 7, auth: { password: 'sesame-password' } } }").unwrap_err();
    assert!(
        matches!(&error, DeskError::ByHand(text) if text.contains("gateway.port: 7") && !text.contains("sesame")),
        "{error}"
    );
    stage.set("gateway: { auth: { token: '[redacted]' } }").unwrap();
    stage.patch("{ gateway: { port: 7 } }").unwrap();
    assert_eq!(stage.home.load().unwrap().slices.gateway.port, 7);
    assert!(stage.text().contains("sesame-token"), "{}", stage.text());
}

#[test]
fn many_writers_do_not_overwrite_each_other() {
    let stage = Stage::config(OLD);
    let wins = std::thread::scope(|scope| {
        let hash = stage.hash();
        let writers: Vec<_> = (10..18)
            .map(|port| {
                let (desk, hash) = (&stage.desk, hash.clone());
                scope.spawn(move || {
                    desk.patch(&format!("{{ gateway: {{ port: {port} }} }}"), hash.as_deref(), &RestartWish::default()).is_ok()
                })
            })
            .collect();
        writers.into_iter().map(|writer| writer.join().unwrap()).filter(|won| *won).count()
    });
    assert_eq!(wins, 1, "all knew the same file, one was first");
}
