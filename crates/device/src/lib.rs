//! An emulated authenticator: a profile, a container and a scripted user around the rules of `softhello-ctap`.
//!
//! A [`Device`] answers CTAP2 requests ([`softhello_ctap::Authenticator`]). What it is comes from a
//! [`DeviceProfile`], what it remembers from a container of `softhello-storage`, and what its user does from a
//! [`User`]. It is not a platform: accounts, Windows Hello for Business and error codes of Windows are in
//! `softhello-windows`, and the browser's part is in `softhello-webauthn`.
#![forbid(unsafe_code)]

mod attestation;
mod change;
mod clock;
mod container;
mod control;
mod device;
mod entropy;
mod faults;
mod host;
mod pin;
mod profile;
mod shared;
mod user;

pub use attestation::attestation_root;
pub use change::{ChangeError, CredentialChange, Rule, change_credential, new_store_state};
pub use clock::Clock;
pub use container::{container_id, create_container, set_pin};
pub use control::Control;
pub use device::{Device, Listener, Policy};
pub use entropy::{Entropy, Seed};
pub use faults::Faults;
pub use pin::{Pin, PinError};
pub use profile::{DeviceProfile, ProfileFileError, Quirk};
pub use shared::{Command, SharedDevice, Visitor};
pub use user::{Prompt, PromptAnswer, Script, User};
