//! What a ceremony did, kept for whoever looks later.

use std::{
    collections::VecDeque,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use data_encoding::BASE64URL_NOPAD;
use serde::Serializer;
use serde_json::{Value, json};
use softhello_ctap::{
    Event as DeviceEvent, Timestamp,
    explain::{Kind, explain_as},
};

use super::{CeremonyKind, diagram, recording::Recording};
use crate::{AppError, explained};

/// A ceremony that ended.
pub struct Trace {
    /// Its number: later is greater.
    pub id: u64,
    /// The device.
    pub device: String,
    /// The account of that device.
    pub account: String,
    /// Which ceremony.
    pub ceremony: CeremonyKind,
    /// The origin of the page.
    pub origin: String,
    /// The RP ID.
    pub rp_id: String,
    /// The name of the user that a passkey was made for.
    pub user_name: Option<String>,
    /// When it began.
    pub started: Timestamp,
    /// How long it took.
    pub duration: Duration,
    /// The options as they came; none where they were too long to keep.
    pub options: Option<String>,
    /// The response as JSON, or why there is none.
    pub result: Result<String, AppError>,
    /// What the device did.
    pub(super) recording: Recording,
}

impl fmt::Debug for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trace").field("id", &self.id).field("device", &self.device).finish_non_exhaustive()
    }
}

/// The longest name that is kept with a trace, in bytes: what a page writes there may be much longer.
const MAX_NAME: usize = 256;

/// A name as it is kept.
pub(super) fn shortened(mut name: String) -> String {
    if name.len() > MAX_NAME {
        name.truncate(name.floor_char_boundary(MAX_NAME));
        name.push('…');
        name.shrink_to_fit();
    }
    name
}

impl Trace {
    /// What a list shows of it.
    pub fn summary(&self) -> Value {
        let error = self.result.as_ref().err();
        json!({
            "id": self.id,
            "device": self.device,
            "account": self.account,
            "ceremony": self.ceremony.word(),
            "origin": self.origin,
            "rpId": self.rp_id,
            "userName": self.user_name,
            "started": time(self.started),
            "durationUs": u64::try_from(self.duration.as_micros()).unwrap_or(u64::MAX),
            "outcome": error.map_or("ok", |error| error.name.as_deref().unwrap_or("error")),
            "error": error.map(failure),
        })
    }

    /// All of it: every byte with its meaning, every step with its outcome, and who said what to whom.
    pub fn document(&self) -> Value {
        let mut document = self.summary();
        let response = self.response();
        let member = |name: &str| {
            let text = response.as_ref()?.get("response")?.get(name)?.as_str()?;
            BASE64URL_NOPAD.decode(text.as_bytes()).ok()
        };
        let explain = |title, kind, bytes: Vec<u8>| explained::tree(title, &explain_as(kind, &bytes), &bytes);
        let further = json!({
            "options": self.options.as_deref().and_then(|options| serde_json::from_str::<Value>(options).ok()),
            "response": response,
            "exchanges": self.exchanges(),
            "clientData": member("clientDataJSON").map(|bytes| String::from_utf8_lossy(&bytes).into_owned()),
            "attestationObject": member("attestationObject")
                .map(|bytes| explain("attestation object", Kind::AttestationObject, bytes)),
            "authenticatorData": member("authenticatorData")
                .map(|bytes| explain("authenticator data", Kind::AuthData, bytes)),
            "diagram": diagram::of(self),
        });
        if let (Some(document), Value::Object(further)) = (document.as_object_mut(), further) {
            document.extend(further);
        }
        document
    }

    fn response(&self) -> Option<Value> {
        serde_json::from_str(self.result.as_deref().ok()?).ok()
    }

    /// One for each request that reached the authenticator.
    fn exchanges(&self) -> Vec<Value> {
        let mut exchanges = Vec::new();
        let mut command = None;
        let (mut request, mut steps) = (Value::Null, Vec::new());
        for event in self.recording.events() {
            match &event {
                DeviceEvent::Request(bytes) => {
                    command = bytes.first().copied();
                    request = explained::tree("request", &explain_as(Kind::Request, bytes), bytes);
                }
                DeviceEvent::Step { step, outcome } => steps.push(json!({
                    "section": step.section,
                    "number": step.number,
                    "rule": step.rule,
                    "outcome": outcome.to_string(),
                })),
                DeviceEvent::Response { bytes, .. } => {
                    let response = explain_as(Kind::Response { command }, bytes);
                    exchanges.push(json!({
                        "request": request.take(),
                        "response": explained::tree("response", &response, bytes),
                        "steps": std::mem::take(&mut steps),
                    }));
                }
                DeviceEvent::Message(bytes) => request = explained::plain("U2F message", bytes),
                DeviceEvent::MessageResponse(bytes) => exchanges.push(json!({
                    "request": request.take(),
                    "response": explained::plain("U2F response", bytes),
                    "steps": std::mem::take(&mut steps),
                })),
                _ => {}
            }
        }
        // The power was cut, or the ceremony was dropped, before there was an answer.
        if !request.is_null() {
            exchanges.push(json!({ "request": request, "response": null, "steps": steps }));
        }
        exchanges
    }

    /// About how many bytes it takes.
    fn size(&self) -> usize {
        let result = match &self.result {
            Ok(response) => response.len(),
            Err(error) => error.reason.len() + error.hint.len() + MAX_NAME,
        };
        // Device, account, origin, RP ID and user.
        let names = 5 * MAX_NAME;
        size_of::<Self>()
            + self.recording.size()
            + result
            + names
            + self.options.as_ref().map_or(0, String::len)
    }
}

/// A failure, as the HTTP API tells it.
fn failure(error: &AppError) -> Value {
    json!({ "name": error.name, "message": error.reason, "chain": error.chain, "hint": error.hint })
}

/// The last ceremonies: at most so many, and at most [`Traces::MAX_BYTES`] of them.
pub struct Traces {
    most: usize,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    last: u64,
    bytes: usize,
    traces: VecDeque<(usize, Arc<Trace>)>,
}

impl Traces {
    /// How much memory they may take, about.
    pub const MAX_BYTES: usize = 64 * 1024 * 1024;

    pub(super) fn new(most: usize) -> Self {
        Self { most, kept: Mutex::default() }
    }

    /// Keeps one, gives it its number, and forgets the oldest where there are too many.
    pub(super) fn keep(&self, mut trace: Trace) -> Arc<Trace> {
        let size = trace.size();
        // Dropped behind the lock: nobody waits for that.
        let mut forgotten = Vec::new();
        let mut kept = self.lock();
        kept.last += 1;
        trace.id = kept.last;
        let trace = Arc::new(trace);
        kept.traces.push_back((size, Arc::clone(&trace)));
        kept.bytes += size;
        while kept.traces.len() > self.most || kept.bytes > Self::MAX_BYTES {
            let Some((size, trace)) = kept.traces.pop_front() else { break };
            kept.bytes -= size;
            forgotten.push(trace);
        }
        drop(kept);
        trace
    }

    /// One of them.
    pub fn find(&self, id: u64) -> Option<Arc<Trace>> {
        let kept = self.lock();
        let at = kept.traces.binary_search_by_key(&id, |(_, trace)| trace.id).ok()?;
        kept.traces.get(at).map(|(_, trace)| Arc::clone(trace))
    }

    /// The newest first: at most `limit`, of this device if one is named, before this number if one is given.
    pub fn list(&self, device: Option<&str>, before: Option<u64>, limit: usize) -> Vec<Arc<Trace>> {
        let kept = self.lock();
        let newest = kept.traces.iter().rev().map(|(_, trace)| trace);
        newest
            .filter(|trace| before.is_none_or(|before| trace.id < before))
            .filter(|trace| device.is_none_or(|device| trace.device == device))
            .take(limit)
            .map(Arc::clone)
            .collect()
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Traces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Traces").field("most", &self.most).finish_non_exhaustive()
    }
}

pub(super) fn time(time: Timestamp) -> String {
    i64::try_from(time.0)
        .ok()
        .and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok())
        .map_or_else(|| format!("{} ms", time.0), |time| format!("{time:.3}"))
}

pub(super) fn rfc3339<S: Serializer>(ms: &u64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&time(Timestamp(*ms)))
}
