//! A Web Authentication Level 3 client: the browser's part of a ceremony.
//!
//! Options go in as the JSON that relying parties send, responses come out as the JSON that browsers send back, and
//! between them stands any [`Authenticator`](softhello_ctap::Authenticator), reached with bytes alone:
//!
//! ```
//! # use softhello_ctap::Authenticator;
//! use softhello_webauthn::{Client, CreationOptions};
//!
//! # async fn registers(authenticator: &mut impl Authenticator) -> Result<(), Box<dyn std::error::Error>> {
//! let options = CreationOptions::from_json(
//!     r#"{
//!         "rp": {"name": "Example"},
//!         "user": {"id": "YWRh", "name": "ada@example.org", "displayName": "Ada"},
//!         "challenge": "AAECAwQFBgcICQoLDA0ODw",
//!         "pubKeyCredParams": [{"type": "public-key", "alg": -7}]
//!     }"#,
//! )?;
//! let client = Client::new("https://example.org")?;
//! println!("{}", client.create(authenticator, &options).await?.to_json());
//! # Ok(())
//! # }
//! ```
//!
//! It holds the rules for RP IDs and origins, the client data and its exact serialization, the mapping of options to
//! CTAP2 or, for a key that knows nothing else, to U2F; the platform's side of the PIN/UV auth protocols; the client
//! extensions `prf`, `largeBlob`, `credProps`, `credBlob`, `minPinLength`, `credentialProtectionPolicy`, `appid` and
//! `appidExclude`; and the mapping of statuses to `DOMException` names. A [`Failure`] names the step of the
//! specification that ended the ceremony.
//!
//! It is not a browser: there is one authenticator, no user interface, no clock (see [`CreationOptions::lifetime`]),
//! no network (see [`RelatedOrigins`]), no `AbortSignal` and no conditional mediation. The PIN of a security key comes
//! from a [`PinEntry`]. It is not a relying party either: attestation and signatures are passed on unchecked.
//!
//! Input is hostile on both sides. Options have at most [`MAX_JSON`] bytes and 127 levels, and take at most about
//! 100 MiB while they are read (150,000 objects of one member each); an authenticator's reply has at most 64 KiB, must
//! be canonical CBOR and must fit the request.
#![forbid(unsafe_code)]

mod authenticator_data;
mod base64url;
mod client;
mod client_data;
mod client_pin;
mod connection;
mod create;
mod credential_list;
mod extensions;
mod failure;
mod get;
mod get_assertion;
mod info;
mod json;
mod large_blobs;
mod make_credential;
mod options;
mod origin;
mod pin;
mod related_origins;
mod response;
mod rp_id;
mod spki;
mod u2f;
mod user_verification;

pub use client::{Choice, Client};
pub use extensions::{
    ClientExtensionInputs, ClientExtensionResults, CredentialProperties, CredentialProtectionPolicy,
    LargeBlobInputs, LargeBlobOutputs, PrfInputs, PrfOutputs, PrfValues,
};
pub use failure::{DomException, Failure};
pub use json::MAX_JSON;
pub use options::{
    AttestationConveyance, AuthenticatorAttachment, AuthenticatorSelection, CreationOptions,
    CredentialDescriptor, CredentialParameters, OptionsError, RequestOptions, ResidentKey, RpEntity,
    UserEntity, UserVerificationRequirement,
};
pub use origin::{InvalidOrigin, Origin};
pub use pin::{PinEntry, PinHash, PinRequest};
pub use related_origins::{FetchError, Fetched, RelatedOrigins, RelatedOriginsFile};
pub use response::{AuthenticationResponse, RegistrationResponse};
