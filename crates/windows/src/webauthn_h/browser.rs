//! What browsers make of webauthn.h's results.
//!
//! Sources: Chromium's device/fido/win/type_conversions.cc; Firefox's dom/webauthn/WinWebAuthnService.cpp.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use softhello_webauthn::DomException;

use crate::HResult;

/// A browser that uses webauthn.h.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub enum Browser {
    /// Chrome, Edge and others.
    Chromium,
    /// Firefox.
    Firefox,
}

/// A ceremony.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CeremonyKind {
    /// `navigator.credentials.create()`.
    Create,
    /// `navigator.credentials.get()`.
    Get,
}

impl Browser {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Chromium, Self::Firefox];

    /// What pages of both catch, in words: browsers that agree in one. None for success.
    pub fn exceptions(result: HResult, ceremony: CeremonyKind) -> Option<String> {
        let [chromium, firefox] = Self::ALL.map(|browser| browser.exception(result, ceremony));
        let (chromium, firefox) = (chromium?, firefox?);
        Some(if chromium == firefox {
            format!("{chromium} in Chromium and Firefox")
        } else {
            format!("{chromium} in Chromium, {firefox} in Firefox")
        })
    }

    /// The exception that a page of this browser catches. None for success.
    pub fn exception(self, result: HResult, ceremony: CeremonyKind) -> Option<DomException> {
        use DomException::{InvalidStateError, NotAllowedError, UnknownError};
        use HResult as H;
        Some(match (self, result) {
            (_, H::SOk) => return None,
            // It is unexpected there.
            (Self::Chromium, H::NteExists) if ceremony == CeremonyKind::Get => NotAllowedError,
            (_, H::NteExists) => InvalidStateError,
            (Self::Chromium, _) => NotAllowedError,
            // A quirk of its own: the name that WebAuthNGetErrorName gives is NotSupportedError.
            (Self::Firefox, H::NteInvalidParameter) => InvalidStateError,
            (
                Self::Firefox,
                H::NteDeviceNotFound
                | H::NteNotFound
                | H::NteUserCancelled
                | H::ErrorCancelled
                | H::ErrorTimeout,
            ) => NotAllowedError,
            (Self::Firefox, _) => UnknownError,
        })
    }
}

impl fmt::Display for Browser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Chromium => "Chromium",
            Self::Firefox => "Firefox",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The columns Chromium and Firefox of the table of HRESULTs.
    #[test]
    fn what_browsers_make_of_results() {
        use DomException::{InvalidStateError, NotAllowedError, UnknownError};
        for (result, chromium, firefox) in [
            (HResult::NteExists, InvalidStateError, InvalidStateError),
            (HResult::ErrorNotSupported, NotAllowedError, UnknownError),
            (HResult::NteNotSupported, NotAllowedError, UnknownError),
            (HResult::NteTokenKeysetStorageFull, NotAllowedError, UnknownError),
            (HResult::NteInvalidParameter, NotAllowedError, InvalidStateError),
            (HResult::NteDeviceNotFound, NotAllowedError, NotAllowedError),
            (HResult::NteNotFound, NotAllowedError, NotAllowedError),
            (HResult::NteUserCancelled, NotAllowedError, NotAllowedError),
            (HResult::ErrorCancelled, NotAllowedError, NotAllowedError),
            (HResult::ErrorTimeout, NotAllowedError, NotAllowedError),
            (HResult::NteBadKeyState, NotAllowedError, UnknownError),
        ] {
            let exception = |browser: Browser| browser.exception(result, CeremonyKind::Create);
            assert_eq!(exception(Browser::Chromium), Some(chromium), "{result}");
            assert_eq!(exception(Browser::Firefox), Some(firefox), "{result}");
        }
        let unexpected = Browser::Chromium.exception(HResult::NteExists, CeremonyKind::Get);
        assert_eq!(unexpected, Some(NotAllowedError));
        for browser in Browser::ALL {
            assert_eq!(browser.exception(HResult::SOk, CeremonyKind::Get), None);
        }
    }
}
