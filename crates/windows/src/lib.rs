//! Windows around an emulated authenticator: accounts, Windows Hello containers and Windows Hello for Business.
//!
//! A [`Computer`] has accounts; each owns at most one Hello container. [`Computer::provision_whfb`] puts the key of
//! Windows Hello for Business (WHfB) into it, and from then on the conflict rule holds: a passkey for
//! `login.microsoft.com` with the same user name is refused as already registered ([`conflict`]).
//! Every layer keeps its own name for a refusal; [`Chain`] is the whole row of them.
//!
//! This is not a model of Entra's policies, delays and logs, nor of webauthn.dll. The rules of CTAP are in
//! `softhello-ctap`.
#![forbid(unsafe_code)]

mod account;
mod chain;
mod computer;
pub mod conflict;
mod error;
mod hresult;
mod whfb;

pub use account::{Account, AccountKind, Whfb};
pub use chain::{Chain, Link};
pub use computer::{Computer, Passkey, Settings};
pub use error::WindowsError;
pub use hresult::HResult;

// What a test needs besides, so that it needs one dependency.
pub use softhello_device::{CredentialChange, Device, DeviceProfile, Rule, Script, User};
pub use softhello_webauthn::{Client, CreationOptions, DomException, RequestOptions};
