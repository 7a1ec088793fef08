//! The built-in scenarios: each comes out as it says, and together they tell all that is known.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use pollster::block_on;
use serde::Deserialize;
use softhello_windows::{
    Cause,
    scenario::{self, Run, Scenario, built_in},
    sources::source,
};

const SEED: &[u8] = b"softhello scenario";

fn read(name: &str) -> Scenario {
    let text = built_in::text(name).unwrap();
    Scenario::from_toml(text).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn run(name: &str, seed: &[u8]) -> Run {
    block_on(scenario::run(name, &read(name), seed)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

#[test]
fn every_scenario_comes_out_as_it_says() {
    let unmet: Vec<String> = built_in::ALL
        .iter()
        .map(|(name, _)| run(name, SEED))
        .filter(|run| !run.is_met())
        .map(|run| scenario::to_text(&run))
        .collect();
    assert!(unmet.is_empty(), "{}", unmet.join("\n\n"));
}

#[test]
fn every_file_is_built_in() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let files: BTreeSet<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    let names: Vec<&str> = built_in::ALL.iter().map(|(name, _)| *name).collect();
    assert!(names.is_sorted(), "in the order of their names");
    assert_eq!(files, names.into_iter().map(str::to_owned).collect());
}

/// Byte for byte, whatever form it has.
#[test]
fn the_same_seed_gives_the_same_report() {
    let reports = |name: &str, seed: &[u8]| {
        let run = run(name, seed);
        [
            scenario::to_text(&run),
            scenario::to_markdown(&run),
            scenario::to_html(&run),
            scenario::to_json(&run).to_string(),
        ]
    };
    for (name, _) in built_in::ALL {
        assert_eq!(reports(name, b"one"), reports(name, b"one"), "{name}");
    }
    let name = "managed-after-whfb-deleted";
    assert_ne!(reports(name, b"one")[3], reports(name, b"two")[3], "another seed has other keys");
}

#[derive(Deserialize)]
struct Facts {
    fact: Vec<Fact>,
}

#[derive(Deserialize)]
struct Fact {
    id: String,
    words: String,
    sources: Vec<String>,
}

/// `facts.toml` is the list of what has to be reproduced.
#[test]
fn every_fact_is_named_by_a_scenario() {
    let Facts { fact: facts } = toml::from_str(include_str!("../facts.toml")).unwrap();
    let mut named: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for (name, _) in built_in::ALL {
        for fact in read(name).facts {
            named.entry(fact).or_default().push(name);
        }
    }
    let mut ids = BTreeSet::new();
    for fact in &facts {
        assert!(ids.insert(fact.id.as_str()), "{} is there twice", fact.id);
        assert!(named.contains_key(&fact.id), "no scenario names `{}`: {}", fact.id, fact.words);
        assert!(fact.sources.iter().all(|key| source(key).is_some()), "{}: {:?}", fact.id, fact.sources);
    }
    let unknown: Vec<_> = named.iter().filter(|(id, _)| !ids.contains(id.as_str())).collect();
    assert!(unknown.is_empty(), "{unknown:?}");
}

#[test]
fn every_scenario_has_its_sources_and_every_source_is_used() {
    let mut used = BTreeSet::new();
    for (name, _) in built_in::ALL {
        let sources = read(name).sources;
        assert!(!sources.is_empty(), "{name} has no source");
        for key in sources {
            assert!(source(&key).is_some(), "{name}: {key}");
            used.insert(key);
        }
    }
    used.extend(Cause::ALL.iter().flat_map(|cause| cause.sources()).map(|key| (*key).to_owned()));
    let keys = softhello_windows::sources::SOURCES.iter().map(|(key, _)| (*key).to_owned());
    assert_eq!(used, keys.collect());
}

/// Every way in which it can go wrong is shown by one.
#[test]
fn every_cause_is_reached() {
    let mut reached = Vec::new();
    for (name, _) in built_in::ALL {
        reached.extend(run(name, SEED).steps.into_iter().filter_map(|step| step.outcome.cause));
    }
    let missing: Vec<_> = Cause::ALL.iter().filter(|cause| !reached.contains(cause)).collect();
    assert!(missing.is_empty(), "{missing:?}");
    for cause in Cause::ALL {
        assert!(cause.sentence().ends_with('.') && cause.fix().ends_with('.'), "{cause:?}");
        assert!(cause.sources().iter().all(|key| source(key).is_some()), "{cause:?}");
    }
}
