//! What a code or an error text means: the chain that it belongs to, its causes, and the scenarios that reproduce it.

mod exported;

use std::{collections::BTreeSet, sync::LazyLock};

use serde::Serialize;
use softhello_ctap::Status;
use softhello_webauthn::DomException;

use crate::{
    Cause, HResult,
    hresult::PIN_CREATION,
    logs::{Level, catalogue},
    scenario::{Expect, Scenario, built_in, expect::Named as _},
    tenant::Activity,
    webauthn_h::{Browser, CeremonyKind},
    world::screens,
};

pub use exported::{Likely, errors_of, of_activities, of_events, of_sign_ins};

/// What a code means.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Explanation {
    /// The code as it is known.
    pub code: String,
    /// Whose it is.
    pub layer: &'static str,
    /// What it means, in a sentence.
    pub meaning: String,
    /// Every layer's name for it, where there is a row of them.
    pub chain: Vec<String>,
    /// Why it may happen.
    pub causes: Vec<Cause>,
    /// The scenarios that reproduce it.
    pub scenarios: Vec<String>,
}

/// A code that nobody knows.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{code}` is no code or text that is known here")]
pub struct Unknown {
    /// What was asked.
    pub code: String,
    /// What may have been meant.
    pub near: Vec<String>,
}

/// The built-in scenarios.
static BUILT_IN: LazyLock<Vec<(&str, Scenario)>> = LazyLock::new(|| {
    let read = |(name, text): &(&'static str, &str)| Some((*name, Scenario::from_toml(text).ok()?));
    built_in::ALL.iter().filter_map(read).collect()
});

/// Texts that a person sees where something goes wrong.
const TEXTS: &[(&str, &[Cause])] = &[
    (screens::ALREADY_REGISTERED, &[Cause::AlreadyRegistered, Cause::WhfbConflict]),
    ("the passkey is already registered", &[Cause::AlreadyRegistered]),
    (screens::FIRST_ATTEMPT, &[Cause::WhfbConflict]),
    (screens::NOT_REGISTERED, &[Cause::NotInEffect, Cause::AttestationEnforced, Cause::TypeNotAllowed]),
    (screens::BLOCKED, &[Cause::AaguidNotAllowed, Cause::AaguidBlocked]),
    ("This Windows device is not offered", &[Cause::NoPin, Cause::RemoteSession, Cause::RequiresTpm]),
    (screens::SET_UP_PIN, &[Cause::NoPin]),
    (screens::NO_PASSKEY_METHOD, &[Cause::NotTargeted, Cause::Excluded, Cause::SelfServiceOff]),
    (screens::BACK_TO_SIGN_IN, &[Cause::StaleMfa]),
    (screens::MORE_INFORMATION, &[Cause::StaleMfaForWhfb]),
    (
        screens::SOMETHING_WENT_WRONG,
        &[Cause::Declined, Cause::TimedOut, Cause::Cancelled, Cause::ChallengeExpired],
    ),
    (
        screens::CANNOT_SIGN_IN,
        &[Cause::AaguidRemoved, Cause::UnknownToTenant, Cause::PrivateMode, Cause::Excluded],
    ),
    (screens::NOT_SIGNED_IN, &[Cause::NoPasskey, Cause::PinLockout, Cause::Declined]),
    (screens::NOT_REMOVABLE, &[Cause::NotRemovable]),
    (screens::PIN_INCORRECT, &[Cause::PinLockout]),
    (screens::PIN_CHALLENGE, &[Cause::PinLockout]),
    (screens::PIN_RESTART, &[Cause::PinLockout]),
    (screens::PIN_WAIT, &[Cause::PinLockout]),
    (screens::PIN_REFUSED, &[Cause::PinRefused]),
    (screens::PIN_EXPIRED, &[Cause::PinExpired]),
    (screens::UNAVAILABLE, &[Cause::RequiresTpm]),
    (screens::USE_PASSWORD, &[Cause::NotForWindows, Cause::NoPin]),
    (screens::USE_HELLO, &[Cause::NoPin]),
    (screens::MOST_FINGERPRINTS, &[Cause::TooManyFingerprints]),
    (screens::PASSKEY_NAME, &[Cause::PasskeyName]),
    (screens::NO_PASSKEYS_PAGE, &[Cause::NoNativeList]),
    (screens::NO_FUNCTION, &[Cause::NoNativeList]),
];

/// Events that tell more than their message, and the scenarios to look at first.
const TELLING: &[(u16, &str, &[&str])] = &[
    (
        5225,
        "A key is on the computer. Where the relying party does not have it, it did not take it.",
        &["policy-not-propagated", "unmanaged-registers"],
    ),
    (8226, "A person or a program deleted a passkey.", &["two-identical-passkeys"]),
    (
        8210,
        "Windows looks whether to provision Windows Hello for Business.",
        &["managed-after-whfb-deleted", "whfb-policy-off"],
    ),
    (
        300,
        "From here on a passkey of the same user is refused in this container.",
        &["whfb-conflict-first-attempt", "whfb-conflict-retry"],
    ),
];

/// Explains a code: a status of CTAP, an HRESULT, an exception, an event id, an activity of the audit log, a cause, or a
/// part of what a person sees.
///
/// # Errors
///
/// [`Unknown`], with what may have been meant.
pub fn why(code: &str) -> Result<Vec<Explanation>, Unknown> {
    let asked = code.trim();
    // As word processors write it.
    let lower = asked.to_lowercase().replace('’', "'");
    let mut found = exactly(&lower);
    found.extend(texts(&lower));
    if found.is_empty() {
        // A sentence with codes in it: "Error 0x8009000f", "EventID 7210".
        let is_part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-');
        let words = lower.split(|c| !is_part(c)).filter(|word| word.len() > 2);
        for explanation in words.flat_map(exactly) {
            if !found.contains(&explanation) {
                found.push(explanation);
            }
        }
    }
    if found.is_empty() { Err(Unknown { code: asked.to_owned(), near: near(&lower) }) } else { Ok(found) }
}

/// What has this code or name.
fn exactly(lower: &str) -> Vec<Explanation> {
    if lower.is_empty() {
        return Vec::new();
    }
    let mut found = statuses(lower);
    found.extend(results(lower));
    found.extend(exceptions(lower));
    found.extend(events(lower));
    found.extend(activities(lower));
    found.extend(causes(lower));
    found
}

/// A number as people write it: `0x19`, `0x8009000f`, `8009000F`, `80090011`, `-2146893809`, `2148073487`.
fn number(lower: &str) -> Option<u32> {
    if let Some(digits) = lower.strip_prefix("0x") {
        return u32::from_str_radix(digits, 16).ok();
    }
    if lower.len() == 8 && lower.starts_with('8') {
        return u32::from_str_radix(lower, 16).ok();
    }
    if let Ok(signed) = lower.parse::<i32>() {
        return (signed < 0).then_some(signed.cast_unsigned());
    }
    lower.parse::<u32>().ok()
}

fn statuses(lower: &str) -> Vec<Explanation> {
    let code = number(lower).filter(|_| lower.len() <= 4);
    let is = |(name, status): &(String, Status)| {
        let name = name.to_lowercase();
        let short = name.strip_prefix("ctap2_err_").or_else(|| name.strip_prefix("ctap1_err_"));
        code == Some(u32::from(status.code())) || name == lower || short == Some(lower)
    };
    let explained = |(_, status): (String, Status)| {
        let expects = |expect: &Expect| expect.ctap.is_some_and(|ctap| ctap.0 == Some(status));
        Explanation {
            code: status.to_string(),
            layer: "CTAP: the authenticator's status",
            meaning: "The authenticator answers with this byte.".to_owned(),
            chain: row(Some(status), HResult::of(status, None)),
            causes: causes_where(expects),
            scenarios: scenarios(expects),
        }
    };
    Status::named().into_iter().filter(is).map(explained).collect()
}

fn results(lower: &str) -> Vec<Explanation> {
    let code = number(lower);
    let is = |result: &&HResult| {
        let message = result.message().to_lowercase();
        code == Some(result.code())
            || result.name().to_lowercase() == lower
            || message.trim_end_matches('.') == lower.trim_end_matches('.')
    };
    let mut found: Vec<Explanation> = HResult::ALL
        .iter()
        .filter(is)
        .map(|result| {
            let expects =
                |expect: &Expect| expect.hresult.is_some_and(|expected| expected.0 == Some(*result));
            let status = Status::named().into_iter().map(|(_, status)| status);
            let status = status.filter(|_| *result != HResult::NteFail);
            let status = status.into_iter().find(|status| HResult::of(*status, None) == *result);
            Explanation {
                code: result.to_string(),
                layer: "webauthn.h",
                meaning: format!("{} WebAuthNGetErrorName says {}.", result.message(), result.error_name()),
                chain: row(status, *result),
                causes: causes_where(expects),
                scenarios: scenarios(expects),
            }
        })
        .collect();
    let pin_creation = PIN_CREATION.iter().filter(|(known, ..)| code == Some(*known));
    found.extend(pin_creation.map(|(known, meaning, event)| {
        let value = format!("0x{known:08X}");
        let expects = |expect: &Expect| {
            expect.events.get(*event).is_some_and(|fields| fields.values().any(|field| *field == value))
        };
        Explanation {
            code: value.clone(),
            layer: "Windows Hello: setting up a PIN",
            meaning: (*meaning).to_owned(),
            chain: Vec::new(),
            causes: causes_where(expects),
            scenarios: scenarios(expects),
        }
    }));
    found
}

fn exceptions(lower: &str) -> Vec<Explanation> {
    let is_name = |name: &str| {
        let name = name.to_lowercase();
        name == lower || name.trim_end_matches("error") == lower
    };
    let thrown = |result: HResult| {
        let mut names = Browser::ALL.into_iter().filter_map(move |browser| {
            browser.exception(result, CeremonyKind::Create).map(DomException::as_str)
        });
        names.find(|name| is_name(name)).or_else(|| Some(result.error_name()).filter(|name| is_name(name)))
    };
    let mut results: Vec<(usize, HResult)> = HResult::ALL
        .iter()
        .filter(|result| thrown(**result).is_some())
        .map(|result| (reproductions(*result), *result))
        .collect();
    // What has most ways to come about first.
    results.sort_by_key(|(count, _)| std::cmp::Reverse(*count));
    let Some(name) = results.iter().find_map(|(_, result)| thrown(*result)) else { return Vec::new() };
    // A name that no browser throws is that of results.
    let is_result =
        |result: HResult| result.error_name() == name && results.iter().any(|(_, known)| *known == result);
    let is_thrown = results.iter().any(|(_, result)| {
        let thrown = Browser::ALL.map(|browser| browser.exception(*result, CeremonyKind::Create));
        thrown.into_iter().flatten().any(|exception| exception.as_str() == name)
    });
    let expects = |expect: &Expect| {
        let mut exceptions = expect.exceptions.iter().flat_map(|exceptions| exceptions.values());
        if is_thrown {
            exceptions.any(|exception| exception.0 == name)
        } else {
            expect.hresult.and_then(|result| result.0).is_some_and(is_result)
        }
    };
    let (causes, scenarios) = (causes_where(expects), scenarios(expects));
    vec![Explanation {
        code: name.to_owned(),
        layer: "the browser, or WebAuthNGetErrorName",
        meaning: "A page catches this exception, or an application gets this name.".to_owned(),
        chain: results.into_iter().map(|(_, result)| row(None, result).join(" → ")).collect(),
        causes,
        scenarios,
    }]
}

/// How many steps of built-in scenarios end with a result for a reason that the model has.
fn reproductions(result: HResult) -> usize {
    let is = |expect: &Expect| {
        let cause = expect.cause.and_then(|cause| cause.0);
        expect.hresult.is_some_and(|expected| expected.0 == Some(result))
            && cause != Some(Cause::WindowsFailed)
    };
    expectations().filter(|(_, expect)| is(expect)).count()
}

fn events(lower: &str) -> Vec<Explanation> {
    let id = lower.strip_prefix("event ").unwrap_or(lower);
    let is = |entry: &&&catalogue::Entry| entry.id.to_string() == id;
    let explained = |entry: &&catalogue::Entry| {
        let expects = |expect: &Expect| expect.log.as_ref().is_some_and(|log| log.contains(&entry.id));
        let known = TELLING.iter().find(|(id, ..)| *id == entry.id);
        let mut found = scenarios(expects);
        for (place, name) in known.iter().flat_map(|(.., first)| *first).enumerate() {
            found.retain(|known| known != name);
            found.insert(place, (*name).to_owned());
        }
        Explanation {
            code: format!("event {}", entry.id),
            layer: entry.channel.name(),
            meaning: known.map_or_else(
                || entry.described(),
                |(_, meaning, _)| format!("{} {meaning}", entry.described()),
            ),
            chain: Vec::new(),
            // What goes well is logged whether or not something goes wrong later.
            causes: if entry.level == Level::Information { Vec::new() } else { causes_where(expects) },
            scenarios: found,
        }
    };
    catalogue::ALL.iter().filter(is).map(explained).collect()
}

fn activities(lower: &str) -> Vec<Explanation> {
    let is = |activity: &&Activity| activity.name().to_lowercase() == lower;
    let explained = |activity: &Activity| {
        let expects = |expect: &Expect| expect.audit.as_ref().is_some_and(|audit| audit.contains(activity));
        Explanation {
            code: activity.to_string(),
            layer: "the tenant's audit log",
            meaning: format!("The service {} writes it.", activity.service()),
            chain: Vec::new(),
            causes: causes_where(expects),
            scenarios: scenarios(expects),
        }
    };
    Activity::ALL.iter().filter(is).map(explained).collect()
}

fn texts(lower: &str) -> Vec<Explanation> {
    if lower.chars().count() < 4 {
        return Vec::new();
    }
    let is = |(text, _): &&(&str, &[Cause])| {
        let known = text.to_lowercase();
        lower.contains(&known) || known.contains(lower)
    };
    let explained = |(text, causes): &(&str, &[Cause])| Explanation {
        code: (*text).to_owned(),
        layer: "what a person sees",
        meaning: match causes.len() {
            1 => "There is one reason for this text.".to_owned(),
            count => format!("There are {count} reasons for this text."),
        },
        chain: Vec::new(),
        causes: causes.to_vec(),
        scenarios: scenarios_of(causes),
    };
    TEXTS.iter().filter(is).map(explained).collect()
}

fn causes(lower: &str) -> Vec<Explanation> {
    let is = |cause: &&Cause| cause.id() == lower;
    let explained = |cause: &Cause| Explanation {
        code: cause.id().to_owned(),
        layer: "a cause",
        meaning: cause.sentence().to_owned(),
        chain: Vec::new(),
        causes: vec![*cause],
        scenarios: scenarios_of(&[*cause]),
    };
    Cause::ALL.iter().filter(is).map(explained).collect()
}

/// Every layer's name from a status or a result on.
fn row(status: Option<Status>, result: HResult) -> Vec<String> {
    let mut chain: Vec<String> = status.iter().map(ToString::to_string).collect();
    chain.push(result.to_string());
    chain.extend(Browser::exceptions(result, CeremonyKind::Create));
    chain
}

/// What the steps of built-in scenarios expect.
fn expectations() -> impl Iterator<Item = (&'static str, &'static Expect)> {
    BUILT_IN.iter().flat_map(|(name, scenario)| {
        let steps = scenario.steps.iter().filter_map(|step| step.get_ref().expect.as_ref());
        steps.map(move |expect| (*name, expect.get_ref()))
    })
}

/// The scenarios with a step that is expected to be so: those where it goes wrong there before others, and the shorter
/// before the longer.
fn scenarios(is: impl Fn(&Expect) -> bool) -> Vec<String> {
    let mut found: Vec<(bool, usize, &str)> = Vec::new();
    for (name, expect) in expectations().filter(|(_, expect)| is(expect)) {
        let goes_well = expect.cause.is_none_or(|cause| cause.0.is_none());
        match found.iter_mut().find(|(.., known)| *known == name) {
            Some((known, ..)) => *known &= goes_well,
            None => found.push((goes_well, steps(name), name)),
        }
    }
    found.sort_unstable();
    found.into_iter().map(|(.., name)| name.to_owned()).collect()
}

/// The title of a built-in scenario.
pub fn title(name: &str) -> Option<&'static str> {
    scenario(name).map(|scenario| scenario.title.as_str())
}

/// How many steps a built-in scenario has.
fn steps(name: &str) -> usize {
    scenario(name).map_or(usize::MAX, |scenario| scenario.steps.len())
}

fn scenario(name: &str) -> Option<&'static Scenario> {
    BUILT_IN.iter().find(|(known, _)| *known == name).map(|(_, scenario)| scenario)
}

/// The scenarios of these causes, those of the first one first.
fn scenarios_of(causes: &[Cause]) -> Vec<String> {
    let mut all = Vec::new();
    for cause in causes {
        let found = scenarios(|expect| expect.cause.is_some_and(|expected| expected.0 == Some(*cause)));
        all.extend(found.into_iter().filter(|name| !all.contains(name)).collect::<Vec<_>>());
    }
    all
}

/// Why it goes wrong in the steps that are expected to be so.
fn causes_where(is: impl Fn(&Expect) -> bool) -> Vec<Cause> {
    let mut causes = Vec::new();
    let found = expectations().filter(|(_, expect)| is(expect)).filter_map(|(_, expect)| expect.cause?.0);
    for cause in found {
        if !causes.contains(&cause) {
            causes.push(cause);
        }
    }
    // It stands for all that the model has no reason for.
    if causes.len() > 1 {
        causes.retain(|cause| *cause != Cause::WindowsFailed);
    }
    causes
}

/// What is spelled almost like it.
fn near(lower: &str) -> Vec<String> {
    let mut known: BTreeSet<String> = HResult::named().into_iter().map(|(name, _)| name).collect();
    known.extend(Status::named().into_iter().map(|(name, _)| name));
    known.extend(Cause::ALL.iter().map(|cause| cause.id().to_owned()));
    known.extend(TEXTS.iter().map(|(text, _)| (*text).to_owned()));
    known.extend(Activity::ALL.iter().map(ToString::to_string));
    known.extend(["InvalidStateError", "NotAllowedError", "UnknownError"].map(str::to_owned));
    known.extend(catalogue::ALL.iter().map(|entry| entry.id.to_string()));
    let mut scored: Vec<(f64, String)> =
        known.into_iter().map(|name| (strsim::jaro_winkler(lower, &name.to_lowercase()), name)).collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    scored.into_iter().filter(|(score, _)| *score > 0.75).take(5).map(|(_, name)| name).collect()
}

#[cfg(test)]
#[allow(clippy::indexing_slicing, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn the_scenario_is_found_from_what_a_person_has() {
        for (code, scenario) in [
            ("0x19", "whfb-conflict-retry"),
            ("CREDENTIAL_EXCLUDED", "whfb-conflict-first-attempt"),
            ("ctap2_err_credential_excluded", "whfb-conflict-retry"),
            ("NTE_EXISTS", "whfb-conflict-retry"),
            ("0x8009000f", "whfb-conflict-retry"),
            ("8009000F", "whfb-conflict-retry"),
            ("-2146893809", "whfb-conflict-retry"),
            ("2148073487", "whfb-conflict-retry"),
            ("InvalidStateError", "whfb-conflict-retry"),
            ("5225", "policy-not-propagated"),
            ("event 5225", "policy-not-propagated"),
            ("already registered", "whfb-conflict-retry"),
            ("Passkey not registered", "policy-not-propagated"),
            ("this device is already registered", "whfb-conflict-retry"),
            (
                "Error: We detected that this particular key type has been blocked by your organization. Contact your \
              administrator for more details and try registering a different type of key.",
                "aaguid-blocked",
            ),
            ("This Windows device", "no-pin"),
            ("7210", "remote-desktop"),
            ("no-pin", "no-pin"),
            ("80090011", "container-deleted"),
            ("Error 0x8009000f", "whfb-conflict-retry"),
            ("EventID 7210", "remote-desktop"),
            ("DOMException: NotAllowedError", "person-declines"),
            ("NotAllowed", "person-declines"),
            ("ConstraintError", "windows-fails"),
            ("Object already exists.", "whfb-conflict-retry"),
            ("we couldn’t register your passkey", "whfb-conflict-first-attempt"),
            ("something went wrong", "person-declines"),
            ("0x801C03ED", "whfb-stale-mfa"),
            ("Add Passkey (device-bound)", "unmanaged-registers"),
        ] {
            let found = why(code).unwrap_or_else(|error| panic!("{error}: {:?}", error.near));
            let names: Vec<&String> = found.iter().flat_map(|found| &found.scenarios).collect();
            assert!(names.iter().any(|name| *name == scenario), "{code}: {names:?}");
        }
        for (id, _, names) in TELLING {
            assert!(catalogue::ALL.iter().any(|entry| entry.id == *id), "{id}");
            assert!(names.iter().all(|name| built_in::text(name).is_some()), "{names:?}");
        }
        let unknown = why("NTE_EXIST").expect_err("a slip");
        assert_eq!(unknown.near.first().map(String::as_str), Some("NTE_EXISTS"));
        assert!(why("").is_err() && why("quux").is_err() && why("0x").is_err());
    }

    /// Nobody who has a text of a screen, a code or an id is left without a scenario.
    #[test]
    fn everything_that_is_known_leads_to_a_scenario() {
        let texts = TEXTS.iter().map(|(text, _)| (*text).to_owned());
        let causes = Cause::ALL.iter().map(|cause| cause.id().to_owned());
        let entries = catalogue::ALL.iter().map(|entry| entry.id.to_string());
        let results = HResult::ALL.iter().filter(|result| **result != HResult::NteFail);
        let results = results.map(|result| result.name().to_owned());
        let activities = Activity::ALL.iter().filter(|activity| **activity != Activity::AddSynced);
        let lost: Vec<String> = texts
            .chain(causes)
            .chain(entries)
            .chain(results)
            .chain(activities.map(ToString::to_string))
            .filter(|code| {
                why(code).is_err()
                    || why(code).is_ok_and(|found| found.iter().all(|found| found.scenarios.is_empty()))
            })
            .collect();
        assert!(lost.is_empty(), "{lost:?}");
    }
}
