//! Every command through its bytes, on the bench.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that panics has failed, and says where"
)]

#[path = "../bench/mod.rs"]
mod bench;

mod attestation;
mod bio_enrollment;
mod built_in_uv;
mod client_pin;
mod config;
mod crash;
mod credential_management;
mod dispatch;
mod extensions;
mod get_assertion;
mod get_info;
mod get_next_assertion;
mod hostile;
mod imported_keys;
mod large_blobs;
mod make_credential;
mod pin_uv_auth_param;
mod profiles;
mod refusals;
mod reset;
mod sealed;
mod selection;
mod signatures;
mod statuses;
mod steps;
mod u2f;
