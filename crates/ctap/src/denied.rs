//! Why a command was refused, and the one function that chooses its status byte.

use crate::{
    HostError, KeyError, Permissions, PinUvAuthError, Status, Transport, cbor::CborError,
    message::MessageError,
};

/// Why an authenticator refused a command. Many reasons share one status byte; the reason is what a person needs.
#[derive(Debug, thiserror::Error, strum::IntoStaticStr)]
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
    /// Enterprise attestation was asked for where there is none, or it is not enabled.
    #[error("enterprise attestation is not available here, or not enabled")]
    NoEnterpriseAttestation,
    /// `enterpriseAttestation` is neither 1 nor 2.
    #[error("`enterpriseAttestation` is {0}, neither 1 nor 2")]
    EnterpriseAttestationValue(u64),
    /// A token is needed, which the PIN would give.
    #[error("the request needs a `pinUvAuthParam`: the platform has to ask for the PIN")]
    PuatRequired,
    /// An empty `pinUvAuthParam` asked for a touch, and a PIN is set.
    #[error("the empty `pinUvAuthParam` asked only for a touch; a PIN is set")]
    OnlyATouch,
    /// No PIN is set.
    #[error("no PIN is set")]
    PinNotSet,
    /// setPIN where there is a PIN.
    #[error("a PIN is set already; changePIN changes it")]
    PinAlreadySet,
    /// The PIN did not match.
    #[error("wrong PIN, {retries} attempts left")]
    PinWrong {
        /// `pinRetries`.
        retries: u8,
    },
    /// Three PINs in a row did not match.
    #[error("three wrong PINs since power-up: the authenticator has to be unplugged first")]
    PinAuthBlocked,
    /// No attempts at the PIN are left.
    #[error("the PIN is blocked after too many wrong attempts; only a reset helps")]
    PinBlocked,
    /// A PIN change is forced, and getPinToken was asked.
    #[error("the PIN has to be changed before it can be used")]
    PinChangeForced,
    /// The same, where a token with permissions was asked for.
    #[error("the PIN has to be changed before it can be used")]
    PinChangeFirst,
    /// A forced change to the same PIN.
    #[error("the new PIN is the old one, and a change is forced")]
    PinUnchanged,
    /// The new PIN is longer than 63 bytes.
    #[error("the new PIN fills {bytes} bytes; it has at most 63")]
    PinTooLong {
        /// The padded length.
        bytes: usize,
    },
    /// The new PIN is not padded to 64 bytes.
    #[error("the padded new PIN has {len} bytes, not 64")]
    PaddedPinLength {
        /// Its length.
        len: usize,
    },
    /// The new PIN is too short or too long.
    #[error("the new PIN has {code_points} characters, not {min} to {max}")]
    PinLength {
        /// Its length in code points.
        code_points: usize,
        /// The least.
        min: u8,
        /// The most.
        max: u8,
    },
    /// The new PIN is not text.
    #[error("the new PIN is not UTF-8")]
    PinNotUtf8,
    /// The new PIN does not keep the complexity policy.
    #[error("the new PIN is one character repeated or a run up or down, which the complexity policy forbids")]
    PinTooSimple,
    /// The new PIN cannot be decrypted.
    #[error("`newPinEnc` cannot be decrypted: {0}")]
    NewPin(#[source] PinUvAuthError),
    /// The platform's key cannot be used.
    #[error("`keyAgreement`: {0}")]
    KeyAgreement(#[source] PinUvAuthError),
    /// No token of this protocol is in use.
    #[error("no pinUvAuthToken is in use: it expired, was used up, or the power was cut")]
    NoToken,
    /// A `pinUvAuthParam` does not authenticate what it should.
    #[error("`pinUvAuthParam` does not authenticate the request")]
    PinUvAuthParamWrong,
    /// The token lacks a permission.
    #[error("the token has the permissions `{has}` and not `{permission}`")]
    PermissionMissing {
        /// What is needed.
        permission: Permissions,
        /// What it has.
        has: Permissions,
    },
    /// The token is bound to another RP ID.
    #[error("the token is bound to another RP ID, or to one where none may be")]
    TokenOfOtherRp,
    /// The token's verification was used up.
    #[error("the token's user verification was used up by another ceremony")]
    TokenNotVerified,
    /// A permission that this authenticator gives to nobody, or not in this way.
    #[error("the permission `{permission}` cannot be had here")]
    UnauthorizedPermission {
        /// Which.
        permission: Permissions,
    },
    /// A token was asked for without any permission.
    #[error("`permissions` is 0")]
    NoPermission,
    /// getPinToken with permissions.
    #[error("getPinToken takes neither `permissions` nor `rpId`")]
    PermissionsForbidden,
    /// A subcommand that does not exist here.
    #[error("subcommand {0:#04x} does not exist on this authenticator")]
    UnknownSubcommand(u64),
    /// A token with built-in verification where none is set up.
    #[error("no built-in user verification is set up on this authenticator")]
    UvNotConfiguredForToken,
    /// The same lockout as [`Denied::UvBlocked`], where a token was asked for.
    #[error("user verification is blocked after too many wrong attempts")]
    UvBlockedForToken,
    /// The user did not match, where a token was asked for.
    #[error("user verification failed, {retries} attempts left")]
    UvInvalid {
        /// Attempts left.
        retries: u8,
    },
    /// Built-in verification failed, and the PIN can be entered instead.
    #[error("user verification failed; the platform can ask for the PIN instead")]
    UvFailedAskForPin,
    /// `user.id` is another's.
    #[error("`user.id` is not the credential's")]
    OtherUser,
    /// A modality that does not exist.
    #[error("modality {0} does not exist; fingerprint is 1")]
    UnknownModality(u64),
    /// There is no room for another fingerprint.
    #[error("all {max} fingerprints are enrolled")]
    FingerprintsFull {
        /// How many fit.
        max: u8,
    },
    /// There is no such fingerprint.
    #[error("there is no such fingerprint")]
    NoFingerprint,
    /// No enrolment of this template is running.
    #[error("no enrolment of this template is running")]
    NoEnrollment,
    /// A friendly name is too long.
    #[error("the friendly name has {len} bytes, more than 64")]
    FriendlyNameTooLong {
        /// Its length.
        len: usize,
    },
    /// Parameters of authenticatorLargeBlobs contradict each other.
    #[error("{0}")]
    LargeBlobsParameters(&'static str),
    /// A fragment is longer than a message may hold.
    #[error("a fragment of {len} bytes is longer than the {max} of maxFragmentLength")]
    FragmentTooLong {
        /// Its length.
        len: usize,
        /// The longest.
        max: usize,
    },
    /// A fragment is not the next.
    #[error("a fragment begins at {offset}, the next would begin at {expected}")]
    LargeBlobOffset {
        /// Where it begins.
        offset: usize,
        /// Where it should.
        expected: usize,
    },
    /// The large-blob array does not fit.
    #[error("an array of {length} bytes does not fit the {capacity} of maxSerializedLargeBlobArray")]
    LargeBlobStorageFull {
        /// Its length.
        length: u64,
        /// The most.
        capacity: u64,
    },
    /// The large-blob array does not end in its hash.
    #[error("the array does not end in its own truncated hash")]
    LargeBlobHash,
    /// A minimum length that may not be set.
    #[error("a minimum PIN length of {wanted} is not {min} (the present one) to {max}")]
    MinPinLength {
        /// What was wanted.
        wanted: u64,
        /// The present one.
        min: u8,
        /// The most.
        max: u8,
    },
    /// `minPinLengthRPIDs` without an extension that would tell them.
    #[error("no extension tells RP IDs about PINs here")]
    NoMinPinLengthExtension,
    /// Too many RP IDs, or one that is too long.
    #[error("{len} RP IDs are more than the {max} of maxRPIDsForSetMinPINLength, or one of them is too long")]
    TooManyRpIds {
        /// How many.
        len: usize,
        /// The most.
        max: u32,
    },
    /// `largeBlobKey` is false.
    #[error("the extension largeBlobKey may not be false")]
    LargeBlobKeyFalse,
    /// `largeBlobKey` for a credential that is not discoverable.
    #[error("the extension largeBlobKey needs the option `rk`")]
    LargeBlobKeyNeedsRk,
    /// The input of `largeBlob` has another shape.
    #[error("the input of the extension largeBlob is not one of its three forms")]
    LargeBlobShape,
    /// `largeBlob` is required, and the credential cannot hold one.
    #[error("this credential cannot hold a blob, which the extension largeBlob requires")]
    LargeBlobUnsupported,
    /// `hmac-secret` without presence.
    #[error("the extension hmac-secret needs user presence")]
    HmacSecretWithoutUp,
    /// `hmac-secret` without a protocol, where one is not supported.
    #[error("the extension hmac-secret needs `pinUvAuthProtocol` here, as protocol 1 is not supported")]
    HmacSecretNeedsProtocol,
    /// `hmac-secret-mc` alone.
    #[error("the extension hmac-secret-mc needs hmac-secret true beside it")]
    HmacSecretMcAlone,
    /// `saltAuth` does not authenticate `saltEnc`.
    #[error("`saltAuth` does not authenticate `saltEnc`")]
    SaltAuthWrong,
    /// `saltEnc` cannot be decrypted.
    #[error("`saltEnc` cannot be decrypted: {0}")]
    Salts(#[source] PinUvAuthError),
    /// The salts have another length.
    #[error("the salts have {len} bytes, not 32 or 64")]
    SaltLength {
        /// Their length.
        len: usize,
    },
    /// A reset is disabled over this transport.
    #[error("a reset is disabled over {}", transport.identifier())]
    ResetTransport {
        /// Which.
        transport: Transport,
    },
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
    #[strum(serialize = "UserTimeout")]
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
        self.into()
    }
}

impl From<&Denied> for Status {
    fn from(denied: &Denied) -> Self {
        match denied {
            Denied::EmptyRequest | Denied::UnknownCommand(_) => Self::InvalidCommand,
            Denied::RequestTooLarge { .. } => Self::RequestTooLarge,
            Denied::Message(MessageError::Cbor(_)) | Denied::LargeBlobShape => Self::InvalidCbor,
            Denied::Message(MessageError::Missing { .. })
            | Denied::ProtocolMissing
            | Denied::HmacSecretMcAlone => Self::MissingParameter,
            Denied::Message(MessageError::MissingNested { .. } | MessageError::Type { .. }) => {
                Self::CborUnexpectedType
            }
            Denied::Message(MessageError::Length { .. })
            | Denied::FragmentTooLong { .. }
            | Denied::FriendlyNameTooLong { .. } => Self::InvalidLength,
            Denied::Message(MessageError::Value { .. })
            | Denied::ProtocolUnsupported(_)
            | Denied::NoEnterpriseAttestation
            | Denied::PaddedPinLength { .. }
            | Denied::KeyAgreement(_)
            | Denied::NoPermission
            | Denied::PermissionsForbidden
            | Denied::OtherUser
            | Denied::UnknownModality(_)
            | Denied::LargeBlobsParameters(_)
            | Denied::NoMinPinLengthExtension
            | Denied::Salts(_)
            | Denied::SaltLength { .. } => Self::InvalidParameter,
            Denied::NoAlgorithm { .. } => Self::UnsupportedAlgorithm,
            Denied::UvNotConfigured
            | Denied::UpFalse
            | Denied::EnterpriseAttestationValue(_)
            | Denied::LargeBlobKeyFalse
            | Denied::LargeBlobKeyNeedsRk
            | Denied::NoFingerprint
            | Denied::NoEnrollment => Self::InvalidOption,
            Denied::RkUnsupported | Denied::HmacSecretWithoutUp => Self::UnsupportedOption,
            Denied::ListTooLong { .. } => Self::LimitExceeded,
            Denied::NotSetUp
            | Denied::UvRequired
            | Denied::UvFailed { .. }
            | Denied::UserDeclined
            | Denied::UserTimeout
            | Denied::ResetTransport { .. } => Self::OperationDenied,
            Denied::PuatRequired | Denied::UvFailedAskForPin => Self::PuatRequired,
            Denied::OnlyATouch | Denied::PinWrong { .. } | Denied::PinChangeForced => Self::PinInvalid,
            Denied::PinNotSet => Self::PinNotSet,
            Denied::PinAlreadySet
            | Denied::NewPin(_)
            | Denied::NoToken
            | Denied::PinUvAuthParamWrong
            | Denied::PermissionMissing { .. }
            | Denied::TokenOfOtherRp
            | Denied::TokenNotVerified
            | Denied::HmacSecretNeedsProtocol
            | Denied::SaltAuthWrong => Self::PinAuthInvalid,
            Denied::PinAuthBlocked => Self::PinAuthBlocked,
            Denied::PinBlocked | Denied::UvBlocked => Self::PinBlocked,
            Denied::PinChangeFirst
            | Denied::PinUnchanged
            | Denied::PinTooLong { .. }
            | Denied::PinLength { .. }
            | Denied::PinNotUtf8
            | Denied::PinTooSimple
            | Denied::MinPinLength { .. } => Self::PinPolicyViolation,
            Denied::UnauthorizedPermission { .. } => Self::UnauthorizedPermission,
            Denied::UnknownSubcommand(_) => Self::InvalidSubcommand,
            Denied::UvBlockedForToken => Self::UvBlocked,
            Denied::UvInvalid { .. } => Self::UvInvalid,
            Denied::FingerprintsFull { .. } => Self::FpDatabaseFull,
            Denied::LargeBlobOffset { .. } => Self::InvalidSeq,
            Denied::LargeBlobStorageFull { .. } | Denied::LargeBlobUnsupported => Self::LargeBlobStorageFull,
            Denied::LargeBlobHash => Self::IntegrityFailure,
            Denied::UvTimeout | Denied::UserActionTimeout => Self::UserActionTimeout,
            Denied::Cancelled => Self::KeepaliveCancel,
            Denied::CredentialExcluded | Denied::AlreadyRegistered { .. } => Self::CredentialExcluded,
            Denied::NoCredentials => Self::NoCredentials,
            Denied::NoSequence | Denied::ResetTooLate | Denied::UvNotConfiguredForToken => Self::NotAllowed,
            Denied::KeyStoreFull | Denied::TooManyRpIds { .. } => Self::KeyStoreFull,
            Denied::Key(_) | Denied::Host(_) => Self::CtapOther,
        }
    }
}
