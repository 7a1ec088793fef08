//! The client's ceremonies, at an authenticator that answers anything.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| softhello_fuzz::ceremonies(input));
