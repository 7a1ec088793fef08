//! `explain`, `--explain`, `--verbose`, `demo`.

use crate::desk::{Desk, ORIGIN};

#[test]
fn bytes_are_explained_from_hexadecimal_base64_and_standard_input() {
    let mut desk = Desk::new();
    desk.show("explain 04");
    desk.show("explain 0xa1:01:02");
    desk.show("explain oQEC");
    desk.show_with("a1 01\n02\n", "explain -");
    desk.show_with("oQEC\n", "explain");
    desk.show("explain a1 --json");
    desk.show("explain a1");
    desk.show("explain xyz!");
    desk.show("explain");
    insta::assert_snapshot!(desk.transcript());
}

#[test]
fn a_ceremony_is_explained_on_standard_error() {
    let mut desk = Desk::new();
    desk.show(&format!("create {ORIGIN} --options create.json --explain"));
    desk.show(&format!("get {ORIGIN} --options get.json --explain --verbose"));
    insta::assert_snapshot!(desk.transcript());
}

#[test]
fn the_demonstration_runs_any_number_of_times_and_leaves_nothing() {
    let desk = Desk::new();
    for _ in 0..2 {
        let shown = desk.run("demo").ok();
        for part in [
            "6028b017-b1d4-4c02-b4b3-afcdafc96bb2",
            "AlreadyRegistered → CTAP2_ERR_CREDENTIAL_EXCLUDED (0x19) → NTE_EXISTS (0x8009000F) → InvalidStateError",
            "verified by an independent library",
            "authenticatorMakeCredential",
            "ada@contoso.example",
        ] {
            assert!(shown.stdout.contains(part), "no {part:?} in {}", shown.stdout);
        }
    }
    let shown = desk.run("demo --json").ok().json();
    assert_eq!(shown["aaguid"], "6028b017-b1d4-4c02-b4b3-afcdafc96bb2");
    assert_eq!(shown["signCounts"], serde_json::json!([1, 2]));
    assert!(!desk.path().join("data").exists());
}
