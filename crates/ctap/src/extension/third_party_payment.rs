//! thirdPartyPayment: whether others than the relying party may start payments with a credential.
//! Source: CTAP 2.3 §12.9.

use super::{Extension, Inputs};
use crate::{Credential, Denied, Outcome, Steps, step::steps};

/// Whether a new credential may be used so. There is no output.
pub(super) fn creation(host: &mut impl Steps, inputs: &Inputs<'_>) -> Result<bool, Denied> {
    let asked = inputs.asked_for(host, Extension::ThirdPartyPayment)?;
    if asked {
        host.note(&KEEP, Outcome::Passed);
    }
    Ok(asked)
}

/// The output at an assertion.
pub(super) fn assertion(host: &mut impl Steps, credential: &Credential) -> bool {
    host.note(&TELL, Outcome::Passed);
    credential.extensions.third_party_payment
}

steps! {
    KEEP = "12.9" "1" "true is remembered with the credential, discoverable or not, and has no output";
    TELL = "12.9" "2" "an assertion gives what was remembered";
}
