//! Bytes, read from text and annotated.

use data_encoding::{BASE64, BASE64_NOPAD, BASE64URL, BASE64URL_NOPAD, HEXLOWER_PERMISSIVE};
use serde_json::{Value, json};
use softhello_ctap::{
    CredentialId, Event as DeviceEvent,
    explain::{Explanation, Kind, Node, explain, explain_as},
};

use crate::{AppError, Event, Output};

/// The longest text that is explained, in characters.
const MAX_TEXT: usize = 256 * 1024;

/// Explains bytes given as text.
pub(crate) fn from_text(input: &str) -> Result<Output, AppError> {
    let bytes = bytes(input)?;
    if bytes.is_empty() {
        return Err(AppError::usage("there are no bytes to explain", "give hexadecimal or base64"));
    }
    let explanation = explain(&bytes);
    Ok(Output::new(to_json(&explanation), explanation.to_string().trim_end()))
}

/// Reads hexadecimal (white space, colons and a leading 0x are allowed), base64 or base64url.
fn bytes(input: &str) -> Result<Vec<u8>, AppError> {
    if input.len() > MAX_TEXT {
        let reason = format!("the input has {} characters, more than {MAX_TEXT}", input.len());
        return Err(AppError::usage(reason, "explain one message at a time"));
    }
    let text: String = input.chars().filter(|c| !c.is_whitespace()).collect();
    let hex: String = text.strip_prefix("0x").unwrap_or(&text).chars().filter(|c| *c != ':').collect();
    HEXLOWER_PERMISSIVE
        .decode(hex.as_bytes())
        .ok()
        .or_else(|| {
            [BASE64URL_NOPAD, BASE64URL, BASE64_NOPAD, BASE64]
                .iter()
                .find_map(|base64| base64.decode(text.as_bytes()).ok())
        })
        .ok_or_else(|| {
            AppError::usage("the input is neither hexadecimal nor base64", "give the bytes in one of both")
        })
}

/// Reads a credential id: base64url as in the responses, or hexadecimal.
pub(crate) fn credential_id(text: &str) -> Result<CredentialId, AppError> {
    // 64 hexadecimal digits are base64url as well; an id of 32 bytes has 43 characters in base64url.
    let decoded = match HEXLOWER_PERMISSIVE.decode(text.as_bytes()) {
        Ok(bytes) if text.len() >= 32 => Some(bytes),
        _ => BASE64URL_NOPAD.decode(text.as_bytes()).ok(),
    };
    decoded.and_then(|bytes| CredentialId::try_from(bytes).ok()).ok_or_else(|| {
        AppError::usage(format!("`{text}` is no credential id"), "`softhello passkeys list` shows the ids")
    })
}

/// An explanation as JSON.
pub(crate) fn to_json(explanation: &Explanation) -> Value {
    json!({
        "kind": explanation.kind.to_string(),
        "nodes": explanation.nodes.iter().map(node).collect::<Vec<_>>(),
        "problems": problems(explanation),
    })
}

fn problems(explanation: &Explanation) -> Vec<Value> {
    let problems = explanation.problems.iter();
    problems.map(|problem| json!({ "offset": problem.offset, "text": problem.text })).collect()
}

/// An explanation with its bytes: of each node its own length, and the end of what it holds.
pub(crate) fn tree(title: &str, explanation: &Explanation, bytes: &[u8]) -> Value {
    json!({
        "title": title,
        "kind": explanation.kind.to_string(),
        "hex": HEXLOWER_PERMISSIVE.encode(bytes),
        "nodes": explanation.nodes.iter().map(branch).collect::<Vec<_>>(),
        "problems": problems(explanation),
    })
}

/// Bytes that are not taken apart.
pub(crate) fn plain(title: &str, bytes: &[u8]) -> Value {
    let hex = HEXLOWER_PERMISSIVE.encode(bytes);
    json!({ "title": title, "kind": title, "hex": hex, "nodes": [], "problems": [] })
}

fn branch(node: &Node) -> Value {
    json!({
        "offset": node.offset,
        "length": node.bytes.len(),
        "end": end(node),
        "label": node.label,
        "value": node.value,
        "note": node.note,
        "children": node.children.iter().map(branch).collect::<Vec<_>>(),
    })
}

/// Where what a node holds ends: its children follow its own bytes.
fn end(node: &Node) -> usize {
    node.children.last().map_or(node.offset + node.bytes.len(), end)
}

/// Bytes given as text, explained with their ranges.
///
/// # Errors
///
/// [`AppError`] with [`Exit::Usage`](crate::Exit::Usage) if the text is neither hexadecimal nor base64.
pub fn explain_text(input: &str) -> Result<Value, AppError> {
    let bytes = bytes(input)?;
    Ok(tree("bytes", &explain(&bytes), &bytes))
}

fn node(node: &Node) -> Value {
    json!({
        "offset": node.offset,
        "bytes": HEXLOWER_PERMISSIVE.encode(&node.bytes),
        "label": node.label,
        "value": node.value,
        "note": node.note,
        "children": node.children.iter().map(self::node).collect::<Vec<_>>(),
    })
}

/// Annotates what a device tells, in its order.
#[derive(Default)]
pub(crate) struct Annotator {
    /// The command that the next response answers.
    command: Option<u8>,
}

impl Annotator {
    pub(crate) fn annotate(&mut self, event: DeviceEvent) -> Option<Event> {
        let explained = |title: &str, text: String| Event::Explained {
            title: title.to_owned(),
            text: text.trim_end().to_owned(),
        };
        let annotated = |title, kind, bytes: &[u8]| explained(title, explain_as(kind, bytes).to_string());
        Some(match event {
            DeviceEvent::Request(bytes) => {
                self.command = bytes.first().copied();
                annotated("request", Kind::Request, &bytes)
            }
            DeviceEvent::Response { bytes, .. } => {
                annotated("response", Kind::Response { command: self.command }, &bytes)
            }
            DeviceEvent::Step { step, outcome } => Event::Step {
                section: step.section.into(),
                number: step.number.into(),
                rule: step.rule.into(),
                outcome: outcome.to_string(),
            },
            DeviceEvent::Message(bytes) => explained("U2F message", HEXLOWER_PERMISSIVE.encode(&bytes)),
            DeviceEvent::MessageResponse(bytes) => {
                explained("U2F response", HEXLOWER_PERMISSIVE.encode(&bytes))
            }
            _ => return None,
        })
    }
}

/// The annotated bytes of an exchange, from what a device told.
pub(crate) fn exchanged(events: impl IntoIterator<Item = DeviceEvent>) -> Vec<Event> {
    let mut annotator = Annotator::default();
    events.into_iter().filter_map(|event| annotator.annotate(event)).collect()
}
