//! pinComplexityPolicy: tells an authorised relying party whether PINs have to be more than long. Source: CTAP 2.3 §12.6.

use super::{Extension, Inputs};
use crate::{Denied, Outcome, Settings, Steps, step::steps};

/// The current pinComplexityPolicy, if it was asked for by an RP that may know.
pub(super) fn output(
    host: &mut impl Steps,
    inputs: &Inputs<'_>,
    settings: &Settings,
    rp_id: &str,
) -> Result<Option<bool>, Denied> {
    if !inputs.asked_for(host, Extension::PinComplexityPolicy)? {
        return Ok(None);
    }
    let may_know = settings.tells_of_pins(rp_id);
    host.note(
        &AUTHORIZED,
        if may_know { Outcome::Passed } else { Outcome::Skipped("the RP ID is not in minPinLengthRPIDs") },
    );
    Ok(settings.pin_complexity_policy(inputs.profile).filter(|_| may_know))
}

steps! {
    AUTHORIZED = "12.6" "1" "an RP ID in minPinLengthRPIDs is told the current pinComplexityPolicy; others get no output";
}
