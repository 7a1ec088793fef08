//! What webauthn.h calls the results of a ceremony.

use std::{borrow::Cow, fmt};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use softhello_ctap::{Denied, Status};

macro_rules! results {
    ($($variant:ident = $code:literal, $name:literal, $dom:literal, $message:literal;)+) => {
        /// An HRESULT of the WebAuthn API of Windows.
        ///
        /// Source: webauthn.h, `WebAuthNGetErrorName`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
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

            /// What Windows says of it in an event.
            pub fn message(self) -> &'static str {
                match self {
                    $(Self::$variant => $message,)+
                }
            }

            /// The one of this name.
            pub fn from_name(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|result| result.name() == name)
            }
        }
    };
}

results! {
    SOk = 0x0000_0000, "S_OK", "Success", "The operation completed successfully.";
    NteExists = 0x8009_000F, "NTE_EXISTS", "InvalidStateError", "Object already exists.";
    ErrorNotSupported = 0x8007_0032, "ERROR_NOT_SUPPORTED", "ConstraintError", "The request is not supported.";
    NteNotSupported = 0x8009_0029, "NTE_NOT_SUPPORTED", "ConstraintError", "The requested operation is not supported.";
    NteTokenKeysetStorageFull = 0x8009_0023, "NTE_TOKEN_KEYSET_STORAGE_FULL", "ConstraintError", "The security token does not have storage space available for an additional container.";
    NteInvalidParameter = 0x8009_0027, "NTE_INVALID_PARAMETER", "NotSupportedError", "The parameter is incorrect.";
    NteDeviceNotFound = 0x8009_0035, "NTE_DEVICE_NOT_FOUND", "NotAllowedError", "The device that is required by this cryptographic provider is not found on this platform.";
    NteNotFound = 0x8009_0011, "NTE_NOT_FOUND", "NotAllowedError", "Object was not found.";
    NteUserCancelled = 0x8009_0036, "NTE_USER_CANCELLED", "NotAllowedError", "The action was cancelled by the user.";
    ErrorCancelled = 0x8007_04C7, "ERROR_CANCELLED", "NotAllowedError", "The operation was canceled by the user.";
    ErrorTimeout = 0x8007_05B4, "ERROR_TIMEOUT", "NotAllowedError", "This operation returned because the timeout period expired.";
    NteBadKeyState = 0x8009_000B, "NTE_BAD_KEY_STATE", "UnknownError", "Key not valid for use in specified state.";
    NtePerm = 0x8009_0010, "NTE_PERM", "UnknownError", "Access denied.";
    RpcEAccessDenied = 0x8001_011B, "RPC_E_ACCESS_DENIED", "UnknownError", "Access is denied.";
    NteFail = 0x8009_0020, "NTE_FAIL", "UnknownError", "An internal error occurred.";
}

/// Results of setting a PIN up: code, meaning, and the event of ours whose field has it.
///
/// Source of codes and meanings: Microsoft, Windows Hello errors during PIN creation.
pub(crate) const PIN_CREATION: &[(u32, &str, &str)] = &[
    (0x8009_0011, "The container or its key was not found.", "7045"),
    (0x8009_000F, "The container or its key already exists.", "7055"),
    (0x8009_0029, "The TPM is not set up.", "7055"),
    (0x8009_0035, "The policy wants a TPM, and none can be used.", "7055"),
    (0x8009_0036, "The user cancelled.", "7045"),
    (0x8009_0005, "Bad data: the container's keys cannot be read.", "7055"),
    (0x8009_0031, "The authentication was ignored.", "7045"),
    (0x801C_0003, "The user may not join this device.", "301"),
    (0x801C_000E, "The user has too many devices.", "301"),
    (
        0x801C_03ED,
        "Multifactor authentication is missing, or the request to register the key is invalid.",
        "301",
    ),
    (0x801C_03EE, "The attestation failed.", "301"),
    (0x801C_03F0, "No key is registered for the user.", "301"),
    (0x801C_044D, "There is no token with a device id.", "301"),
];

impl fmt::Display for HResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (0x{:08X})", self.name(), self.code())
    }
}

impl Serialize for HResult {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// By its name.
impl<'de> Deserialize<'de> for HResult {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = Cow::<'de, str>::deserialize(deserializer)?;
        Self::from_name(&name).ok_or_else(|| {
            let names: Vec<&str> = Self::ALL.iter().map(|result| result.name()).collect();
            D::Error::custom(format!("`{name}` is no result of webauthn.h; there are {}", names.join(", ")))
        })
    }
}

impl JsonSchema for HResult {
    fn schema_name() -> Cow<'static, str> {
        "HResult".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let names: Vec<&str> = Self::ALL.iter().map(|result| result.name()).collect();
        json_schema!({ "description": "A result of webauthn.h.", "enum": names })
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
