//! `account`, `pin`, `whfb` and `container`.

use crate::desk::{Desk, ORIGIN};

#[test]
fn accounts_and_their_containers() {
    let mut desk = Desk::new();
    desk.show("account list");
    desk.show("account add ada");
    desk.show("account add grace@outlook.example --kind msa");
    desk.show("account add alan@contoso.example --kind entra --no-pin");
    desk.show("account add ada");
    desk.show("account list");
    desk.show("account list --json");
    desk.show("account remove ada");
    desk.show("account remove ada");
    desk.show("account list");
    insta::assert_snapshot!(desk.transcript());
}

#[test]
fn pins() {
    let mut desk = Desk::new();
    desk.show("account add ada --no-pin");
    desk.show(&format!("create {ORIGIN} --options create.json --account ada"));
    desk.show("info --account ada --json --profile nonsense");
    desk.show_with("12\n", "pin set --pin-stdin --account ada");
    desk.show_with("4711\n", "pin set --pin-stdin --account ada");
    desk.show("account list");
    desk.show("pin clear --account ada");
    desk.show("account list");
    insta::assert_snapshot!(desk.transcript());
}

#[test]
fn windows_hello_for_business_and_the_container() {
    let mut desk = Desk::new();
    desk.show("account add ada@contoso.example --kind entra");
    desk.show("whfb remove --account ada@contoso.example");
    desk.show("whfb provision --account ada@contoso.example");
    desk.show("whfb provision --account ada@contoso.example");
    desk.show("whfb provision --account ada@contoso.example --upn ada.other@contoso.example");
    desk.show("whfb remove --account ada@contoso.example");
    desk.show("account list");
    let listed = desk.run("passkeys list --account ada@contoso.example --json").ok().json();
    let id = listed[0]["id"].as_str().unwrap();
    desk.run(&format!("passkeys delete --account ada@contoso.example -- {id}"))
        .is_error(1, &["Microsoft Entra ID", "container delete"]);
    desk.show("container delete --account ada@contoso.example");
    desk.show("container delete --account ada@contoso.example");
    desk.show("passkeys list --account ada@contoso.example");
    desk.show("account list");
    insta::assert_snapshot!(desk.transcript());
}
