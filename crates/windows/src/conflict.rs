//! The rule behind "this device is already registered".
//!
//! "Users can't register a passkey on Windows if a Windows Hello for Business credential already exists for the same
//! account and container. This block might not apply once the user exceeds 50 total platform credentials."
//! Source: Microsoft Learn, "Microsoft Entra passkeys on Windows" (2026-07-06); the rest is inferred from it.

use softhello_ctap::Credential;
use softhello_device::Policy;
use softhello_storage::{Guard, Kind};

use crate::Settings;

/// The RP ID under which Entra ID registers passkeys.
pub const ENTRA_RP_ID: &str = "login.microsoft.com";

/// The number of platform credentials above which the block is documented to be lifted.
pub const EXEMPT_ABOVE: u32 = 50;

/// Refuses a passkey for [`ENTRA_RP_ID`] whose `user.name` is that of a blocking WHfB key in the same container,
/// ignoring case. Other user names, other RPs and other containers are not affected. The store decides it in the same
/// step in which it would keep the passkey, so no race slips through.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WhfbConflict {
    pub(crate) settings: Settings,
    /// [`ENTRA_RP_ID`], where no document says another.
    pub(crate) rp_id: &'static str,
}

impl Policy for WhfbConflict {
    fn guards(&self, credential: &Credential) -> Vec<Guard> {
        let Some(user_name) = credential.user.name.clone().filter(|_| credential.rp_id == self.rp_id) else {
            return Vec::new();
        };
        vec![Guard::NoOther {
            rp_id: self.rp_id.to_owned(),
            user_id: None,
            user_name: Some(user_name),
            kind: Kind::Managed,
            unless_more_than: self.settings.conflict_exempt_above_50.then_some(EXEMPT_ABOVE),
        }]
    }
}
