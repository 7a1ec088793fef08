//! `passkeys`.

use crate::desk::{Desk, ORIGIN, creation_options};

#[test]
fn passkeys_are_listed_and_deleted() {
    let mut desk = Desk::new();
    desk.show("passkeys list");
    desk.show(&format!("create {ORIGIN} --options create.json"));
    desk.show("passkeys list");
    desk.show("passkeys list --json");
    let id = desk.run("passkeys list --json").ok().json()[0]["id"].as_str().unwrap().to_owned();
    desk.show(&format!("passkeys delete {id}"));
    desk.show(&format!("passkeys delete {id}"));
    desk.show("passkeys list");
    insta::assert_snapshot!(desk.transcript());
}

#[test]
fn an_export_is_imported_elsewhere_and_its_counter_goes_on() {
    let desk = Desk::new();
    let made = desk.run(&format!("create {ORIGIN} --options create.json")).ok().json();
    desk.run(&format!("get {ORIGIN} --options get.json")).ok();
    let document = desk.run("passkeys export").ok();

    let other = Desk::new();
    other.write("export.json", &document.stdout);
    let imported = other.run("passkeys import export.json --account default").ok();
    assert_eq!(imported.stdout, "imported 1 passkey into `default`\n");
    let answer = other.run(&format!("get {ORIGIN} --options get.json")).ok();
    assert_eq!((&answer.json()["id"], answer.sign_count()), (&made["id"], 2));

    let imported = desk.run_with(&document.stdout, "passkeys import - --json").ok();
    assert_eq!(imported.json()["imported"], 1);
    for (stdin, part) in [
        ("{}", "missing field `format`"),
        ("[", "cannot be imported"),
        (&creation_options().to_string(), "`format`"),
    ] {
        desk.run_with(stdin, "passkeys import -")
            .is_error(2, &["cannot be imported", part, "passkeys export"]);
    }
}
