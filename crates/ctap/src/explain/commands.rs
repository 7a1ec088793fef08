//! The commands and the tables of what they take and give.

use crate::message::{
    BIO_ENROLLMENT, BIO_ENROLLMENT_RESPONSE, CLIENT_PIN, CLIENT_PIN_RESPONSE, CONFIG, CREDENTIAL_MANAGEMENT,
    CREDENTIAL_MANAGEMENT_RESPONSE, GET_ASSERTION, GET_ASSERTION_RESPONSE, GET_INFO_RESPONSE, LARGE_BLOBS,
    LARGE_BLOBS_RESPONSE, MAKE_CREDENTIAL, MAKE_CREDENTIAL_RESPONSE, Table,
};

/// A command of CTAP 2.3 §6, or one of its prototypes.
pub(super) struct Command {
    pub(super) code: u8,
    pub(super) name: &'static str,
    pub(super) section: &'static str,
    /// What follows the command byte, if anything may.
    pub(super) params: Option<&'static Table>,
    /// What follows the status byte, if anything may.
    pub(super) response: Option<&'static Table>,
}

impl Command {
    /// The command of this byte.
    pub(super) fn find(code: u8) -> Option<&'static Self> {
        COMMANDS.iter().find(|command| command.code == code)
    }

    /// The byte in words, known or not.
    pub(super) fn describe(code: u8) -> String {
        match (Self::find(code), code) {
            (Some(command), _) => format!("{} (0x{code:02x})", command.name),
            (None, 0x40..=0xbf) => format!("vendor command (0x{code:02x})"),
            (None, _) => format!("unknown command (0x{code:02x})"),
        }
    }
}

const fn command(
    code: u8,
    name: &'static str,
    section: &'static str,
    params: Option<&'static Table>,
    response: Option<&'static Table>,
) -> Command {
    Command { code, name, section, params, response }
}

/// In the order in which responses are tried.
pub(super) static COMMANDS: &[Command] = &[
    command(
        0x01,
        "authenticatorMakeCredential",
        "6.1",
        Some(&MAKE_CREDENTIAL),
        Some(&MAKE_CREDENTIAL_RESPONSE),
    ),
    command(0x02, "authenticatorGetAssertion", "6.2", Some(&GET_ASSERTION), Some(&GET_ASSERTION_RESPONSE)),
    command(0x04, "authenticatorGetInfo", "6.4", None, Some(&GET_INFO_RESPONSE)),
    command(0x06, "authenticatorClientPIN", "6.5", Some(&CLIENT_PIN), Some(&CLIENT_PIN_RESPONSE)),
    command(0x07, "authenticatorReset", "6.6", None, None),
    command(0x08, "authenticatorGetNextAssertion", "6.3", None, Some(&GET_ASSERTION_RESPONSE)),
    command(
        0x0a,
        "authenticatorCredentialManagement",
        "6.8",
        Some(&CREDENTIAL_MANAGEMENT),
        Some(&CREDENTIAL_MANAGEMENT_RESPONSE),
    ),
    command(0x0b, "authenticatorSelection", "6.9", None, None),
    command(0x0c, "authenticatorLargeBlobs", "6.10", Some(&LARGE_BLOBS), Some(&LARGE_BLOBS_RESPONSE)),
    command(0x09, "authenticatorBioEnrollment", "6.7", Some(&BIO_ENROLLMENT), Some(&BIO_ENROLLMENT_RESPONSE)),
    command(0x0d, "authenticatorConfig", "6.11", Some(&CONFIG), None),
    // FIDO_2_1_PRE used two bytes of the vendor range before the commands were standardised.
    command(
        0x40,
        "prototype authenticatorBioEnrollment",
        "6.7",
        Some(&BIO_ENROLLMENT),
        Some(&BIO_ENROLLMENT_RESPONSE),
    ),
    command(
        0x41,
        "prototype authenticatorCredentialManagement",
        "6.8",
        Some(&CREDENTIAL_MANAGEMENT),
        Some(&CREDENTIAL_MANAGEMENT_RESPONSE),
    ),
];
