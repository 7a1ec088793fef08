//! Two command lines at once, carried out by the process that has the data directory: one provisions Windows Hello for
//! Business, the other registers a passkey of the same user.

use std::{env, process::Stdio, thread, time::Instant};

use serde_json::json;

use crate::{
    desk::{Desk, creation_options},
    served::Served,
};

/// If the key was committed first, the passkey is refused; if the passkey was, both are there.
/// `SOFTHELLO_SOAK=1` tries 1,000 times instead of 100.
#[test]
fn provisioning_and_registering_at_once() {
    let tries: u32 = if env::var_os("SOFTHELLO_SOAK").is_some() { 1_000 } else { 100 };
    let desk = Desk::new();
    let mut options = creation_options();
    options["rp"] = json!({ "id": "login.microsoft.com", "name": "Microsoft" });
    options["user"]["name"] = json!("ada@contoso.example");
    desk.write("entra.json", &options.to_string());
    let _owner = Served::start(&desk, "hid udp --listen 127.0.0.1:0");
    let of = |account: &str| format!("--account {account} --profile windows-hello-software");
    let provision = |account: &str| format!("whfb provision --upn ada@contoso.example {}", of(account));

    desk.run("account add first --kind entra").ok();
    let begun = Instant::now();
    desk.run(&provision("first")).ok();
    // Registering is quicker than making an RSA key, and begins at any moment of that, or after it.
    let longest = begun.elapsed();

    let mut passkey_first = 0;
    for number in 0..tries {
        let account = format!("ada{number}");
        desk.run(&format!("account add {account} --kind entra")).ok();
        let mut provisioning = desk.command(&provision(&account));
        let mut provisioning = provisioning.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        thread::sleep(longest.mul_f64(f64::from(number % 20) / 10.0));
        let create =
            format!("create --origin https://login.microsoft.com --options entra.json {}", of(&account));
        let registered = desk.run(&create);
        assert!(provisioning.wait().unwrap().success(), "try {number}");
        let listed = desk.run(&format!("passkeys list --json {}", of(&account))).ok().json();
        let removable: Vec<_> = listed
            .as_array()
            .unwrap()
            .iter()
            .map(|passkey| passkey["removable"].as_bool().unwrap())
            .collect();
        match registered.code {
            0 => {
                passkey_first += 1;
                assert_eq!(removable, [false, true], "try {number}: the key came after the passkey");
            }
            _ => {
                registered.is_error(1, &["InvalidStateError", "already registered"]);
                assert_eq!(removable, [false], "try {number}: what is refused leaves nothing");
            }
        }
    }
    assert!((1..tries).contains(&passkey_first), "{passkey_first} of {tries}: that was no race");
}
