//! Accounts and their containers: each account has its own, under every profile.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod common;

use common::{computer_of, create, pin};
use pollster::block_on;
use softhello_ctap::Timestamp;
use softhello_device::{Clock, Pin, Seed};
use softhello_storage::memory;
use softhello_windows::{AccountKind, Computer, CredentialChange, DeviceProfile, Rule, WindowsError};

#[test]
fn the_default_account_is_there_and_others_are_not() {
    let computer = Computer::in_memory();
    assert_eq!(block_on(computer.accounts()).unwrap(), []);
    let account = block_on(computer.account(Computer::DEFAULT_ACCOUNT)).unwrap();
    assert_eq!(account.kind, AccountKind::Local);
    assert_eq!(block_on(computer.pin_shown(&account)).unwrap(), Some(Computer::DEFAULT_PIN));
    assert_eq!(block_on(computer.accounts()).unwrap(), [account]);
    let error = block_on(computer.account("ada")).unwrap_err();
    assert!(matches!(error, WindowsError::NoAccount { .. }), "{error}");
}

#[test]
fn a_name_is_taken_once_and_is_a_name() {
    let computer = computer_of(&["ada"]);
    for (name, want) in [
        ("ada", "there is an account `ada` already"),
        ("", "`` is not a name: it has to have 1 to 256 bytes and no control characters"),
        ("a\nb", "`a\nb` is not a name: it has to have 1 to 256 bytes and no control characters"),
    ] {
        let error = block_on(computer.add_account(name, AccountKind::Local, None)).unwrap_err();
        assert_eq!(error.to_string(), want);
    }
    assert!(block_on(computer.add_account(&"x".repeat(257), AccountKind::Local, None)).is_err());
    assert_eq!(block_on(computer.accounts()).unwrap().len(), 1);
}

#[test]
fn adding_an_account_that_exists_makes_no_container() {
    let computer = computer_of(&["ada"]);
    block_on(computer.delete_container("ada")).unwrap();
    assert!(block_on(computer.add_account("ada", AccountKind::Local, Some(&pin()))).is_err());
    assert_eq!(block_on(computer.store().containers()).unwrap(), []);
}

#[test]
fn a_pin_is_shown_only_if_everybody_knows_it() {
    let computer = computer_of(&["ada"]);
    let account = block_on(computer.account("ada")).unwrap();
    for (pin, want) in [("123456", Some("123456")), ("8437", Some("set"))] {
        block_on(computer.set_pin("ada", Some(&pin.try_into().unwrap()))).unwrap();
        assert_eq!(block_on(computer.pin_shown(&account)).unwrap(), want);
    }
    block_on(computer.set_pin("ada", None)).unwrap();
    assert_eq!(block_on(computer.pin_shown(&account)).unwrap(), None);
}

#[test]
fn removing_an_account_takes_the_containers_of_all_profiles() {
    let computer = computer_of(&["ada", "grace"]);
    for profile in DeviceProfile::BUILT_IN {
        let device = computer.clone().with_profile(DeviceProfile::built_in(profile).unwrap());
        create(&device, "ada", "example.org", "ada").unwrap();
    }
    assert_eq!(block_on(computer.store().containers()).unwrap().len(), 6);
    block_on(computer.remove_account("ada")).unwrap();
    let grace = block_on(computer.account("grace")).unwrap();
    assert_eq!(block_on(computer.store().containers()).unwrap(), [computer.container(&grace)]);
    assert!(matches!(block_on(computer.remove_account("ada")), Err(WindowsError::NoAccount { .. })));
}

/// CTAP 2.3 §6.4: `encCredStoreState` is another one whenever the credentials are others, whoever changed them.
#[test]
fn changes_from_outside_draw_a_new_credential_store_state() {
    let mut profile = DeviceProfile::built_in("security-key").unwrap();
    profile.ctap.always_discoverable = true;
    let computer = Computer::in_memory().with_profile(profile);
    block_on(computer.add_account("ada", AccountKind::Local, None)).unwrap();
    create(&computer, "ada", "example.org", "ada").unwrap();
    let container = computer.container(&block_on(computer.account("ada")).unwrap());
    let state = || {
        let state = block_on(computer.store().state(container)).unwrap();
        state.value.settings.cred_store_state.expect("a profile that has it")
    };
    let mut states = vec![state()];
    block_on(computer.passkeys_imported("ada")).unwrap();
    states.push(state());
    let passkeys = block_on(computer.passkeys("ada")).unwrap();
    let id = &passkeys[0].stored.credential.id;
    let change = CredentialChange {
        backup_eligible: Some(true),
        breaking: vec![Rule::BackupEligibilityIsFixed],
        ..CredentialChange::default()
    };
    block_on(computer.change_passkey("ada", id, &change)).unwrap();
    states.push(state());
    let change = CredentialChange { sign_count: Some(7), ..CredentialChange::default() };
    block_on(computer.change_passkey("ada", id, &change)).unwrap();
    assert_eq!(state(), states[2], "a counter is no part of it");
    block_on(computer.delete_passkey("ada", id)).unwrap();
    states.push(state());
    states.sort_unstable();
    states.dedup();
    assert_eq!(states.len(), 4);
}

/// A PIN that platforms enter obeys the authenticator's rules, whoever sets it.
#[test]
fn a_security_key_takes_no_pin_that_a_platform_could_not_set() {
    let computer = Computer::in_memory().with_profile(DeviceProfile::built_in("security-key").unwrap());
    block_on(computer.add_account("ada", AccountKind::Local, None)).unwrap();
    let set = |pin: &str| block_on(computer.set_pin("ada", Some(&Pin::try_from(pin).unwrap())));
    set("1234").unwrap();
    for (long, bytes) in [("x".repeat(64), 64), ("ä".repeat(32), 64)] {
        let error = set(&long).unwrap_err();
        assert!(matches!(error, WindowsError::Pin(_)), "{bytes} bytes: {error}");
    }
}

/// A seeded computer gives the same bytes again on another one, and none of them twice on the same.
#[test]
fn nothing_is_drawn_twice_whatever_was_deleted_in_between() {
    let draws = || {
        let computer = Computer::new(memory())
            .with_seed(Some(Seed::new(b"seven")))
            .with_clock(Clock::Fixed(Timestamp(1_767_225_600_000)));
        block_on(computer.add_account("ada", AccountKind::Local, Some(&pin()))).unwrap();
        let draw = || create(&computer, "ada", "example.org", "ada").unwrap();
        let mut ids = vec![draw(), draw()];
        block_on(computer.delete_container("ada")).unwrap();
        block_on(computer.set_pin("ada", Some(&pin()))).unwrap();
        ids.push(draw());
        block_on(computer.remove_account("ada")).unwrap();
        block_on(computer.add_account("ada", AccountKind::Local, Some(&pin()))).unwrap();
        ids.push(draw());
        block_on(computer.remove_account("ada")).unwrap();
        block_on(computer.add_account("ada", AccountKind::Local, Some(&pin()))).unwrap();
        ids.push(draw());
        ids
    };
    let ids = draws();
    assert_eq!(ids, draws());
    let mut unique = ids.clone();
    unique.sort_unstable();
    unique.dedup();
    assert_eq!(unique.len(), ids.len(), "{ids:02x?}");
}
