//! CTAP 2.3 as a rule book without side effects.
//!
//! This crate turns request bytes into response bytes. It holds the messages, canonical CBOR, the rules of every
//! command in the specification's order and words, attestation statements, and [`explain`], which annotates the
//! bytes from the same field tables that decode them.
//!
//! It is not an authenticator by itself: time, randomness, storage and the user are reached through [`Host`] alone.
//! There is no I/O here, no clock, no random number generator and no storage. `softhello-device` supplies them.
//!
//! Where to find a rule: one file per command under [`api`], named as in the specification; every numbered step
//! that decides something is a [`Step`] declared beside the code that takes it.
#![forbid(unsafe_code)]

pub mod apdu;
pub mod api;
mod attestation;
mod auth_data;
mod authenticator;
pub mod cbor;
pub mod cose;
mod credential;
mod denied;
pub mod explain;
mod extension;
pub mod hid;
mod host;
mod key;
pub mod message;
pub mod nfc;
mod pin_uv_auth;
mod pkcs8;
mod profile;
mod sealed;
mod session;
mod settings;
mod status;
mod step;
pub mod u2f;

pub use attestation::{Attestation, AttestationStatement, Format, attestation_object};
pub use auth_data::{AttestedCredential, AuthData, Flags};
pub use authenticator::{Authenticator, Channel, Exchange};
pub use credential::{
    CredRandom, Credential, CredentialId, ExtensionData, InvalidCredentialId, LargeBlob, LargeBlobKey,
    Protection, User, WrittenBlob,
};
pub use denied::Denied;
pub use extension::Extension;
pub use host::{
    Answer, Change, ChangeSet, Gesture, Handle, Host, HostError, Piece, Query, State, Steps, Timestamp,
};
pub use key::{Algorithm, KeyError, PrivateKey, RsaParts};
pub use pin_uv_auth::{
    KeyAgreement, KeyAgreementKey, Permissions, PinUvAuthError, PinUvAuthProtocol, SharedSecret,
};
pub use profile::{
    Announced, BackupPolicy, ConfigCommand, CounterPolicy, Profile, ProfileError, Transport,
    UserVerification, Version,
};
pub use sealed::{SealingKey, open_sealed};
pub use session::Session;
pub use settings::{PersistentToken, PinVerifier, Setting, Settings, Template};
pub use status::Status;
pub use step::{Event, Outcome, Step};

pub use api::{client_pin::check_new_pin, dispatch};

/// Every step that a rule of this crate decides, in no order.
pub fn steps() -> impl Iterator<Item = &'static Step> {
    api::ALL_STEPS.iter().chain(extension::ALL_STEPS).chain([&u2f::STEPS]).copied().flatten().copied()
}
