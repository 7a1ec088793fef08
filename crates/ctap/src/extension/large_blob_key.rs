//! largeBlobKey: a key for a place in the large-blob array. Source: CTAP 2.3 §12.3.

use super::{Extension, Inputs};
use crate::{Denied, Outcome, Steps, api::refuse, cbor::Reader, step::steps};

/// Whether a new credential gets a key.
pub(super) fn creation(host: &mut impl Steps, inputs: &Inputs<'_>, rk: bool) -> Result<bool, Denied> {
    let asked = input(host, inputs)?;
    if asked {
        if !rk {
            return Err(refuse(host, &DISCOVERABLE, Denied::LargeBlobKeyNeedsRk));
        }
        host.note(&DISCOVERABLE, Outcome::Passed);
    }
    Ok(asked)
}

/// Whether the key is asked for. `false` is an error.
pub(super) fn input(host: &mut impl Steps, inputs: &Inputs<'_>) -> Result<bool, Denied> {
    match inputs.read(host, Extension::LargeBlobKey, Reader::bool)? {
        None => Ok(false),
        Some(false) => Err(refuse(host, &TRUE, Denied::LargeBlobKeyFalse)),
        Some(true) => {
            host.note(&TRUE, Outcome::Passed);
            Ok(true)
        }
    }
}

steps! {
    TRUE = "12.3" "1" "the input is true; false is INVALID_OPTION";
    DISCOVERABLE = "12.3" "2" "only a discoverable credential gets a key, else INVALID_OPTION";
}
