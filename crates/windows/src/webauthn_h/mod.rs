//! webauthn.h: what each version of its API offers, and what browsers make of its results.
//!
//! The functions themselves are [`World::webauthn`](crate::world::World::webauthn)'s.
//!
//! Sources: webauthn.h of microsoft/webauthn (version 8) and of libfido2 (version 9); Chromium's device/fido/win.

mod browser;

pub use browser::{Browser, CeremonyKind};
use softhello_webauthn::AttestationConveyance;

/// A version of the API: `WebAuthNGetApiVersionNumber`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ApiVersion(pub u32);

/// What each version added, from 1.
const ADDED: [&str; 9] = [
    "make credential, get assertion, hmac-secret",
    "credProtect",
    "credBlob, minPinLength, enterprise attestation, largeBlob, whether the key is resident",
    "the list of platform credentials and their deletion, private mode, PRF at sign-in",
    "whether a credential is backed up",
    "PRF, passkeys of phones",
    "linked phones, autofill, unsigned extension outputs",
    "PRF at creation, hints, third-party payment, the authenticator's name",
    "the origin of remote pages, JSON options and responses, transports of credentials",
];

impl ApiVersion {
    /// The newest that is known.
    pub const NEWEST: Self = Self(9);

    /// What it added to the version before.
    pub fn added(self) -> Option<&'static str> {
        let index = usize::try_from(self.0).ok()?.checked_sub(1)?;
        ADDED.get(index).copied()
    }

    /// `WebAuthNGetPlatformCredentialList` and `WebAuthNDeletePlatformCredential` are there.
    pub fn lists_credentials(self) -> bool {
        self.0 >= 4
    }

    /// A browser tells Windows that it is in private mode. Before, Windows cannot know, and logs what it does.
    pub fn knows_private_mode(self) -> bool {
        self.0 >= 4
    }

    /// The list tells whether a credential is backed up.
    pub fn tells_backup(self) -> bool {
        self.0 >= 5
    }

    /// Passkeys of a phone are offered.
    pub fn has_hybrid(self) -> bool {
        self.0 >= 6
    }

    /// The list tells the authenticator's name.
    pub fn tells_authenticator(self) -> bool {
        self.0 >= 8
    }

    /// The list tells the transports of a credential.
    pub fn tells_transports(self) -> bool {
        self.0 >= 9
    }

    /// The attestation that Chromium asks Windows for when a page asks for this one: `indirect` as `direct`, and so is
    /// `enterprise` from version 3 on; before, as `none`.
    pub fn conveyance(self, asked: AttestationConveyance) -> AttestationConveyance {
        match asked {
            AttestationConveyance::Indirect => AttestationConveyance::Direct,
            AttestationConveyance::Enterprise if self.0 >= 3 => AttestationConveyance::Direct,
            AttestationConveyance::Enterprise => AttestationConveyance::None,
            other => other,
        }
    }
}
