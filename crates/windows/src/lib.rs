//! Windows around an emulated authenticator: accounts, Windows Hello containers and Windows Hello for Business.
//!
//! A [`Computer`] has accounts; each owns at most one Hello container. [`Computer::provision_whfb`] puts the key of
//! Windows Hello for Business (WHfB) into it, and from then on the conflict rule holds: a passkey for
//! `login.microsoft.com` with the same user name is refused as already registered ([`conflict`]).
//! Every layer keeps its own name for a refusal; [`Chain`] is the whole row of them.
//!
//! A [`World`](world::World) is such a computer with its Windows Hello, its event logs and its webauthn.h, and a
//! [`Tenant`](tenant::Tenant) of Microsoft Entra ID with its policy; a [`Scenario`](scenario::Scenario) says what people do
//! there and what every layer has to show. `docs/windows.md` has the facts and where they come from.
//!
//! The rules of CTAP are in `softhello-ctap`.
#![forbid(unsafe_code)]

mod account;
mod cause;
mod chain;
mod computer;
pub mod conflict;
mod error;
pub mod hello;
mod hresult;
pub mod logs;
pub mod pc;
pub mod rp;
pub mod scenario;
pub mod sources;
pub mod tenant;
pub mod webauthn_h;
mod whfb;
pub mod why;
pub mod world;

pub use account::{Account, AccountKind, Whfb};
pub use cause::Cause;
pub use chain::{Chain, Link};
pub use computer::{Computer, Passkey, Settings};
pub use error::WindowsError;
pub use hresult::HResult;

// What a test needs besides, so that it needs one dependency.
pub use softhello_device::{CredentialChange, Device, DeviceProfile, Rule, Script, User};
pub use softhello_webauthn::{Client, CreationOptions, DomException, RequestOptions};
