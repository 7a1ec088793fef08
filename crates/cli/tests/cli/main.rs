//! Transcripts of the real binary: what scripts rely on, and what people read.
//!
//! Every transcript runs with a seed and a fixed clock, so that its bytes are the same on every machine. Lines that
//! begin with `!` were on standard error.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may stop at the first surprise")]

mod accounts;
mod arguments;
mod bad_input;
mod ceremonies;
mod desk;
mod explaining;
mod output;
mod passkeys;
mod processes;
#[cfg(unix)]
mod races;
#[cfg(unix)]
mod running;
mod scenarios;
#[cfg(unix)]
mod served;
mod stores;
