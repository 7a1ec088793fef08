//! The server as programs meet it, over HTTP.
#![allow(clippy::indexing_slicing, reason = "a test may end where it finds something missing")]

mod api;
mod common;
mod openapi;
mod security;
mod sessions;
