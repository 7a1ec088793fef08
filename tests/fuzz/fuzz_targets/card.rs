//! A reader that sends any commands.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| softhello_fuzz::card(input));
