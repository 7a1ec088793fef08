//! The emulated authenticator as those see it who speak CTAP to it.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod bench;
mod hello;
mod info;
mod profiles;
mod seeds;
mod users;
