//! Input that cannot be used: the exit code, and words that its writer understands.

use std::fs;

use serde_json::{Value, json};

use crate::desk::{Desk, ORIGIN, creation_options, request_options};

#[test]
fn options_are_refused_with_the_name_of_the_member() {
    let desk = Desk::new();
    let with = |pointer: &str, value: Value| {
        let mut options = creation_options();
        *options.pointer_mut(pointer).unwrap() = value;
        options.to_string()
    };
    let without = |member: &str| {
        let mut options = creation_options();
        options.as_object_mut().unwrap().remove(member);
        options.to_string()
    };
    let origin = "https://rp.example";
    for (name, origin, options, code, parts) in [
        ("not JSON", origin, "hello".to_owned(), 2, ["SyntaxError", "not JSON"]),
        ("nothing", origin, String::new(), 2, ["SyntaxError", "not JSON"]),
        ("an array", origin, "[]".to_owned(), 2, ["TypeError", "object"]),
        ("no rp", origin, without("rp"), 2, ["TypeError", "rp"]),
        ("no user", origin, without("user"), 2, ["TypeError", "user"]),
        ("no challenge", origin, without("challenge"), 2, ["TypeError", "challenge"]),
        ("no pubKeyCredParams", origin, without("pubKeyCredParams"), 2, ["TypeError", "pubKeyCredParams"]),
        ("padding", origin, with("/challenge", json!("AA==")), 2, ["EncodingError", "challenge"]),
        ("not base64url", origin, with("/user/id", json!("a+b/")), 2, ["EncodingError", "user.id"]),
        ("a long user id", origin, with("/user/id", json!("A".repeat(88))), 1, ["TypeError", "user.id"]),
        (
            "no origin",
            "rp.example",
            with("/challenge", json!("AA")),
            2,
            ["`rp.example` is not an origin", "https://"],
        ),
        ("a file", "file:///etc", with("/challenge", json!("AA")), 2, ["`file:///etc`", "https://"]),
        (
            "a path",
            "https://rp.example/x",
            with("/challenge", json!("AA")),
            2,
            ["https://rp.example/x", "origin"],
        ),
        (
            "another RP ID",
            origin,
            with("/rp/id", json!("other.example")),
            1,
            ["SecurityError", "other.example"],
        ),
        ("a public suffix", "https://a.co.uk", with("/rp/id", json!("co.uk")), 1, ["SecurityError", "co.uk"]),
        (
            "no algorithm",
            origin,
            with("/pubKeyCredParams/0/alg", json!(-8)),
            1,
            ["NotSupportedError", "pubKeyCredParams"],
        ),
    ] {
        let finished = desk.run_with(&options, &format!("create --origin {origin}"));
        assert_eq!(finished.code, code, "{name}: {}", finished.stderr);
        finished.is_error(code, &parts);
        assert_eq!(finished.stdout, "", "{name}");
    }
    let mut options = request_options();
    options["allowCredentials"] = json!([{ "type": "public-key", "id": "AA=" }]);
    desk.run_with(&options.to_string(), &format!("get {ORIGIN}"))
        .is_error(2, &["EncodingError", "allowCredentials[0].id"]);
}

#[test]
fn bad_input_is_told_as_people_understand_it() {
    let mut desk = Desk::new();
    desk.show_with("hello", &format!("create {ORIGIN}"));
    let padded = creation_options().to_string().replace("c29mdGhlbGxv", "c29mdA==");
    desk.write("padded.json", &padded);
    desk.show(&format!("create {ORIGIN} --options padded.json"));
    desk.show("create --origin rp.example --options create.json");
    desk.show("create --origin http://rp.example --options create.json");
    desk.write("suffix.json", &creation_options().to_string().replace("\"rp.example\"", "\"co.uk\""));
    desk.show("create --origin https://a.co.uk --options suffix.json");
    desk.show(&format!("create {ORIGIN} --options nothing.json"));
    desk.show(&format!("create {ORIGIN} --options create.json --account nobody"));
    desk.show(&format!("create {ORIGIN} --options create.json --profile fingerprint-reader"));
    desk.show(&format!("create {ORIGIN} --options create.json --profile security-key+shiny"));
    desk.show(&format!("create {ORIGIN} --options create.json --profile nothing.toml"));
    let profile =
        fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../device/profiles/security-key.toml"))
            .unwrap();
    desk.write("two.toml", &profile.replace("cred-mgmt = true", "cred-mgmt = false"));
    desk.show("info --profile two.toml");
    desk.write("typo.toml", &profile.replace("\ntransports =", "\ntransport ="));
    desk.show("info --profile typo.toml");
    desk.show("create --options create.json");
    desk.show("account add ada --kind work");
    desk.show("account ad");
    insta::assert_snapshot!(desk.transcript());
}

#[test]
fn values_of_options_are_checked() {
    let desk = Desk::new();
    for (arguments, parts) in [
        ("info --seed xyz", ["--seed", "hexadecimal"]),
        ("info --seed abc", ["--seed", "hexadecimal"]),
        ("info --clock yesterday", ["--clock", "RFC 3339"]),
        ("info --clock 1969-12-31T23:59:59Z", ["--clock", "1970"]),
        ("info --store postgres", ["--store", "sled"]),
        ("info --user asleep", ["--user", "wrong-pin"]),
        ("passkeys delete ..", ["`..` is no credential id", "passkeys list"]),
        ("completions tcsh", ["tcsh", "bash"]),
    ] {
        desk.run(arguments).is_error(2, &parts);
    }
    fs::write(desk.path().join("latin1.json"), b"{\"rp\":\"\xe9\"}").unwrap();
    desk.run(&format!("create {ORIGIN} --options latin1.json")).is_error(2, &["latin1.json", "UTF-8"]);
    desk.run(&format!("create {ORIGIN} --options .")).is_error(3, &["cannot read the options from ."]);
    desk.write("a-file", "");
    desk.run("info --data a-file").is_error(3, &["a-file"]);
}
