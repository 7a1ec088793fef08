//! Names of refusals: the HRESULTs of webauthn.h, and the whole row from the authenticator to the browser.
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use common::{ENTRA, computer_of, create, create_on, device_with};
use pollster::block_on;
use softhello_ctap::{Denied, Status};
use softhello_windows::{Chain, Computer, HResult, Script};

/// Source: webauthn.h and `WebAuthNGetErrorName`; the last two stand for its "any other".
const HRESULTS: [(u32, &str, &str); 15] = [
    (0x0000_0000, "S_OK", "Success"),
    (0x8009_000F, "NTE_EXISTS", "InvalidStateError"),
    (0x8007_0032, "ERROR_NOT_SUPPORTED", "ConstraintError"),
    (0x8009_0029, "NTE_NOT_SUPPORTED", "ConstraintError"),
    (0x8009_0023, "NTE_TOKEN_KEYSET_STORAGE_FULL", "ConstraintError"),
    (0x8009_0027, "NTE_INVALID_PARAMETER", "NotSupportedError"),
    (0x8009_0035, "NTE_DEVICE_NOT_FOUND", "NotAllowedError"),
    (0x8009_0011, "NTE_NOT_FOUND", "NotAllowedError"),
    (0x8009_0036, "NTE_USER_CANCELLED", "NotAllowedError"),
    (0x8007_04C7, "ERROR_CANCELLED", "NotAllowedError"),
    (0x8007_05B4, "ERROR_TIMEOUT", "NotAllowedError"),
    (0x8009_000B, "NTE_BAD_KEY_STATE", "UnknownError"),
    (0x8009_0010, "NTE_PERM", "UnknownError"),
    (0x8001_011B, "RPC_E_ACCESS_DENIED", "UnknownError"),
    (0x8009_0020, "NTE_FAIL", "UnknownError"),
];

#[test]
fn codes_and_names_are_those_of_the_header() {
    let ours: Vec<_> =
        HResult::ALL.iter().map(|result| (result.code(), result.name(), result.error_name())).collect();
    assert_eq!(ours, HRESULTS);
    assert_eq!(HResult::NteExists.to_string(), "NTE_EXISTS (0x8009000F)");
}

#[test]
fn a_status_has_its_result_and_the_reason_may_decide() {
    for (status, cause, want) in [
        (Status::Ok, None, HResult::SOk),
        (Status::CredentialExcluded, None, HResult::NteExists),
        (Status::NoCredentials, None, HResult::NteNotFound),
        (Status::UnsupportedAlgorithm, None, HResult::NteNotSupported),
        (Status::KeyStoreFull, None, HResult::NteTokenKeysetStorageFull),
        (Status::UserActionTimeout, None, HResult::ErrorTimeout),
        (Status::KeepaliveCancel, None, HResult::ErrorCancelled),
        (Status::InvalidLength, None, HResult::NteInvalidParameter),
        (Status::CtapOther, None, HResult::NteFail),
        // One status, three reasons.
        (Status::OperationDenied, Some(Denied::UserDeclined), HResult::NteUserCancelled),
        (Status::OperationDenied, Some(Denied::UserTimeout), HResult::ErrorTimeout),
        (Status::OperationDenied, Some(Denied::NotSetUp), HResult::NteDeviceNotFound),
    ] {
        assert_eq!(HResult::of(status, cause.as_ref()), want, "{status}, {cause:?}");
    }
}

#[test]
fn every_layer_keeps_its_name() {
    let computer = computer_of(&["ada"]);
    let chain_of = |script| {
        let failure =
            create_on(&mut device_with(&computer, "ada", script), ENTRA, "ada", b"ada").unwrap_err();
        Chain::of(&failure).unwrap().to_string()
    };
    for (script, want) in [
        (
            Script::Decline,
            "UserDeclined → CTAP2_ERR_OPERATION_DENIED (0x27) → NTE_USER_CANCELLED (0x80090036) → NotAllowedError",
        ),
        (
            Script::Timeout,
            "UvTimeout → CTAP2_ERR_USER_ACTION_TIMEOUT (0x2F) → ERROR_TIMEOUT (0x800705B4) → NotAllowedError",
        ),
        (
            Script::WrongPin,
            "UvFailed → CTAP2_ERR_OPERATION_DENIED (0x27) → NTE_USER_CANCELLED (0x80090036) → NotAllowedError",
        ),
        (
            Script::WrongPin,
            "UvBlocked → CTAP2_ERR_PIN_BLOCKED (0x32) → NTE_USER_CANCELLED (0x80090036) → NotAllowedError",
        ),
    ] {
        assert_eq!(chain_of(script), want);
    }
    assert!(block_on(computer.passkeys("ada")).unwrap().is_empty());
}

#[test]
fn without_a_pin_there_is_no_device() {
    let computer = Computer::in_memory();
    block_on(computer.set_pin(Computer::DEFAULT_ACCOUNT, None)).unwrap();
    let failure = create(&computer, Computer::DEFAULT_ACCOUNT, "example.org", "ada").unwrap_err();
    assert_eq!(
        Chain::of(&failure).unwrap().to_string(),
        "NotSetUp → CTAP2_ERR_OPERATION_DENIED (0x27) → NTE_DEVICE_NOT_FOUND (0x80090035) → NotAllowedError"
    );
}

#[test]
fn a_refusal_of_the_client_itself_has_no_chain() {
    let computer = computer_of(&["ada"]);
    // An address is no domain, and so no RP ID.
    let failure = create(&computer, "ada", "127.0.0.1", "ada").unwrap_err();
    assert_eq!(failure.name.as_str(), "SecurityError");
    assert_eq!(Chain::of(&failure), None);
}
