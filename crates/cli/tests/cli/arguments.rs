//! Options that stand everywhere, help and completions.

use std::fs;

use serde_json::json;

use crate::desk::{Desk, ORIGIN, creation_options};

#[test]
fn global_options_stand_before_and_after_the_subcommand() {
    let desk = Desk::new();
    desk.run("account add ada").ok();
    for arguments in [
        "--account ada --json --store sled passkeys list",
        "passkeys --account ada --json --store sled list",
        "passkeys list --account ada --json --store sled",
    ] {
        assert_eq!(desk.run(arguments).ok().stdout, "[]\n", "{arguments}");
    }
    for global in ["--user decline", "--profile security-key --user decline", "--store redb --user decline"] {
        for arguments in [
            format!("{global} create {ORIGIN} --options create.json"),
            format!("create {ORIGIN} --options create.json {global}"),
        ] {
            desk.run(&arguments).is_error(1, &["NotAllowedError: the user declined"]);
        }
    }
}

#[test]
fn the_data_directory_is_that_of_the_option_then_that_of_the_environment() {
    let desk = Desk::new();
    desk.run("account add here").ok();
    desk.run("account add there --data elsewhere").ok();
    let names = |arguments| desk.run(arguments).ok().json()[0]["name"].clone();
    assert_eq!(names("account list --json"), "here");
    assert_eq!(names("--data elsewhere account list --json"), "there");
    assert!(desk.path().join("elsewhere/device.key").exists());
}

#[test]
fn a_seed_and_a_clock_give_the_same_bytes_everywhere() {
    let run = || {
        let desk = Desk::new();
        let fixed = "--seed c0ffee --clock 2026-01-31T12:00:00+01:00";
        let create = format!("create {ORIGIN} --options create.json {fixed}");
        let get = format!("get {ORIGIN} --options get.json {fixed}");
        [&create, &get, &create, &get, "passkeys list --json", "passkeys export"]
            .map(|arguments| desk.run(arguments).ok().stdout)
    };
    let (one, other) = (run(), run());
    assert_eq!(one, other);
    assert_ne!(one[0], one[2], "a second passkey is another one");
    assert!(one[4].contains("2026-01-31T11:00:00Z"), "{}", one[4]);
}

#[test]
fn profiles_by_name_and_by_file() {
    let desk = Desk::new();
    let profile =
        fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../device/profiles/security-key.toml"))
            .unwrap();
    desk.write("mine.toml", &profile.replace("b5397571", "00000000"));
    let mut options = creation_options();
    options["authenticatorSelection"] = json!({ "residentKey": "required" });
    desk.write("resident.json", &options.to_string());
    let made = desk.run(&format!("create {ORIGIN} --options resident.json --profile mine.toml")).ok();
    assert_eq!(made.json()["response"]["transports"], json!(["nfc", "usb"]));
    let info = desk.run("info --profile mine.toml --json").ok().json();
    assert_eq!(info["aaguid"], "00000000-f314-4571-9173-3155e0baf341");
    // Windows Hello does not see the passkeys of another authenticator.
    desk.run(&format!("get {ORIGIN} --options get.json")).is_error(1, &["NotAllowedError"]);
    desk.run(&format!("get {ORIGIN} --options get.json --profile security-key")).ok();
}

#[test]
fn help_version_and_completions() {
    let desk = Desk::new();
    let version = desk.run("--version").ok();
    assert_eq!(version.stdout, concat!("softhello ", env!("CARGO_PKG_VERSION"), "\n"));
    for arguments in ["--help", "help create", "passkeys --help", "store copy --help"] {
        let help = desk.run(arguments).ok();
        assert!(help.stdout.contains("Usage: softhello"), "{}", help.stdout);
        assert_eq!(help.stderr, "");
    }
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = desk.run(&format!("completions {shell}")).ok();
        assert!(script.stdout.contains("related-origins"), "{shell}");
    }
    assert!(!desk.path().join("data").exists());
}
