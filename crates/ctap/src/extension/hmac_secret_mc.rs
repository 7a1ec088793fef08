//! hmac-secret-mc: hmac-secret evaluated already when a credential is made. Source: CTAP 2.3 §12.8.

use super::{
    Extension, Inputs,
    hmac_secret::{self, Citations, Salts},
};
use crate::{Denied, Host, Outcome, Session, api::refuse, step::steps};

static CITATIONS: Citations = Citations { members: &MEMBERS, up: &MEMBERS, decrypt: &DECRYPT };

/// The salts, if there are any.
pub(super) fn salts(
    host: &mut impl Host,
    session: &mut Session,
    inputs: &Inputs<'_>,
    hmac_secret: bool,
) -> Result<Option<Salts>, Denied> {
    if inputs.raw(Extension::HmacSecretMc).is_none() {
        return Ok(None);
    }
    if !hmac_secret {
        return Err(refuse(host, &BESIDE, Denied::HmacSecretMcAlone));
    }
    host.note(&BESIDE, Outcome::Passed);
    // Presence is always tested when a credential is made.
    hmac_secret::read(host, &CITATIONS, Extension::HmacSecretMc, session, inputs, true)
}

steps! {
    BESIDE = "12.8" "1" "without hmac-secret true beside it, it is MISSING_PARAMETER, before any cryptography";
    MEMBERS = "12.8" "2" "the input is that of hmac-secret at an assertion";
    DECRYPT = "12.8" "3" "the salts are evaluated as there, with the new credential's CredRandom";
}
