//! `store`, `--store`, `info`.

use std::fs;

use crate::desk::{Desk, ORIGIN};

#[test]
fn a_store_is_copied_and_checked() {
    let mut desk = Desk::new();
    desk.show("account add ada");
    desk.run(&format!("create {ORIGIN} --options create.json --account ada")).ok();
    desk.show("store check");
    desk.show("store copy sled");
    desk.show("store copy redb");
    desk.show("store check --store redb");
    desk.show("store copy redb");
    desk.show("account list --store redb");
    desk.show("account list --store memory");
    let first = desk.run(&format!("get {ORIGIN} --options get.json --account ada --store redb")).ok();
    assert_eq!(first.sign_count(), 1);
    insta::assert_snapshot!(desk.transcript());
}

#[test]
fn what_the_authenticator_says_of_itself() {
    let mut desk = Desk::new();
    desk.show("info");
    desk.show("info --profile windows-hello-software+as-certified");
    insta::assert_snapshot!(desk.transcript());
}

#[test]
fn the_wrong_device_key_is_named() {
    let desk = Desk::new();
    desk.run("account add ada").ok();
    let key = desk.path().join("data/device.key");
    let right = fs::read(&key).unwrap();
    fs::remove_file(&key).unwrap();
    desk.run("account list").is_error(3, &["device key", "device.key"]);
    fs::write(&key, b"not a key").unwrap();
    desk.run("account list").is_error(3, &["device.key"]);
    fs::write(&key, right).unwrap();
    desk.run("account list").ok();
}

#[test]
fn settings_are_read_and_mistakes_in_them_named() {
    let desk = Desk::new();
    desk.run("account list").ok();
    desk.write("data/settings.toml", "conflict-exempt-above-50 = true\n");
    desk.run("account list").ok();
    desk.write("data/settings.toml", "conflict-exempt = true\n");
    desk.run("account list").is_error(2, &["settings.toml", "conflict-exempt", "conflict-exempt-above-50"]);
}
