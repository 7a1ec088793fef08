//! One authenticatorGetAssertion with any parameters.
#![no_main]

use libfuzzer_sys::fuzz_target;
use softhello_ctap::api::GET_ASSERTION;

fuzz_target!(|input: &[u8]| softhello_fuzz::one(GET_ASSERTION, input));
