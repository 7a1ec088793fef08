//! Every numbered step of the specification's algorithms is a [`Step`](softhello_ctap::Step), or is here with the
//! reason why it decides nothing.

use std::collections::BTreeSet;

use softhello_ctap::{Permissions, PinUvAuthProtocol, steps};

use crate::bench::{
    Bench, PIN, Platform, RP_ID, Reply, Request, boolean, full_key, hello, map, raw_map, uint,
};

/// The algorithms that the specification numbers: section and its numbers, as in CTAP 2.3.
const NUMBERED: &[(&str, &[&str])] = &[
    (
        "6.1.2",
        &[
            "1", "2", "3", "4", "5.1", "5.2", "5.3", "5.4", "5.5", "6", "7", "8", "9", "9.1", "9.2", "9.3",
            "9.4", "10", "11", "12", "13", "14", "15", "16", "17", "18", "19",
        ],
    ),
    ("6.2.2", &["1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13"]),
    ("6.10", &["1", "2", "3"]),
    ("6.11", &["1", "2", "3", "4"]),
    ("6.11.4", &["1", "2", "3", "4", "5", "6", "7", "8", "9"]),
    ("12.7", &["1", "2", "3", "4", "5"]),
];

/// The algorithms that are prose or pseudocode there: the numbers are ours, and there is at least one step of each.
const PROSE: &[&str] = &[
    "6.3",
    "6.4",
    "6.5.3.1",
    "6.5.5.2",
    "6.5.5.3",
    "6.5.5.4",
    "6.5.5.5",
    "6.5.5.6",
    "6.5.5.7.1",
    "6.5.5.7.2",
    "6.5.5.7.3",
    "6.6",
    "6.7.2",
    "6.7.3",
    "6.7.4",
    "6.7.5",
    "6.7.6",
    "6.7.7",
    "6.7.8",
    "6.8.2",
    "6.8.3",
    "6.8.4",
    "6.8.5",
    "6.8.6",
    "6.9",
    "6.11.1",
    "6.11.2",
    "6.11.3",
    "6.11.5",
    "12.1",
    "12.2",
    "12.3",
    "12.4",
    "12.5",
    "12.6",
    "12.8",
    "12.9",
];

/// Steps without a decision.
const REASONS: &[(&str, &str, &str)] = &[
    ("6.1.2", "4", "says only that the response's bits begin as false"),
    ("6.1.2", "9.4", "lets an authenticator decline what was granted; this one never does"),
    ("6.2.2", "3", "says only that the response's bits begin as false"),
];

fn known() -> BTreeSet<(&'static str, &'static str)> {
    steps().map(|step| (step.section, step.number)).collect()
}

#[test]
fn every_numbered_step_is_taken_or_has_its_reason() {
    let known = known();
    for (section, numbers) in NUMBERED {
        for number in *numbers {
            let reason = REASONS.iter().any(|(of, which, _)| (of, which) == (section, number));
            let step = known.contains(&(*section, *number));
            assert!(step != reason, "§{section} step {number}: a step, or a reason for none");
        }
    }
    for section in PROSE {
        assert!(known.iter().any(|(of, _)| of == section), "§{section} has no step");
    }
}

#[test]
fn a_step_has_one_place_and_words() {
    assert_eq!(known().len(), steps().count(), "a section and a number name one step");
    for step in steps() {
        assert!(step.rule.len() > 4 && !step.rule.ends_with('.'), "§{} step {}", step.section, step.number);
    }
}

/// The steps of an exchange, in order.
fn walk(reply: &Reply) -> String {
    let steps: Vec<_> =
        reply.steps.iter().map(|noted| format!("{}:{}", noted.step.section, noted.step.number)).collect();
    steps.join(" ")
}

/// A trace reads as the walk through the specification that it was.
#[test]
fn walks() {
    let mut hello = Bench::new(hello());
    let mut key = Bench::new(full_key()).without_uv().with_pin();
    let created = hello.send(&Request::make_credential().bytes());
    let asserted = hello.send(&Request::get_assertion().bytes());
    let token = key.token(Permissions::MC, Some(RP_ID));
    let request = Request::make_credential()
        .option("rk", true)
        .list(&[&[7; 32]])
        .with(6, map(&[("credProtect", uint(2)), ("hmac-secret", boolean(true))]));
    let with_token = key.send(&token.authorize(request).bytes());
    let platform = Platform::agree(&mut key, PinUvAuthProtocol::Two);
    let change = key.send(&platform.change_pin(PIN, "5193").bytes());
    let token = platform.token(&key.send(&platform.token_using_pin("5193", Permissions::ACFG, None).bytes()));
    let config =
        Request::new(softhello_ctap::api::CONFIG).with(1, uint(3)).with(2, raw_map(&[(uint(1), uint(8))]));
    let config = key.send(&token.authorize(config).bytes());
    insta::assert_snapshot!([&created, &asserted, &with_token, &change, &config].map(walk).join("\n"), @r"
    6.1.2:1 6.1.2:2 6.1.2:3 6.1.2:5.1 6.1.2:5.2 6.1.2:5.3 6.1.2:5.4 6.1.2:5.5 6.1.2:6 6.1.2:8 6.1.2:9 6.1.2:10 6.5.3.1:1 6.5.3.1:4.1 6.5.3.1:4.2 6.1.2:11 6.1.2:12 6.1.2:13 6.1.2:15 6.1.2:16 6.1.2:19 6.1.2:17
    6.2.2:1 6.2.2:2 6.2.2:4 6.2.2:5 6.5.3.1:1 6.5.3.1:4.1 6.5.3.1:4.2 6.2.2:6 6.2.2:7 6.2.2:8 6.2.2:10 6.2.2:12 6.2.2:13
    6.1.2:1 6.1.2:2 6.1.2:3 6.1.2:5.1 6.1.2:5.2 6.1.2:5.3 6.1.2:5.4 6.1.2:5.5 6.1.2:6 6.1.2:7 6.1.2:9 6.1.2:10 6.1.2:11 6.1.2:12 6.1.2:13 6.1.2:14 12.1:1 12.7:0 6.1.2:15 6.1.2:16 6.1.2:19 6.1.2:17
    6.5.5:1 6.5.5.6:1 6.5.5.6:2 6.5.5.6:3 6.5.5.6:4 6.5.5.6:5 6.5.5.6:6 6.5.5.6:7 6.5.5.6:8 6.5.5.6:9 6.5.5.6:10
    6.11:1 6.11:2 6.11:3 6.11:4 6.11.4:0 6.11.4:1 6.11.4:2 6.11.4:3 6.11.4:4 6.11.4:5 6.11.4:6 6.11.4:8 6.11.4:9 6.11.4:7
    ");
}
