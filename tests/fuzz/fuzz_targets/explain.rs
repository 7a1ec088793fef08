//! The decoder, for bytes of any kind.
#![no_main]

use libfuzzer_sys::fuzz_target;
use softhello_ctap::explain::{Explanation, Kind, MAX_INPUT, MAX_PROBLEMS, Node, explain, explain_as};

// The first byte says what the caller takes the rest for.
fuzz_target!(|input: &[u8]| {
    let Some((kind, bytes)) = input.split_first() else { return };
    let explanation = match kind % 9 {
        0 => explain_as(Kind::Request, bytes),
        1 => explain_as(Kind::Response { command: None }, bytes),
        2 => explain_as(Kind::Response { command: bytes.first().copied() }, bytes),
        3 => explain_as(Kind::AuthData, bytes),
        4 => explain_as(Kind::CoseKey, bytes),
        5 => explain_as(Kind::AttestationObject, bytes),
        6 => explain_as(Kind::AttestationStatement, bytes),
        7 => explain_as(Kind::Cbor, bytes),
        _ => explain(bytes),
    };
    check(&explanation, bytes);
});

/// What the decoder promises for any input.
fn check(explanation: &Explanation, bytes: &[u8]) {
    let mut shown = Vec::new();
    explanation.nodes.iter().for_each(|node| join(node, &mut shown));
    assert_eq!(shown, bytes[..bytes.len().min(MAX_INPUT)], "every byte is shown once");
    assert!(explanation.problems.len() <= MAX_PROBLEMS + 1);
    for line in explanation.to_string().lines() {
        assert!(line.chars().count() <= 110, "{line}");
    }
}

fn join(node: &Node, out: &mut Vec<u8>) {
    assert!(!node.bytes.is_empty() && node.head <= node.bytes.len());
    assert_eq!(node.offset, out.len());
    out.extend_from_slice(&node.bytes);
    node.children.iter().for_each(|child| join(child, out));
}
