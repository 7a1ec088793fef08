//! The state of a pinUvAuthToken.

use zeroize::ZeroizeOnDrop;

use super::{Permissions, PinUvAuthProtocol};
use crate::{Timestamp, Transport};

/// Tells one issue of a token from every other of the same power-up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TokenId(pub(crate) u64);

/// A pinUvAuthToken in use. One that is not does not exist.
///
/// Source: CTAP 2.3 §6.5.2.1.
#[derive(ZeroizeOnDrop)]
pub(crate) struct Token {
    #[zeroize(skip)]
    pub(crate) id: TokenId,
    pub(crate) value: [u8; 32],
    #[zeroize(skip)]
    pub(crate) permissions: Permissions,
    #[zeroize(skip)]
    pub(crate) rp_id: Option<String>,
    #[zeroize(skip)]
    pub(crate) user_verified: bool,
    #[zeroize(skip)]
    pub(crate) user_present: bool,
    /// When it came into use, and over which transport.
    #[zeroize(skip)]
    pub(crate) since: Timestamp,
    #[zeroize(skip)]
    pub(crate) transport: Transport,
    #[zeroize(skip)]
    pub(crate) used: bool,
    /// As CTAP 2.0 has them: good for everything, until the power is cut or the PIN changed.
    #[zeroize(skip)]
    pub(crate) legacy: bool,
}

impl Token {
    /// How long a token that is not used stays in use, and how long the user's presence is remembered, in milliseconds.
    fn initial_usage_limit(&self) -> u64 {
        match self.transport {
            Transport::Nfc | Transport::SmartCard => 19_800,
            _ => 30_000,
        }
    }

    /// The usage timer observer: false if the token is no longer in use at `now`.
    pub(crate) fn observe(&mut self, now: Timestamp) -> bool {
        let age = now.0.saturating_sub(self.since.0);
        if self.legacy {
            return true;
        }
        if age > self.initial_usage_limit() {
            self.user_present = false;
        }
        age <= MAX_USAGE_PERIOD_MS && (self.used || age <= self.initial_usage_limit())
    }

    /// verify(pinUvAuthToken, message, pinUvAuthParam). A token that fits has been used.
    pub(crate) fn verify(&mut self, protocol: PinUvAuthProtocol, message: &[&[u8]], param: &[u8]) -> bool {
        let fits = protocol.verify(&self.value, message, param);
        self.used |= fits;
        fits
    }

    /// clearUserPresentFlag(), clearUserVerifiedFlag() and clearPinUvAuthTokenPermissionsExceptLbw().
    pub(crate) fn consume(&mut self) {
        if !self.legacy {
            self.user_present = false;
            self.user_verified = false;
            self.permissions = self.permissions.only(Permissions::LBW);
        }
    }
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Token({}, ..)", self.permissions)
    }
}

/// The max usage time period: no token is in use for longer, in milliseconds.
const MAX_USAGE_PERIOD_MS: u64 = 600_000;
