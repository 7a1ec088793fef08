//! The rule behind "this device is already registered": a key of Windows Hello for Business (WHfB) in a container keeps
//! a passkey of the same Entra user out of it, and of nobody else.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod common;

use std::{
    sync::{
        Barrier,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use common::{ENTRA, computer_of, create, create_as, pin};
use pollster::block_on;
use softhello_storage::Kind;
use softhello_windows::{
    AccountKind, Chain, Client, Computer, DeviceProfile, DomException, Passkey, RequestOptions, Settings,
    WindowsError,
    conflict::{ENTRA_RP_ID, EXEMPT_ABOVE},
};

const UPN: &str = "ada@contoso.example";

/// Ada's account with her WHfB key, and an account beside it.
fn provisioned() -> Computer {
    let computer = computer_of(&["ada", "grace"]);
    block_on(computer.provision_whfb("ada", UPN)).unwrap();
    computer
}

fn passkeys(computer: &Computer, account: &str) -> Vec<Passkey> {
    block_on(computer.passkeys(account)).unwrap()
}

/// Name, kind, and whether it may be deleted singly; newest first.
fn listed(computer: &Computer, account: &str) -> Vec<(String, Kind, bool)> {
    passkeys(computer, account)
        .into_iter()
        .map(|Passkey { stored, .. }| (stored.credential.user.name.unwrap(), stored.kind, stored.removable))
        .collect()
}

#[test]
fn only_the_same_user_at_entra_in_the_same_container_conflicts() {
    assert_eq!(ENTRA, ENTRA_RP_ID);
    let computer = provisioned();
    for (name, account, rp_id, user_name, conflicts) in [
        ("the user herself", "ada", ENTRA, UPN, true),
        ("in capitals", "ada", ENTRA, "ADA@Contoso.EXAMPLE", true),
        ("another user of the same container", "ada", ENTRA, "grace@contoso.example", false),
        ("a name that begins the same", "ada", ENTRA, "ada@contoso.example.org", false),
        ("another RP, the same name", "ada", "github.com", UPN, false),
        ("another RP of the same company", "ada", "login.microsoftonline.com", UPN, false),
        ("another account of the computer", "grace", ENTRA, UPN, false),
    ] {
        match create(&computer, account, rp_id, user_name) {
            Ok(_) => assert!(!conflicts, "{name}: no conflict"),
            Err(failure) => {
                assert!(conflicts, "{name}: {failure}");
                assert_eq!(failure.name, DomException::InvalidStateError, "{name}");
            }
        }
    }
}

#[test]
fn a_refusal_stores_nothing_and_has_a_name_on_every_layer() {
    let computer = provisioned();
    let before = passkeys(&computer, "ada");
    let failure = create(&computer, "ada", ENTRA, UPN).unwrap_err();
    assert_eq!(
        Chain::of(&failure).unwrap().to_string(),
        "AlreadyRegistered → CTAP2_ERR_CREDENTIAL_EXCLUDED (0x19) → NTE_EXISTS (0x8009000F) → InvalidStateError"
    );
    assert_eq!(
        failure.to_string(),
        "InvalidStateError: this device is already registered: the container holds a credential of ada@contoso.example"
    );
    let after = passkeys(&computer, "ada");
    assert_eq!(before.len(), 1);
    assert_eq!(after.len(), 1);
    assert_eq!(after[0].stored, before[0].stored);
    assert_eq!(after[0].sign_count, before[0].sign_count);
}

#[test]
fn a_passkey_from_before_the_provisioning_stays_and_cannot_be_renewed() {
    let computer = computer_of(&["ada"]);
    create(&computer, "ada", ENTRA, UPN).unwrap();
    block_on(computer.provision_whfb("ada", UPN)).unwrap();
    let both = [(UPN.to_owned(), Kind::Managed, false), (UPN.to_owned(), Kind::Passkey, true)];
    assert_eq!(listed(&computer, "ada"), both);
    assert_eq!(create(&computer, "ada", ENTRA, UPN).unwrap_err().name, DomException::InvalidStateError);
    assert_eq!(listed(&computer, "ada"), both);
}

#[test]
fn removed_in_the_tenant_the_key_no_longer_blocks_and_stays() {
    let computer = provisioned();
    let old = passkeys(&computer, "ada")[0].stored.credential.id.clone();
    block_on(computer.remove_whfb("ada", &UPN.to_uppercase())).unwrap();
    assert!(!block_on(computer.account("ada")).unwrap().whfb_of(UPN).unwrap().in_tenant);

    let new = create(&computer, "ada", ENTRA, UPN).unwrap();
    // Two entries with the same label, of which the new one can be deleted.
    assert_eq!(
        listed(&computer, "ada"),
        [(UPN.to_owned(), Kind::Passkey, true), (UPN.to_owned(), Kind::Managed, false)]
    );
    let error = block_on(computer.delete_passkey("ada", &old)).unwrap_err();
    assert!(matches!(error, WindowsError::NotRemovable), "{error}");
    assert!(error.to_string().contains("cannot be deleted"), "{error}");
    block_on(computer.delete_passkey("ada", &new.try_into().unwrap())).unwrap();
    assert_eq!(listed(&computer, "ada"), [(UPN.to_owned(), Kind::Managed, false)]);
}

#[test]
fn provisioned_again_it_conflicts_again() {
    let computer = provisioned();
    block_on(computer.remove_whfb("ada", UPN)).unwrap();
    create(&computer, "ada", ENTRA, UPN).unwrap();
    block_on(computer.provision_whfb("ada", UPN)).unwrap();
    assert_eq!(create(&computer, "ada", ENTRA, UPN).unwrap_err().name, DomException::InvalidStateError);
}

#[test]
fn deleting_the_container_deletes_everything_and_ends_the_conflict() {
    let computer = provisioned();
    create(&computer, "ada", "github.com", "ada").unwrap();
    create(&computer, "grace", "github.com", "grace").unwrap();
    block_on(computer.delete_container("ada")).unwrap();
    assert_eq!(listed(&computer, "ada"), []);
    assert_eq!(block_on(computer.account("ada")).unwrap().whfb, []);
    assert_eq!(listed(&computer, "grace").len(), 1, "other accounts keep their containers");

    let error = block_on(computer.delete_container("ada")).unwrap_err();
    assert!(matches!(error, WindowsError::NoContainer { .. }), "{error}");
    assert_eq!(
        create(&computer, "ada", ENTRA, UPN).unwrap_err().name,
        DomException::NotAllowedError,
        "no PIN"
    );
    block_on(computer.set_pin("ada", Some(&pin()))).unwrap();
    create(&computer, "ada", ENTRA, UPN).unwrap();
}

#[test]
fn the_exemption_above_fifty_is_a_setting() {
    let computer = provisioned();
    let exempting =
        computer.clone().with_settings(Settings { conflict_exempt_above_50: true, ..Settings::default() });
    // The WHfB key counts as well.
    for other in 1..EXEMPT_ABOVE {
        create(&computer, "ada", "github.com", &format!("ada-{other}")).unwrap();
    }
    assert_eq!(passkeys(&computer, "ada").len(), 50);
    let of_fifty = create(&exempting, "ada", ENTRA, UPN).unwrap_err();
    assert_eq!(of_fifty.name, DomException::InvalidStateError, "50 credentials are not more than 50");

    create(&computer, "ada", "github.com", "ada-50").unwrap();
    assert_eq!(passkeys(&computer, "ada").len(), 51);
    assert!(!Settings::default().conflict_exempt_above_50);
    assert_eq!(create(&computer, "ada", ENTRA, UPN).unwrap_err().name, DomException::InvalidStateError);
    create(&exempting, "ada", ENTRA, UPN).unwrap();
}

#[test]
fn whfb_cannot_be_provisioned_or_removed_at_any_time() {
    let computer = computer_of(&["ada"]);
    block_on(computer.add_account("bare", AccountKind::Entra, None)).unwrap();

    let error = block_on(computer.provision_whfb("bare", UPN)).unwrap_err();
    assert!(matches!(error, WindowsError::NoPin { .. }), "{error}");
    let error = block_on(computer.provision_whfb("nobody", UPN)).unwrap_err();
    assert!(matches!(error, WindowsError::NoAccount { .. }), "{error}");
    let error = block_on(computer.provision_whfb("ada", "")).unwrap_err();
    assert!(matches!(error, WindowsError::Name { .. }), "{error}");
    let error = block_on(computer.remove_whfb("ada", UPN)).unwrap_err();
    assert!(matches!(error, WindowsError::NotProvisioned { .. }), "{error}");
    assert_eq!(listed(&computer, "bare"), []);
    assert_eq!(listed(&computer, "ada"), []);

    block_on(computer.provision_whfb("ada", UPN)).unwrap();
    for upn in [UPN, "ADA@contoso.example"] {
        let error = block_on(computer.provision_whfb("ada", upn)).unwrap_err();
        assert!(matches!(error, WindowsError::AlreadyProvisioned { .. }), "{upn}: {error}");
    }
    block_on(computer.remove_whfb("ada", UPN)).unwrap();
    let error = block_on(computer.remove_whfb("ada", UPN)).unwrap_err();
    assert!(matches!(error, WindowsError::NotProvisioned { .. }), "{error}");
}

#[test]
fn it_is_a_rule_of_hellos_container_alone() {
    let computer = provisioned();
    let key = computer.clone().with_profile(DeviceProfile::built_in("security-key").unwrap());
    create(&key, "ada", ENTRA, UPN).unwrap();
    assert_eq!(listed(&computer, "ada"), [(UPN.to_owned(), Kind::Managed, false)]);
}

/// Whoever comes first: never is a passkey kept after the key that blocks it.
#[test]
fn no_race_slips_through() {
    const THREADS: u8 = 8;
    let computer = computer_of(&["ada"]);
    let start = Barrier::new(usize::from(THREADS) + 1);
    let provisioned = AtomicBool::new(false);
    thread::scope(|scope| {
        for user in 0..THREADS {
            let (computer, start, provisioned) = (&computer, &start, &provisioned);
            scope.spawn(move || {
                start.wait();
                loop {
                    let too_late = provisioned.load(Ordering::SeqCst);
                    match create_as(computer, "ada", ENTRA, UPN, &[1, user]) {
                        Ok(_) => assert!(!too_late, "kept after the provisioning"),
                        Err(failure) => {
                            assert_eq!(failure.name, DomException::InvalidStateError, "{failure}");
                            break;
                        }
                    }
                }
            });
        }
        start.wait();
        let result = block_on(computer.provision_whfb("ada", UPN));
        // Also after a failure, so that nobody goes on for ever.
        provisioned.store(true, Ordering::SeqCst);
        result.unwrap();
    });
    let kinds: Vec<Kind> = listed(&computer, "ada").into_iter().map(|(_, kind, _)| kind).collect();
    assert_eq!(kinds[0], Kind::Managed, "the newest is the key itself: {kinds:?}");
    assert!(kinds[1..].iter().all(|kind| *kind == Kind::Passkey), "{kinds:?}");
}

/// The pages of Microsoft contradict each other on it, so it is a setting; the key is listed either way.
#[test]
fn whether_whfb_keys_sign_in_is_a_setting() {
    for (whfb_keys_sign_in, want) in [(true, None), (false, Some(DomException::NotAllowedError))] {
        let settings = Settings { whfb_keys_sign_in, ..Settings::default() };
        let computer = computer_of(&["ada"]).with_settings(settings);
        block_on(computer.provision_whfb("ada", UPN)).unwrap();
        let mut device = block_on(computer.device("ada")).unwrap();
        let client = Client::new(&format!("https://{ENTRA_RP_ID}")).unwrap();
        let options = RequestOptions::from_json(r#"{"challenge": "AAEC"}"#).unwrap();
        let result = block_on(client.get(&mut device, &options));
        assert_eq!(result.err().map(|failure| failure.name), want, "{settings:?}");
        assert_eq!(listed(&computer, "ada"), [(UPN.to_owned(), Kind::Managed, false)], "{settings:?}");
    }
}
