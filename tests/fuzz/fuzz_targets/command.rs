//! Several messages of one session: any command, any body, any channel, any answer of the user.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| softhello_fuzz::several(input));
