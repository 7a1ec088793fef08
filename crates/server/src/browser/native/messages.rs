//! The messages of the extension and their answers.
//!
//! Source: Chrome's documentation, "Native messaging": each message is JSON behind its length in 32 bits of native byte
//! order; at most 1 MiB to the browser.

use std::{
    collections::HashMap,
    io,
    pin::pin,
    sync::atomic::{AtomicBool, Ordering::Relaxed},
    thread,
    time::{Duration, Instant},
};

use axum::{
    body::{Body, HttpBody},
    http::{Response, StatusCode},
};
use futures_util::{
    StreamExt as _, TryStreamExt as _,
    future::{AbortHandle, Aborted, abortable},
    stream::{self, FuturesUnordered},
};
use http_body_util::{BodyExt as _, Limited};
use serde::Deserialize;
use serde_json::{Value, json, value::RawValue};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

use super::awake::Awake;
use crate::error::Error;

/// The longest message from the browser.
const MAX_REQUEST: u32 = 4 * 1024 * 1024;
/// The longest message to the browser.
const MAX_RESPONSE: usize = 1024 * 1024;
/// The most requests of a browser at once.
const MAX_UNDER_WAY: usize = 64;
/// The device that the extension has where it is not told another one.
const DEFAULT_PATH: &str = "/api/devices/default";

/// A message of the extension.
#[derive(Deserialize)]
pub(super) struct Message {
    id: u64,
    #[serde(default)]
    hello: bool,
    #[serde(default)]
    cancel: bool,
    #[serde(default)]
    pub(super) method: String,
    #[serde(default)]
    pub(super) path: String,
    #[serde(default)]
    body: Option<Box<RawValue>>,
}

impl Message {
    pub(super) fn body(&self) -> Body {
        Body::from(self.body.as_ref().map_or("", |body| body.get()).to_owned())
    }
}

/// A request's status, and its body as JSON.
pub(super) type Answer = (u16, String);

/// Why no more is answered.
#[derive(Debug, PartialEq)]
pub(super) enum Ended {
    /// The browser takes no more.
    Browser,
    /// That was asked for. Whatever was read is answered, and no message is half read.
    Asked,
}

/// Answers the extension with what `ask` says to its requests, until the browser ends or `end` comes; then what is under way
/// is finished, and nothing more is read. Where the browser ends, it is dropped.
pub(super) async fn answer<A, F>(
    input: impl AsyncRead + Unpin,
    mut output: impl AsyncWrite + Unpin,
    ask: A,
    end: impl Future<Output = ()>,
) -> io::Result<Ended>
where
    A: Fn(Message) -> F,
    F: Future<Output = Answer>,
{
    let between = AtomicBool::new(true);
    let messages = stream::try_unfold(input, async |mut input| {
        Ok::<_, io::Error>(read(&mut input, &between).await?.map(|message| (message, input)))
    });
    let (mut messages, mut end) = (pin!(messages), pin!(end));
    let mut under_way = FuturesUnordered::new();
    let mut cancels: HashMap<u64, AbortHandle> = HashMap::new();
    let mut ending = false;
    let mut awake = Awake::new();
    loop {
        let reads = !ending || !between.load(Relaxed);
        if !reads && under_way.is_empty() {
            return Ok(Ended::Asked);
        }
        let message = tokio::select! {
            Some((id, answered)) = under_way.next() => {
                cancels.remove(&id);
                let answered: Result<Answer, Aborted> = answered;
                // Nobody waits for the answer to what was cancelled.
                if let Ok((status, body)) = answered {
                    write(&mut output, &framed(id, status, &body)).await?;
                }
                continue;
            }
            message = messages.try_next(), if reads => message?,
            () = &mut end, if !ending => {
                ending = true;
                continue;
            }
            () = awake.until_quiet() => continue,
        };
        let Some(message) = message else { return Ok(Ended::Browser) };
        let Ok(message) = serde_json::from_slice::<Message>(&message) else {
            // Whoever sent this waits for no id that could be answered.
            continue;
        };
        let id = message.id;
        if message.cancel {
            if let Some(cancel) = cancels.remove(&id) {
                cancel.abort();
            }
            continue;
        }
        let (status, body) = if message.hello {
            (200, json!({ "version": env!("CARGO_PKG_VERSION"), "path": DEFAULT_PATH }).to_string())
        } else if !is_allowed(&message.method, &message.path) {
            failed(StatusCode::NOT_FOUND, "the extension may not ask for that", "see its worker.js")
        } else if under_way.len() >= MAX_UNDER_WAY {
            failed(StatusCode::SERVICE_UNAVAILABLE, "too many requests are under way", "wait for some")
        } else {
            awake.requested();
            let (answered, cancel) = abortable(ask(message));
            under_way.push(async move { (id, answered.await) });
            cancels.insert(id, cancel);
            continue;
        };
        write(&mut output, &framed(id, status, &body)).await?;
    }
}

/// The extension needs ceremonies, and nothing else of the API.
fn is_allowed(method: &str, path: &str) -> bool {
    // A server reads another path than this one where there is a query, a fragment or an escape.
    if path.contains(['?', '#', '%']) {
        return false;
    }
    let parts: Vec<&str> = path.split('/').collect();
    match parts.as_slice() {
        ["", "api", "devices" | "sessions", id, word] if !id.is_empty() => match *word {
            "create" | "get" | "signal" => method == "POST",
            "uvpaa" => method == "GET",
            _ => false,
        },
        _ => false,
    }
}

/// A server's response as the extension gets it.
pub(super) async fn passed_on<B>(response: Response<B>) -> Answer
where
    B: HttpBody<Data: Send, Error: Into<axum::BoxError>>,
{
    let status = response.status().as_u16();
    match Limited::new(response.into_body(), MAX_RESPONSE).collect().await {
        Ok(body) => json_of(status, body.to_bytes().to_vec()),
        Err(_) => too_long(),
    }
}

/// What is no JSON would break its frame, and with it every other request.
fn json_of(status: u16, body: Vec<u8>) -> Answer {
    match String::from_utf8(body) {
        Ok(text) if text.is_empty() => (status, "null".to_owned()),
        Ok(text) if serde_json::from_str::<&RawValue>(&text).is_ok() => (status, text),
        _ => failed(
            StatusCode::BAD_GATEWAY,
            "what answered is no softhello: its answer is no JSON",
            "run `softhello serve`",
        ),
    }
}

pub(super) fn failed(status: StatusCode, message: &str, hint: &str) -> Answer {
    (status.as_u16(), json!(Error::new(status, message, hint)).to_string())
}

pub(super) fn no_request() -> Answer {
    failed(StatusCode::BAD_REQUEST, "that is no request", "see the extension's worker.js")
}

fn too_long() -> Answer {
    failed(StatusCode::INTERNAL_SERVER_ERROR, "the answer is too long for the browser", "at most 1 MiB")
}

/// A message to the extension. `body` is JSON.
fn framed(id: u64, status: u16, body: &str) -> Vec<u8> {
    let text = format!("{{\"id\":{id},\"status\":{status},\"body\":{body}}}");
    let text = if text.len() > MAX_RESPONSE {
        let (status, body) = too_long();
        json!({ "id": id, "status": status, "body": serde_json::from_str::<Value>(&body).ok() }).to_string()
    } else {
        text
    };
    // Short enough for 32 bits by now.
    let length = u32::try_from(text.len()).unwrap_or_default();
    [&length.to_ne_bytes()[..], text.as_bytes()].concat()
}

async fn write(output: &mut (impl AsyncWrite + Unpin), message: &[u8]) -> io::Result<()> {
    output.write_all(message).await?;
    output.flush().await?;
    linger();
    Ok(())
}

/// Stays awake until the browser has taken a message.
///
/// Chromium waits for the pipe on one thread and reads it on another, and the first one polls until the second one has read.
/// Where this thread's processor falls asleep in this moment, a virtual machine loses it, and Linux queues the second thread
/// behind the first, until the next tick: with two processors that was one message of five, for 2.4 ms.
fn linger() {
    if !cfg!(target_os = "linux") {
        return;
    }
    let begin = Instant::now();
    while begin.elapsed() < TAKEN_BY {
        thread::yield_now();
    }
}

/// How long it usually takes the browser to wake up and read.
const TAKEN_BY: Duration = Duration::from_micros(40);

/// The next message; none at the end. `between` is false while one is half read.
async fn read(input: &mut (impl AsyncRead + Unpin), between: &AtomicBool) -> io::Result<Option<Vec<u8>>> {
    let mut length = [0; 4];
    match input.read_exact(&mut length).await {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        other => other.map(drop)?,
    }
    between.store(false, Relaxed);
    let length = u32::from_ne_bytes(length);
    if length > MAX_REQUEST {
        return Err(io::Error::other(format!("a message of {length} bytes, more than {MAX_REQUEST}")));
    }
    let mut message = vec![0; length as usize];
    input.read_exact(&mut message).await?;
    between.store(true, Relaxed);
    Ok(Some(message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ceremonies_are_asked_for_and_nothing_else() {
        for (method, path, want) in [
            ("POST", "/api/devices/default/create", true),
            ("POST", "/api/devices/a.b-c_d~e/get", true),
            ("POST", "/api/devices/default/signal", true),
            ("GET", "/api/devices/default/uvpaa", true),
            ("POST", "/api/sessions/d7b0/get", true),
            // Another method.
            ("GET", "/api/devices/default/create", false),
            ("DELETE", "/api/devices/get", false),
            ("DELETE", "/api/devices/default/get", false),
            ("POST", "/api/devices/default/uvpaa", false),
            ("post", "/api/devices/default/get", false),
            ("", "/api/devices/default/get", false),
            // What only ends like a ceremony.
            ("GET", "/api/devices/default/accounts/default/export?x=/get", false),
            ("POST", "/api/devices/default/accounts/default/export#/get", false),
            ("DELETE", "/api/devices/d?/get", false),
            ("POST", "/api/devices/d?/get", false),
            ("POST", "/api/devices/d%3F/get", false),
            ("POST", "/api/devices/default/get?x", false),
            ("POST", "/api/devices/default/accounts/get", false),
            ("POST", "/api/devices/default/get/", false),
            ("POST", "/api/devices//get", false),
            ("POST", "//api/devices/default/get", false),
            ("POST", "/api/scenarios/x/get", false),
            ("POST", "api/devices/default/get", false),
            ("POST", "http://x/api/devices/default/get", false),
            ("POST", "@evil.example/api/devices/default/get", false),
            ("POST", "/get", false),
            ("POST", "", false),
        ] {
            assert_eq!(is_allowed(method, path), want, "{method} {path}");
        }
    }

    #[test]
    fn only_json_is_passed_on() {
        assert_eq!(json_of(204, Vec::new()), (204, "null".to_owned()));
        assert_eq!(json_of(200, b"{\"a\":[1]}".to_vec()), (200, "{\"a\":[1]}".to_owned()));
        for broken in [&b"<html>"[..], b"{}{}", b"{}},\"id\":2", b"{", b"\xff"] {
            let (status, body) = json_of(200, broken.to_vec());
            assert_eq!(status, 502);
            let frame = framed(7, status, &body);
            let message: Value = serde_json::from_slice(frame.get(4..).expect("a message")).expect("JSON");
            assert_eq!((message.get("id"), message.get("status")), (Some(&json!(7)), Some(&json!(502))));
        }
    }
}
