//! Panics, caught and named.

use std::process::Command;

use crate::core::guard::guarded;

#[test]
fn a_guarded_panic_has_its_place() {
    let text = guarded(|| panic!("number {}", 7)).unwrap_err();
    assert!(text.starts_with("number 7 (at ") && text.contains("guards.rs:"), "{text}");
    let text = guarded(|| std::panic::panic_any(7)).unwrap_err();
    assert!(text.starts_with("a panic without a text (at "), "{text}");
    let text = guarded(|| std::panic::resume_unwind(Box::new("carried on".to_owned()))).unwrap_err();
    assert_eq!(text, "carried on");
    assert_eq!(guarded(|| 7), Ok(7));
}

#[test]
fn guards_nest() {
    let outer = guarded(|| {
        let inner = guarded(|| panic!("inner")).unwrap_err();
        assert!(inner.starts_with("inner (at "), "{inner}");
        panic!("outer")
    });
    assert!(outer.unwrap_err().starts_with("outer (at "));
}

/// Run in a process of its own by the test after it, since what a panic prints goes to the process.
#[test]
#[ignore = "its parent runs it"]
fn one_guarded_and_one_not() {
    let _ = guarded(|| panic!("a guarded one"));
    let _ = std::thread::spawn(|| panic!("an unguarded one")).join();
}

#[test]
fn an_unguarded_panic_goes_the_usual_way() {
    let program = std::env::current_exe().unwrap();
    let run = Command::new(program)
        .args(["--exact", "core::tests::guards::one_guarded_and_one_not", "--ignored", "--nocapture"])
        .output()
        .unwrap();
    let printed = String::from_utf8_lossy(&run.stderr);
    assert!(printed.contains("an unguarded one") && !printed.contains("a guarded one"), "{printed}");
}
