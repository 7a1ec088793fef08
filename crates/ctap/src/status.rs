//! Status bytes.

macro_rules! statuses {
    ($($variant:ident = $code:literal, $name:literal;)+) => {
        /// The first byte of every response.
        ///
        /// Source: CTAP 2.3 §8.2.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Status {
            $(#[doc = concat!("`", $name, "` (", stringify!($code), ").")] $variant,)+
            /// A byte that the specification does not name.
            Other(u8),
        }

        impl Status {
            /// The byte on the wire.
            pub fn code(self) -> u8 {
                match self {
                    $(Self::$variant => $code,)+
                    Self::Other(code) => code,
                }
            }

            /// The specification's name.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                    Self::Other(0xe0..=0xef) => "CTAP2_ERR_EXTENSION",
                    Self::Other(0xf0..=0xff) => "CTAP2_ERR_VENDOR",
                    Self::Other(_) => "unknown status",
                }
            }

            /// The status of a byte.
            pub fn from_code(code: u8) -> Self {
                match code {
                    $($code => Self::$variant,)+
                    other => Self::Other(other),
                }
            }
        }
    };
}

statuses! {
    Ok = 0x00, "CTAP2_OK";
    InvalidCommand = 0x01, "CTAP1_ERR_INVALID_COMMAND";
    InvalidParameter = 0x02, "CTAP1_ERR_INVALID_PARAMETER";
    InvalidLength = 0x03, "CTAP1_ERR_INVALID_LENGTH";
    InvalidSeq = 0x04, "CTAP1_ERR_INVALID_SEQ";
    Timeout = 0x05, "CTAP1_ERR_TIMEOUT";
    ChannelBusy = 0x06, "CTAP1_ERR_CHANNEL_BUSY";
    LockRequired = 0x0A, "CTAP1_ERR_LOCK_REQUIRED";
    InvalidChannel = 0x0B, "CTAP1_ERR_INVALID_CHANNEL";
    CborUnexpectedType = 0x11, "CTAP2_ERR_CBOR_UNEXPECTED_TYPE";
    InvalidCbor = 0x12, "CTAP2_ERR_INVALID_CBOR";
    MissingParameter = 0x14, "CTAP2_ERR_MISSING_PARAMETER";
    LimitExceeded = 0x15, "CTAP2_ERR_LIMIT_EXCEEDED";
    FpDatabaseFull = 0x17, "CTAP2_ERR_FP_DATABASE_FULL";
    LargeBlobStorageFull = 0x18, "CTAP2_ERR_LARGE_BLOB_STORAGE_FULL";
    CredentialExcluded = 0x19, "CTAP2_ERR_CREDENTIAL_EXCLUDED";
    Processing = 0x21, "CTAP2_ERR_PROCESSING";
    InvalidCredential = 0x22, "CTAP2_ERR_INVALID_CREDENTIAL";
    UserActionPending = 0x23, "CTAP2_ERR_USER_ACTION_PENDING";
    OperationPending = 0x24, "CTAP2_ERR_OPERATION_PENDING";
    NoOperations = 0x25, "CTAP2_ERR_NO_OPERATIONS";
    UnsupportedAlgorithm = 0x26, "CTAP2_ERR_UNSUPPORTED_ALGORITHM";
    OperationDenied = 0x27, "CTAP2_ERR_OPERATION_DENIED";
    KeyStoreFull = 0x28, "CTAP2_ERR_KEY_STORE_FULL";
    UnsupportedOption = 0x2B, "CTAP2_ERR_UNSUPPORTED_OPTION";
    InvalidOption = 0x2C, "CTAP2_ERR_INVALID_OPTION";
    KeepaliveCancel = 0x2D, "CTAP2_ERR_KEEPALIVE_CANCEL";
    NoCredentials = 0x2E, "CTAP2_ERR_NO_CREDENTIALS";
    UserActionTimeout = 0x2F, "CTAP2_ERR_USER_ACTION_TIMEOUT";
    NotAllowed = 0x30, "CTAP2_ERR_NOT_ALLOWED";
    PinInvalid = 0x31, "CTAP2_ERR_PIN_INVALID";
    PinBlocked = 0x32, "CTAP2_ERR_PIN_BLOCKED";
    PinAuthInvalid = 0x33, "CTAP2_ERR_PIN_AUTH_INVALID";
    PinAuthBlocked = 0x34, "CTAP2_ERR_PIN_AUTH_BLOCKED";
    PinNotSet = 0x35, "CTAP2_ERR_PIN_NOT_SET";
    PuatRequired = 0x36, "CTAP2_ERR_PUAT_REQUIRED";
    PinPolicyViolation = 0x37, "CTAP2_ERR_PIN_POLICY_VIOLATION";
    RequestTooLarge = 0x39, "CTAP2_ERR_REQUEST_TOO_LARGE";
    ActionTimeout = 0x3A, "CTAP2_ERR_ACTION_TIMEOUT";
    UpRequired = 0x3B, "CTAP2_ERR_UP_REQUIRED";
    UvBlocked = 0x3C, "CTAP2_ERR_UV_BLOCKED";
    IntegrityFailure = 0x3D, "CTAP2_ERR_INTEGRITY_FAILURE";
    InvalidSubcommand = 0x3E, "CTAP2_ERR_INVALID_SUBCOMMAND";
    UvInvalid = 0x3F, "CTAP2_ERR_UV_INVALID";
    UnauthorizedPermission = 0x40, "CTAP2_ERR_UNAUTHORIZED_PERMISSION";
    CtapOther = 0x7F, "CTAP1_ERR_OTHER";
}

impl std::fmt::Display for Status {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} (0x{:02X})", self.name(), self.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_comes_back() {
        for code in 0..=u8::MAX {
            assert_eq!(Status::from_code(code).code(), code);
        }
    }
}
