//! minPinLength: tells an authorised relying party the minimum length of PINs. Source: CTAP 2.3 §12.5.

use super::{Extension, Inputs};
use crate::{Denied, Outcome, Settings, Steps, step::steps};

/// The current minPINLength, if it was asked for by an RP that may know.
pub(super) fn output(
    host: &mut impl Steps,
    inputs: &Inputs<'_>,
    settings: &Settings,
    rp_id: &str,
) -> Result<Option<u8>, Denied> {
    if !inputs.asked_for(host, Extension::MinPinLength)? {
        return Ok(None);
    }
    let may_know = settings.tells_of_pins(rp_id);
    host.note(
        &AUTHORIZED,
        if may_know { Outcome::Passed } else { Outcome::Skipped("the RP ID is not in minPinLengthRPIDs") },
    );
    Ok(may_know.then(|| settings.min_pin_length(inputs.profile)))
}

steps! {
    AUTHORIZED = "12.5" "1" "an RP ID in minPinLengthRPIDs is told the current minPINLength; others get no output";
}
