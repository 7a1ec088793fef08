//! The row of names that one refusal has, from the store to the browser.

use std::fmt;

use softhello_ctap::Status;
use softhello_webauthn::Failure;

use crate::HResult;

/// One layer's name for a refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// The layer: `authenticator`, `ctap`, `windows`, `browser`.
    pub layer: &'static str,
    /// Its name for it, as `NTE_EXISTS (0x8009000F)`.
    pub name: String,
}

/// Every layer's name for one refusal, the innermost first:
/// `AlreadyRegistered → CTAP2_ERR_CREDENTIAL_EXCLUDED (0x19) → NTE_EXISTS (0x8009000F) → InvalidStateError`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chain {
    /// The links.
    pub links: Vec<Link>,
}

impl Chain {
    /// The chain of a failed ceremony. There is none where no authenticator was asked or it did not refuse.
    pub fn of(failure: &Failure) -> Option<Self> {
        let status = failure.status.filter(|status| *status != Status::Ok)?;
        let cause = failure.cause.as_ref();
        let link = |layer, name: String| Link { layer, name };
        let mut links = Vec::with_capacity(4);
        links.extend(cause.map(|cause| link("authenticator", cause.name().to_owned())));
        links.push(link("ctap", status.to_string()));
        links.push(link("windows", HResult::of(status, cause).to_string()));
        links.push(link("browser", failure.name.to_string()));
        Some(Self { links })
    }
}

impl fmt::Display for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.links.iter().map(|link| link.name.as_str()).collect();
        f.write_str(&names.join(" → "))
    }
}
