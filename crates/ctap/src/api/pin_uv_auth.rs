//! What makeCredential and getAssertion do with `pinUvAuthParam` where no PIN/UV auth protocol is supported.

use super::refuse;
use crate::{Denied, Outcome, Step, Steps, message::Members};

/// The steps of one command that deal with `pinUvAuthParam`.
pub(super) struct Citations {
    /// Step 1.
    pub(super) probe: Step,
    /// Step 2.
    pub(super) protocol: Step,
}

/// Checks the two PIN/UV auth members of a request.
pub(super) fn check(
    host: &mut impl Steps,
    steps: &'static Citations,
    members: &Members<'_>,
) -> Result<(), Denied> {
    let Some(param) = members.bytes("pinUvAuthParam") else {
        return Ok(());
    };
    if param.is_empty() {
        host.note(&steps.probe, Outcome::Skipped("neither clientPin nor pinUvAuthToken is supported"));
    }
    let denied = match members.uint("pinUvAuthProtocol") {
        None => Denied::ProtocolMissing,
        Some(protocol) => Denied::ProtocolUnsupported(protocol),
    };
    Err(refuse(host, &steps.protocol, denied))
}
