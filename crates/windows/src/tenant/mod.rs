//! A tenant of Microsoft Entra ID, as far as passkeys go.

mod graph;
pub mod log;
mod options;
pub mod policy;
mod service;

use uuid::{Uuid, uuid};

pub use log::{Activity, AuditEntry, SignInEntry};
pub use options::CreationOptionsShape;
pub(crate) use options::for_browser;
pub use service::{Begun, Exemption, Method, NotAdded, NotSignedIn, Tenant, User, Verified};

pub use policy::{
    Enforcement, Era, Group, KeyRestrictions, NotOffered, PasskeyPolicy, PasskeyProfile, Presented, Refusal,
    Target, Unmet,
};

/// The AAGUIDs of Windows Hello: hardware, VBS and software.
pub const HELLO_AAGUIDS: [Uuid; 3] = [
    uuid!("08987058-cadc-4b81-b6e1-30de50dcbe96"),
    uuid!("9ddd1817-af5a-4672-a2b9-3e3dd95000a9"),
    uuid!("6028b017-b1d4-4c02-b4b3-afcdafc96bb2"),
];

/// Why a tenant cannot be as it is described.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TenantError {
    /// A policy that contradicts itself.
    #[error("the passkey policy is not possible: {reason}")]
    Policy {
        /// How.
        reason: String,
    },
    /// Not Microsoft Graph's JSON.
    #[error("not a fido2AuthenticationMethodConfiguration of Microsoft Graph: {reason}")]
    Graph {
        /// Why.
        reason: String,
    },
}

#[cfg(test)]
#[allow(clippy::indexing_slicing, reason = "a test may stop at the first surprise")]
mod tests;
