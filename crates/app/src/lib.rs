//! Everything a user can ask of softhello, as serialisable [`Operation`]s with one [`Executor`].
//!
//! The command line is a thin face of this crate: it reads arguments and files, hands over an operation with its
//! [`Context`], prints the [`Output`] or the [`AppError`], and exits with its code. Nothing here prints, parses
//! arguments or touches the terminal. Rules of CTAP, WebAuthn and Windows are in the crates below.
#![forbid(unsafe_code)]

mod ceremony;
mod context;
mod control;
mod data_dir;
mod demo;
mod devices;
mod error;
mod event;
mod executor;
mod explained;
mod info;
mod live_user;
mod operation;
mod operations;
mod output;
mod passkeys;
mod person;
mod running;
mod scenarios;
mod service;
mod transfer;

pub use context::{Context, ProfileChoice, UserChoice, UserScript};
pub use devices::{
    ANNOUNCEMENT, CeremonyKind, DeskAnswer, Devices, Done, MAX_DEVICES, NewCredential, NewDevice, News,
    Question, Served, SignalMethod, Trace, Traces,
};
pub use error::{AppError, Exit};
pub use event::Event;
pub use executor::{Closer, Executor};
pub use explained::explain_text;
pub use operation::{Ceremony, Operation, ScenarioSource, Secret, Telling};
pub use output::Output;
pub use softhello_ctap::Gesture;
pub use softhello_device::{DeviceProfile, Faults, Prompt, PromptAnswer};
pub use softhello_storage::EngineKind;
pub use softhello_windows::{AccountKind, Rule};

/// The examples of the README are run with this crate's tests.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
