//! Every command through its bytes, on the bench.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that panics has failed, and says where"
)]

#[path = "../bench/mod.rs"]
mod bench;

mod built_in_uv;
mod dispatch;
mod get_assertion;
mod get_info;
mod get_next_assertion;
mod hostile;
mod imported_keys;
mod make_credential;
mod reset;
mod sealed;
mod selection;
mod signatures;
