//! credProtect: when a credential may be used without verification. Source: CTAP 2.3 §12.1.

use super::{Extension, Inputs};
use crate::{Denied, Outcome, Protection, Steps, cbor::Reader, step::steps};

/// The level that was asked for. One that does not exist is ignored.
pub(super) fn input(host: &mut impl Steps, inputs: &Inputs<'_>) -> Result<Option<Protection>, Denied> {
    let Some(level) = inputs.read(host, Extension::CredProtect, Reader::uint)? else { return Ok(None) };
    let protection = u8::try_from(level).ok().and_then(|level| Protection::try_from(level).ok());
    host.note(
        &LEVEL,
        match protection {
            Some(_) => Outcome::Passed,
            None => Outcome::Skipped("there is no such level"),
        },
    );
    Ok(protection)
}

steps! {
    LEVEL = "12.1" "1" "the level 1, 2 or 3 is kept with the credential and is the output; another is ignored";
}
