//! `create` and `get`.

use serde_json::json;

use crate::desk::{Desk, ORIGIN, creation_options, request_options};

#[test]
fn a_passkey_is_made_and_used() {
    let mut desk = Desk::new();
    desk.show(&format!("create {ORIGIN} --options create.json"));
    desk.show(&format!("get {ORIGIN} --options get.json"));
    desk.show(&format!("get {ORIGIN} --options get.json"));
    desk.show(&format!("create {ORIGIN} --options create.json --user decline"));
    desk.show(&format!("get {ORIGIN} --options get.json --user timeout"));
    desk.show(&format!("get {ORIGIN} --options get.json --account nobody"));
    desk.show(&format!("get {ORIGIN} --options get.json --profile security-key"));
    insta::assert_snapshot!(desk.transcript());
}

/// The platform collects the PIN of a security key, and evaluates `prf` by it.
#[test]
fn a_security_key_with_a_pin() {
    let mut desk = Desk::new();
    let mut options = creation_options();
    options["authenticatorSelection"] = json!({ "residentKey": "required", "userVerification": "required" });
    options["extensions"] = json!({ "prf": { "eval": { "first": "AA" } } });
    desk.write("key.json", &options.to_string());
    let create = format!("create {ORIGIN} --options key.json --profile security-key");
    desk.show(&create);
    desk.show_with("2468\n", "pin set --pin-stdin --profile security-key");
    desk.show(&create);
    desk.show(&format!("{create} --user wrong-pin"));
    desk.show(&format!("{create} --user decline"));
    let mut options = request_options();
    options["extensions"] = json!({ "prf": { "eval": { "first": "AA" } } });
    desk.write("evaluate.json", &options.to_string());
    desk.show(&format!("get {ORIGIN} --options evaluate.json --profile security-key"));
    insta::assert_snapshot!(desk.transcript());
}

#[test]
fn an_exclude_list_is_an_invalid_state() {
    let mut desk = Desk::new();
    let created = desk.run(&format!("create {ORIGIN} --options create.json --seed 01")).ok().json();
    let mut options = creation_options();
    options["excludeCredentials"] = json!([{ "type": "public-key", "id": created["id"] }]);
    desk.write("again.json", &options.to_string());
    desk.show(&format!("create {ORIGIN} --options again.json"));
    insta::assert_snapshot!(desk.transcript());
}

#[test]
fn the_conflict_with_windows_hello_for_business() {
    let mut desk = Desk::new();
    let mut options = creation_options();
    options["rp"] = json!({ "id": "login.microsoft.com", "name": "Microsoft" });
    options["user"]["name"] = json!("ADA@contoso.example");
    desk.write("entra.json", &options.to_string());
    let create =
        "create --origin https://login.microsoft.com --options entra.json --account ada@contoso.example";
    desk.show("account add ada@contoso.example --kind entra");
    desk.show("whfb provision --account ada@contoso.example");
    desk.show(create);
    desk.show("whfb remove --account ada@contoso.example");
    let made = desk.run(create).ok();
    assert_eq!(made.json()["type"], "public-key");
    desk.show("account list");
    insta::assert_snapshot!(desk.transcript());
}

#[test]
fn options_come_from_a_file_or_from_standard_input_bare_or_wrapped() {
    let desk = Desk::new();
    let bare = creation_options().to_string();
    let wrapped = json!({ "publicKey": creation_options() }).to_string();
    desk.write("wrapped.json", &wrapped);
    for (stdin, arguments) in [
        ("", "--options create.json"),
        ("", "--options wrapped.json"),
        (bare.as_str(), ""),
        (wrapped.as_str(), "--options -"),
    ] {
        let made = desk.run_with(stdin, &format!("create {ORIGIN} {arguments}")).ok();
        assert_eq!(made.json()["type"], "public-key", "{arguments}");
        assert_eq!(made.stderr, "", "{arguments}");
    }
    let wrapped = json!({ "publicKey": request_options() }).to_string();
    assert_eq!(desk.run_with(&wrapped, &format!("get {ORIGIN}")).ok().sign_count(), 1);
}

#[test]
fn the_newest_answers_unless_another_is_chosen() {
    let desk = Desk::new();
    let first = desk.run(&format!("create {ORIGIN} --options create.json")).ok().json();
    let mut options = creation_options();
    options["user"]["id"] = json!("Z3JhY2U");
    let second = desk.run_with(&options.to_string(), &format!("create {ORIGIN}")).ok().json();
    let get = format!("get {ORIGIN} --options get.json");
    assert_eq!(desk.run(&get).ok().json()["id"], second["id"]);
    let chosen = desk.run(&format!("{get} --credential={}", first["id"].as_str().unwrap())).ok();
    assert_eq!(chosen.json()["id"], first["id"]);
    desk.run(&format!("{get} --credential AAAA")).is_error(1, &["NotAllowedError", "passkeys list"]);
    desk.run(&format!("{get} --credential =")).is_error(2, &["`=` is no credential id"]);
}

#[test]
fn a_page_in_a_frame_and_a_related_origin() {
    let desk = Desk::new();
    let framed = format!("create {ORIGIN} --top-origin https://top.example --options create.json");
    let client_data = desk.run(&framed).ok().client_data();
    assert_eq!(client_data["crossOrigin"], true);
    assert_eq!(client_data["topOrigin"], "https://top.example");

    let elsewhere = "get --origin https://shop.test --options get.json";
    desk.run(elsewhere).is_error(1, &["SecurityError", "--related-origins"]);
    desk.write("related.json", r#"{"origins":["https://shop.test"]}"#);
    let related = desk.run(&format!("{elsewhere} --related-origins related.json")).ok();
    assert_eq!(related.client_data()["origin"], "https://shop.test");
}

#[test]
fn without_a_terminal_nobody_can_be_asked() {
    let desk = Desk::new();
    let create = format!("create {ORIGIN} --options create.json --user ask");
    desk.run(&create).is_error(2, &["no terminal", "--user approve"]);
    desk.run_with("y\n", &create).is_error(2, &["no terminal", "--user approve"]);
}

#[test]
fn a_lockout_outlasts_the_process_and_a_new_pin_ends_it() {
    let desk = Desk::new();
    let create = format!("create {ORIGIN} --options create.json");
    desk.run(&create).ok();
    let wrong = format!("{create} --user wrong-pin");
    desk.run(&wrong).is_error(1, &["NotAllowedError", "attempts left"]);
    desk.run(&wrong).is_error(1, &["blocked"]);
    desk.run(&create).is_error(1, &["NotAllowedError", "blocked", "pin set"]);
    desk.run_with("4711\n", "pin set --pin-stdin").ok();
    desk.run(&create).ok();
}
