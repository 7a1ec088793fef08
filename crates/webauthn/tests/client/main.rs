//! The client against scripted authenticators.
#![forbid(unsafe_code)]

mod common;
mod create;
mod get;
mod hostile;
mod options;
mod vectors;
