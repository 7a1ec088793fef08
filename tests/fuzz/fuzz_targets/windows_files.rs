//! Files of people: scenarios, a policy as Microsoft Graph's JSON, exported logs, and what is asked of `why`.
#![no_main]

use libfuzzer_sys::fuzz_target;
use softhello_windows::{logs, scenario::Scenario, tenant::{Era, PasskeyPolicy}, why};

// The first byte says what the rest is.
fuzz_target!(|input: &[u8]| {
    let Some((kind, bytes)) = input.split_first() else { return };
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    match kind % 4 {
        0 => {
            if let Err(error) = Scenario::from_toml(text) {
                assert!(!error.reason.is_empty() && !error.hint.is_empty());
                let lines = text.matches('\n').count() + 1;
                assert!(error.line.is_none_or(|line| (1..=lines).contains(&line)), "{error}");
            }
        }
        1 => {
            if let Ok(policy) = PasskeyPolicy::from_graph(text, Era::Ga) {
                let written = PasskeyPolicy::from_graph(&policy.to_graph(), Era::Ga);
                assert_eq!(written.as_ref(), Ok(&policy), "it reads back");
            }
        }
        2 => {
            if let Ok(events) = logs::read_xml(text) {
                why::of_events(&events);
            }
        }
        _ => {
            let known = match why::why(text) {
                Ok(found) => found.len(),
                Err(unknown) => unknown.near.len() + 1,
            };
            assert!(known > 0);
        }
    }
});
