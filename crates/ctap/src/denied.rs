//! Why a command was refused, and the one function that chooses its status byte.

use crate::{HostError, KeyError, Status, cbor::CborError, message::MessageError};

/// Why an authenticator refused a command. Many reasons share one status byte; the reason is what a person needs.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Denied {
    /// The request has no command byte.
    #[error("the request is empty")]
    EmptyRequest,
    /// The command byte is of no command that exists here.
    #[error("command {0:#04x} does not exist on this authenticator")]
    UnknownCommand(u8),
    /// The request is longer than maxMsgSize.
    #[error("the request has {len} bytes, more than the {max} of maxMsgSize")]
    RequestTooLarge {
        /// Its length.
        len: usize,
        /// The longest allowed.
        max: usize,
    },
    /// The parameters cannot be read.
    #[error("{0}")]
    Message(#[from] MessageError),
    /// `pinUvAuthParam` came without `pinUvAuthProtocol`.
    #[error("`pinUvAuthProtocol` is missing beside `pinUvAuthParam`")]
    ProtocolMissing,
    /// `pinUvAuthProtocol` names a protocol that is not supported here.
    #[error("PIN/UV auth protocol {0} is not supported")]
    ProtocolUnsupported(u64),
    /// None of `pubKeyCredParams` is supported.
    #[error("none of the algorithms in `pubKeyCredParams` is supported; this authenticator has {supported}")]
    NoAlgorithm {
        /// What is supported, as `ES256, RS256`.
        supported: String,
    },
    /// The option `uv` was asked for where no user verification is set up.
    #[error("user verification was asked for, and none is set up on this authenticator")]
    UvNotConfigured,
    /// `rk` was given where it is not supported.
    #[error("the option `rk` is not supported here")]
    RkUnsupported,
    /// `up` was false in makeCredential.
    #[error("the option `up` may not be false when a credential is made")]
    UpFalse,
    /// A list has more entries than maxCredentialCountInList.
    #[error("`{list}` has {len} entries, more than the {max} of maxCredentialCountInList")]
    ListTooLong {
        /// Which list.
        list: &'static str,
        /// Its length.
        len: u64,
        /// The longest allowed.
        max: u64,
    },
    /// This authenticator always verifies, and no verification is set up (Windows Hello without a PIN).
    #[error("this authenticator always verifies its user, and no PIN or biometric is set up")]
    NotSetUp,
    /// A discoverable credential would need verification.
    #[error("the request has to verify the user, and does not ask for it")]
    UvRequired,
    /// Enterprise attestation was asked for where there is none.
    #[error("enterprise attestation is not available here")]
    NoEnterpriseAttestation,
    /// Built-in user verification is blocked after too many failures.
    #[error("user verification is blocked after too many wrong attempts")]
    UvBlocked,
    /// Every attempt at user verification failed.
    #[error("user verification failed, {retries} attempts left")]
    UvFailed {
        /// Attempts left.
        retries: u8,
    },
    /// The user did nothing in time while being verified.
    #[error("the user did not verify in time")]
    UvTimeout,
    /// The user declined, or the device forbids it.
    #[error("the user declined")]
    UserDeclined,
    /// The user did nothing in time.
    #[error("the user did nothing in time")]
    UserTimeout,
    /// The same, in a command whose status for it is USER_ACTION_TIMEOUT.
    #[error("the user did nothing in time")]
    UserActionTimeout,
    /// The platform cancelled.
    #[error("the platform cancelled the request")]
    Cancelled,
    /// A credential of `excludeList` is on this authenticator.
    #[error("a passkey of `excludeList` is on this authenticator already")]
    CredentialExcluded,
    /// A rule of the platform found a credential in the way.
    #[error("this device is already registered: {detail}")]
    AlreadyRegistered {
        /// Which credential.
        detail: String,
    },
    /// No credential fits.
    #[error("no passkey on this authenticator fits the request")]
    NoCredentials,
    /// There is no sequence to continue.
    #[error("there is no sequence of assertions to continue")]
    NoSequence,
    /// A reset came too late after power-up.
    #[error("a reset is possible only in the first 10 seconds after power-up")]
    ResetTooLate,
    /// There is no room.
    #[error("there is no room for another credential")]
    KeyStoreFull,
    /// The credential's key cannot sign.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The store or another part of the host failed.
    #[error("{0}")]
    Host(#[source] HostError),
}

impl From<CborError> for Denied {
    fn from(error: CborError) -> Self {
        Self::Message(error.into())
    }
}

impl From<HostError> for Denied {
    fn from(error: HostError) -> Self {
        match error {
            HostError::AlreadyRegistered { detail } => Self::AlreadyRegistered { detail },
            HostError::Full => Self::KeyStoreFull,
            other => Self::Host(other),
        }
    }
}

impl Denied {
    /// The reason's name, as it stands in chains of names.
    pub fn name(&self) -> &'static str {
        match self {
            Self::EmptyRequest => "EmptyRequest",
            Self::UnknownCommand(_) => "UnknownCommand",
            Self::RequestTooLarge { .. } => "RequestTooLarge",
            Self::Message(_) => "Message",
            Self::ProtocolMissing => "ProtocolMissing",
            Self::ProtocolUnsupported(_) => "ProtocolUnsupported",
            Self::NoAlgorithm { .. } => "NoAlgorithm",
            Self::UvNotConfigured => "UvNotConfigured",
            Self::RkUnsupported => "RkUnsupported",
            Self::UpFalse => "UpFalse",
            Self::ListTooLong { .. } => "ListTooLong",
            Self::NotSetUp => "NotSetUp",
            Self::UvRequired => "UvRequired",
            Self::NoEnterpriseAttestation => "NoEnterpriseAttestation",
            Self::UvBlocked => "UvBlocked",
            Self::UvFailed { .. } => "UvFailed",
            Self::UvTimeout => "UvTimeout",
            Self::UserDeclined => "UserDeclined",
            Self::UserTimeout | Self::UserActionTimeout => "UserTimeout",
            Self::Cancelled => "Cancelled",
            Self::CredentialExcluded => "CredentialExcluded",
            Self::AlreadyRegistered { .. } => "AlreadyRegistered",
            Self::NoCredentials => "NoCredentials",
            Self::NoSequence => "NoSequence",
            Self::ResetTooLate => "ResetTooLate",
            Self::KeyStoreFull => "KeyStoreFull",
            Self::Key(_) => "Key",
            Self::Host(_) => "Host",
        }
    }
}

impl From<&Denied> for Status {
    fn from(denied: &Denied) -> Self {
        match denied {
            Denied::EmptyRequest | Denied::UnknownCommand(_) => Self::InvalidCommand,
            Denied::RequestTooLarge { .. } => Self::RequestTooLarge,
            Denied::Message(MessageError::Cbor(_)) => Self::InvalidCbor,
            Denied::Message(MessageError::Missing { .. }) | Denied::ProtocolMissing => Self::MissingParameter,
            Denied::Message(MessageError::MissingNested { .. } | MessageError::Type { .. }) => {
                Self::CborUnexpectedType
            }
            Denied::Message(MessageError::Length { .. }) => Self::InvalidLength,
            Denied::Message(MessageError::Value { .. })
            | Denied::ProtocolUnsupported(_)
            | Denied::NoEnterpriseAttestation => Self::InvalidParameter,
            Denied::NoAlgorithm { .. } => Self::UnsupportedAlgorithm,
            Denied::UvNotConfigured | Denied::UpFalse => Self::InvalidOption,
            Denied::RkUnsupported => Self::UnsupportedOption,
            Denied::ListTooLong { .. } => Self::LimitExceeded,
            Denied::NotSetUp
            | Denied::UvRequired
            | Denied::UvFailed { .. }
            | Denied::UserDeclined
            | Denied::UserTimeout => Self::OperationDenied,
            Denied::UvBlocked => Self::PinBlocked,
            Denied::UvTimeout | Denied::UserActionTimeout => Self::UserActionTimeout,
            Denied::Cancelled => Self::KeepaliveCancel,
            Denied::CredentialExcluded | Denied::AlreadyRegistered { .. } => Self::CredentialExcluded,
            Denied::NoCredentials => Self::NoCredentials,
            Denied::NoSequence | Denied::ResetTooLate => Self::NotAllowed,
            Denied::KeyStoreFull => Self::KeyStoreFull,
            Denied::Key(_) | Denied::Host(_) => Self::CtapOther,
        }
    }
}
