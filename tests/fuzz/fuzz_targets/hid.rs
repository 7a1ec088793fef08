//! Two hosts that send any reports.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| softhello_fuzz::hid(input));
