//! Logs that were exported: the scenarios that they look like.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::{Explanation, expectations, steps};
use crate::{
    Cause, HResult,
    logs::{Channel, Level, ReadEvent, catalogue},
    scenario::Expect,
    tenant::Activity,
};

/// What an exported log looks like.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Likely {
    /// The scenario.
    pub scenario: String,
    /// How many entries of the export are those of its most telling step.
    pub entries: usize,
    /// Why it goes wrong there.
    pub cause: Option<Cause>,
}

/// The scenarios with a step whose events are in an exported Windows event log, in that order; the most telling first.
///
/// Only the logs that the export has are compared, and only events that are known here. Where its events name an error, a
/// step that ends with another one is none of its.
pub fn of_events(events: &[ReadEvent]) -> Vec<Likely> {
    let known: Vec<(&catalogue::Entry, &ReadEvent)> = events.iter().filter_map(known).collect();
    let ids: Vec<u16> = known.iter().map(|(entry, _)| entry.id).collect();
    let channels: BTreeSet<Channel> = known.iter().map(|(entry, _)| entry.channel).collect();
    let exported: BTreeSet<u16> = catalogue::ALL
        .iter()
        .filter(|entry| channels.contains(&entry.channel))
        .map(|entry| entry.id)
        .collect();
    let last: BTreeMap<String, &ReadEvent> =
        known.iter().map(|(entry, event)| (entry.id.to_string(), *event)).collect();
    let errors: BTreeSet<HResult> = known
        .iter()
        .flat_map(|(_, event)| &event.fields)
        .filter_map(|(_, value)| HResult::ALL.iter().find(|result| is_code(**result, value)).copied())
        .filter(|result| *result != HResult::SOk)
        .collect();
    let bad = known.iter().filter(|(entry, _)| entry.level != Level::Information);
    let bad: BTreeSet<u16> = bad.map(|(entry, _)| entry.id).collect();
    let expected = |expect: &Expect| {
        let result = expect.hresult.and_then(|result| result.0).filter(|result| *result != HResult::SOk);
        if !errors.is_empty() && result.is_some_and(|result| !errors.contains(&result)) {
            return None;
        }
        let log = expect.log.as_ref()?;
        let wanted: Vec<u16> = log.iter().copied().filter(|id| exported.contains(id)).collect();
        let bad = wanted.iter().filter(|id| bad.contains(id)).count();
        let has_error = !errors.is_empty() && result.is_some();
        Some(Wanted { wanted, has_error, bad, agreeing: agreeing(expect, &last) })
    };
    likely(expected, &ids, !bad.is_empty())
}

/// The entry of an event of somebody's log.
fn known(event: &ReadEvent) -> Option<(&'static catalogue::Entry, &ReadEvent)> {
    let channel = event.known_channel()?;
    let entry = catalogue::ALL.iter().find(|entry| entry.id == event.id && entry.channel == channel)?;
    Some((entry, event))
}

/// The errors and warnings of an exported log, each explained once: what is left where no scenario has its events.
pub fn errors_of(events: &[ReadEvent]) -> Vec<Explanation> {
    let bad = events.iter().filter_map(known).filter(|(entry, _)| entry.level != Level::Information);
    let ids: BTreeSet<u16> = bad.map(|(entry, _)| entry.id).collect();
    ids.into_iter().flat_map(|id| super::events(&id.to_string())).collect()
}

/// Whether a field of an event is this result.
fn is_code(result: HResult, value: &str) -> bool {
    value.len() == 10
        && value
            .strip_prefix("0x")
            .is_some_and(|digits| u32::from_str_radix(digits, 16).is_ok_and(|code| code == result.code()))
}

/// The same for the activities of an exported audit log of a tenant, which has no failures.
pub fn of_activities(activities: &[Activity]) -> Vec<Likely> {
    let expected = |expect: &Expect| {
        Some(Wanted { wanted: expect.audit.clone()?, has_error: false, bad: 0, agreeing: 0 })
    };
    likely(expected, activities, true)
}

/// The same for the entries of an exported sign-in log, each as `Passkey (device-bound): failure`.
pub fn of_sign_ins(entries: &[String]) -> Vec<Likely> {
    let is_bad = |entry: &&String| entry.ends_with("failure");
    let expected = |expect: &Expect| {
        let wanted = expect.sign_ins.clone()?;
        let bad = wanted.iter().filter(is_bad).count();
        Some(Wanted { wanted, has_error: false, bad, agreeing: 0 })
    };
    likely(expected, entries, entries.iter().any(|entry| is_bad(&entry)))
}

/// How many fields of the export's events are as a step expects them, less those that are not.
fn agreeing(expect: &Expect, last: &BTreeMap<String, &ReadEvent>) -> i32 {
    let mut agreeing = 0;
    for (id, fields) in &expect.events {
        for (name, value) in last.get(id).into_iter().flat_map(|event| &event.fields) {
            if let Some(wanted) = fields.get(name) {
                agreeing += if wanted == value { 1 } else { -1 };
            }
        }
    }
    agreeing
}

/// What a step expects of an export.
struct Wanted<T> {
    /// Its entries.
    wanted: Vec<T>,
    /// It ends with an error of the export.
    has_error: bool,
    /// How many of its entries tell of a failure.
    bad: usize,
    /// How well the fields fit.
    agreeing: i32,
}

/// Ranks scenarios by how much of an export they explain: a step with its error before one without, the one with more of its
/// failures, one that goes wrong as the export does before one that does not, one that ends as it does, the one with more
/// entries, the one whose fields fit better, the shorter scenario.
fn likely<T: PartialEq>(
    expected: impl Fn(&Expect) -> Option<Wanted<T>>,
    all: &[T],
    goes_wrong: bool,
) -> Vec<Likely> {
    let mut found = Vec::new();
    for (name, expect) in expectations() {
        let Some(Wanted { wanted, has_error, bad, agreeing }) = expected(expect) else { continue };
        if wanted.is_empty() || !is_within(&wanted, all) {
            continue;
        }
        let cause = expect.cause.and_then(|cause| cause.0);
        let ends_alike = wanted.last() == all.last();
        let rank = (has_error, bad, cause.is_some() == goes_wrong, ends_alike, wanted.len(), agreeing);
        let likely = Likely { scenario: name.to_owned(), entries: wanted.len(), cause };
        let same = found.iter_mut().find(|(_, known): &&mut (_, Likely)| known.scenario == name);
        match same {
            Some(known) if known.0 < rank => *known = (rank, likely),
            Some(_) => {}
            None => found.push((rank, likely)),
        }
    }
    let order = |likely: &Likely| (steps(&likely.scenario), likely.scenario.clone());
    found.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| order(&a.1).cmp(&order(&b.1))));
    found.into_iter().map(|(_, likely)| likely).collect()
}

/// Whether these come in this order, others between them or not.
fn is_within<T: PartialEq>(wanted: &[T], all: &[T]) -> bool {
    let mut rest = all.iter();
    wanted.iter().all(|entry| rest.any(|other| other == entry))
}

#[cfg(test)]
#[allow(clippy::indexing_slicing, reason = "tests")]
mod tests {
    use super::*;
    use crate::{
        logs,
        scenario::{self, Scenario, built_in},
    };

    /// What a scenario logs leads back to it, or to a shorter one of the same cause; also from the log of WebAuthN alone.
    #[test]
    fn logs_name_scenarios() {
        for (name, channel) in [
            ("whfb-conflict-retry", None),
            ("whfb-conflict-retry", Some(Channel::WebAuthN)),
            ("remote-desktop", None),
            ("remote-desktop", Some(Channel::HelloForBusiness)),
            ("container-deleted", Some(Channel::WebAuthN)),
            ("whfb-stale-mfa", Some(Channel::UserDeviceRegistration)),
        ] {
            let scenario = Scenario::from_toml(built_in::text(name).unwrap_or_default()).expect("built in");
            let run = pollster::block_on(scenario::run(name, &scenario, b"why")).expect("built in");
            // Only up to where it first goes wrong.
            let last = run.steps.iter().position(|step| step.outcome.cause.is_some()).unwrap_or_default();
            let cause = run.steps[last].outcome.cause;
            let events: Vec<logs::Event> = run.steps[..=last]
                .iter()
                .flat_map(|step| step.outcome.log.iter().cloned())
                .filter(|event| channel.is_none_or(|channel| event.entry.channel == channel))
                .collect();
            let read = logs::read_xml(&logs::to_xml(&events, "PC")).expect("just written");
            let first = of_events(&read).into_iter().next().expect("its own scenario at least");
            assert_eq!(first.cause, cause, "{name} by {channel:?}: {}", first.scenario);
        }
        assert_eq!(of_events(&[]), Vec::new());
        let begun = [Activity::StartedSecurityInfo, Activity::GetCreationOptions];
        assert!(of_activities(&begun)[0].cause.is_some(), "what began and did not end went wrong");
        assert_eq!(of_activities(&[]), Vec::new());
    }
}
