//! One authenticatorMakeCredential with any parameters.
#![no_main]

use libfuzzer_sys::fuzz_target;
use softhello_ctap::api::MAKE_CREDENTIAL;

fuzz_target!(|input: &[u8]| softhello_fuzz::one(MAKE_CREDENTIAL, input));
