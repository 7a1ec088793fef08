//! The options of both ceremonies, as a relying party sends them.
#![no_main]

use libfuzzer_sys::fuzz_target;
use softhello_webauthn::{CreationOptions, RequestOptions};

fuzz_target!(|text: &str| {
    match CreationOptions::from_json(text) {
        Ok(options) => {
            options.lifetime();
            options.authenticator_selection.effective_resident_key();
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
    match RequestOptions::from_json(text) {
        Ok(options) => drop(options.lifetime()),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
});
