//! What webauthn.h calls the results of a ceremony.

use std::fmt;

use softhello_ctap::{Denied, Status};

macro_rules! results {
    ($($variant:ident = $code:literal, $name:literal, $dom:literal;)+) => {
        /// An HRESULT of the WebAuthn API of Windows.
        ///
        /// Source: webauthn.h, `WebAuthNGetErrorName`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum HResult {
            $(#[doc = concat!("`", $name, "` (", stringify!($code), ").")] $variant,)+
        }

        impl HResult {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The 32 bits.
            pub fn code(self) -> u32 {
                match self {
                    $(Self::$variant => $code,)+
                }
            }

            /// The name of the constant.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                }
            }

            /// What `WebAuthNGetErrorName` answers.
            pub fn error_name(self) -> &'static str {
                match self {
                    $(Self::$variant => $dom,)+
                }
            }
        }
    };
}

results! {
    SOk = 0x0000_0000, "S_OK", "Success";
    NteExists = 0x8009_000F, "NTE_EXISTS", "InvalidStateError";
    ErrorNotSupported = 0x8007_0032, "ERROR_NOT_SUPPORTED", "ConstraintError";
    NteNotSupported = 0x8009_0029, "NTE_NOT_SUPPORTED", "ConstraintError";
    NteTokenKeysetStorageFull = 0x8009_0023, "NTE_TOKEN_KEYSET_STORAGE_FULL", "ConstraintError";
    NteInvalidParameter = 0x8009_0027, "NTE_INVALID_PARAMETER", "NotSupportedError";
    NteDeviceNotFound = 0x8009_0035, "NTE_DEVICE_NOT_FOUND", "NotAllowedError";
    NteNotFound = 0x8009_0011, "NTE_NOT_FOUND", "NotAllowedError";
    NteUserCancelled = 0x8009_0036, "NTE_USER_CANCELLED", "NotAllowedError";
    ErrorCancelled = 0x8007_04C7, "ERROR_CANCELLED", "NotAllowedError";
    ErrorTimeout = 0x8007_05B4, "ERROR_TIMEOUT", "NotAllowedError";
    NteBadKeyState = 0x8009_000B, "NTE_BAD_KEY_STATE", "UnknownError";
    NteFail = 0x8009_0020, "NTE_FAIL", "UnknownError";
}

impl fmt::Display for HResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (0x{:08X})", self.name(), self.code())
    }
}

impl HResult {
    /// The result that Windows gives for an authenticator's answer.
    ///
    /// The reason decides where it is known, because Windows tells apart what one status byte does not. Which result
    /// belongs to which status is documented only for `NTE_EXISTS`; the others follow from the names.
    pub fn of(status: Status, cause: Option<&Denied>) -> Self {
        match (cause, status) {
            (Some(Denied::NotSetUp), _) => Self::NteDeviceNotFound,
            (Some(Denied::UserTimeout), _) => Self::ErrorTimeout,
            (_, Status::Ok) => Self::SOk,
            (_, Status::CredentialExcluded) => Self::NteExists,
            (_, Status::NoCredentials) => Self::NteNotFound,
            (_, Status::UnsupportedAlgorithm | Status::UnsupportedOption) => Self::NteNotSupported,
            (_, Status::KeyStoreFull) => Self::NteTokenKeysetStorageFull,
            (_, Status::UserActionTimeout | Status::ActionTimeout) => Self::ErrorTimeout,
            (_, Status::OperationDenied | Status::PinBlocked | Status::UvBlocked | Status::PuatRequired) => {
                Self::NteUserCancelled
            }
            (_, Status::KeepaliveCancel) => Self::ErrorCancelled,
            (
                _,
                Status::InvalidParameter
                | Status::InvalidLength
                | Status::InvalidCbor
                | Status::CborUnexpectedType
                | Status::MissingParameter
                | Status::InvalidOption
                | Status::LimitExceeded,
            ) => Self::NteInvalidParameter,
            _ => Self::NteFail,
        }
    }
}
