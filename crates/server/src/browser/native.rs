//! The native messaging host of the extension: frames on standard input and output, requests to a server.
//!
//! A browser starts it with the extension's origin as its argument. It asks the server that runs in the data directory;
//! if there is none, it is one itself until the browser ends it.
//!
//! Source: Chrome's documentation, "Native messaging": each message is JSON behind its length in 32 bits of native byte
//! order; at most 1 MiB to the browser.

use std::{
    cell::Cell,
    collections::HashMap,
    io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use axum::{body::Body, http::StatusCode};
use http_body_util::{BodyExt as _, Limited};
use serde::Deserialize;
use serde_json::{Value, json, value::RawValue};
use softhello_app::{AppError, Executor, Exit};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    sync::{Mutex, mpsc},
    task::JoinSet,
    time::{sleep, timeout},
};

use crate::{
    Config, Server,
    client::{Announced, Http, http},
    error::Error,
};

/// The longest message from the browser.
const MAX_REQUEST: u32 = 4 * 1024 * 1024;
/// The longest message to the browser.
const MAX_RESPONSE: usize = 1024 * 1024;
/// The device that the extension has where it is not told another one.
const DEFAULT_PATH: &str = "/api/devices/default";

/// How long another process that has the data directory may take to say where it listens.
const SAID_BY: Duration = Duration::from_secs(2);

/// Whether a browser started this process, by its first argument after the program's name.
pub fn is_native_messaging(first: &str) -> bool {
    first.starts_with("chrome-extension://")
}

/// A message of the extension.
#[derive(Deserialize)]
struct Message {
    id: u64,
    #[serde(default)]
    hello: bool,
    #[serde(default)]
    cancel: bool,
    #[serde(default)]
    method: String,
    #[serde(default)]
    path: String,
    #[serde(default)]
    body: Option<Box<RawValue>>,
}

/// Answers the extension until the browser closes the connection.
///
/// # Errors
///
/// [`AppError`] if no server runs in the data directory and none can be started, or the browser breaks the rules of the
/// framing.
pub async fn native_messaging(data: PathBuf, executor: Executor, version: &str) -> Result<(), AppError> {
    let http = http();
    if let Some(server) = Announced::find(&data, &http).await {
        return bridge(server, Some(data), http, version).await;
    }
    let began = Cell::new(false);
    match host(executor, http.clone(), version, &began).await {
        // Two browsers that start at once both find none, and one of them has the directory then.
        Err(error) if error.exit == Exit::Storage && !began.get() => match said(&data, &http).await {
            Some(server) => bridge(server, Some(data), http, version).await,
            None => Err(error),
        },
        ended => ended,
    }
}

/// Is the server that the extension asks. `began` is set once the data directory is its own, and the browser is listened to.
async fn host(executor: Executor, http: Http, version: &str, began: &Cell<bool>) -> Result<(), AppError> {
    let config = Config { listen: Some(([127, 0, 0, 1], 0).into()), ..Config::default() };
    let server = Server::bind(config).await?;
    let serve = |devices: Arc<softhello_app::Devices>| async move {
        began.set(true);
        devices.announce(&server.announcement())?;
        let own = server.announced();
        let (ended, end) = tokio::sync::oneshot::channel::<()>();
        let serving = server.serve(devices, async { drop(end.await) });
        let bridging = async {
            let bridged = bridge(own, None, http, version).await;
            drop(ended);
            bridged
        };
        tokio::join!(serving, bridging).1
    };
    executor.host(Config::default().traces(), &mut |_| {}, serve).await
}

/// The server of another process, as soon as it says where it listens.
async fn said(data: &Path, http: &Http) -> Option<Announced> {
    let asking = async {
        loop {
            if let Some(found) = Announced::find(data, http).await {
                return found;
            }
            sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(SAID_BY, asking).await.ok()
}

/// Where requests go; another server may take the place of one that ended.
struct Bridge {
    server: Mutex<Announced>,
    data: Option<PathBuf>,
    http: Http,
}

async fn bridge(server: Announced, data: Option<PathBuf>, http: Http, version: &str) -> Result<(), AppError> {
    let bridge = Arc::new(Bridge { server: Mutex::new(server), data, http });
    let (answer, answers) = mpsc::channel(64);
    let writing = tokio::spawn(write_all(stdio::output(), answers));
    let result = serve(stdio::input(), answer, &bridge, version).await;
    // The last answers; a browser that went away does not take them.
    let _ = writing.await;
    result.map_err(|error| AppError::io("read from the browser", &error))
}

/// Standard input and output. Where they are pipes, as browsers make them, no thread has to be woken for each message.
mod stdio {
    use tokio::io::{AsyncRead, AsyncWrite};

    pub(super) fn input() -> Box<dyn AsyncRead + Send + Unpin> {
        #[cfg(unix)]
        if let Ok(pipe) = own(&std::io::stdin())
            && let Ok(pipe) = tokio::net::unix::pipe::Receiver::from_owned_fd(pipe)
        {
            return Box::new(pipe);
        }
        Box::new(tokio::io::stdin())
    }

    pub(super) fn output() -> Box<dyn AsyncWrite + Send + Unpin> {
        #[cfg(unix)]
        if let Ok(pipe) = own(&std::io::stdout())
            && let Ok(pipe) = tokio::net::unix::pipe::Sender::from_owned_fd(pipe)
        {
            return Box::new(pipe);
        }
        Box::new(tokio::io::stdout())
    }

    #[cfg(unix)]
    fn own(of: &impl std::os::fd::AsFd) -> std::io::Result<std::os::fd::OwnedFd> {
        of.as_fd().try_clone_to_owned()
    }
}

/// Answers until the end. Dropping what is under way aborts it.
async fn serve(
    input: impl AsyncRead + Send + Unpin + 'static,
    answer: mpsc::Sender<Vec<u8>>,
    bridge: &Arc<Bridge>,
    version: &str,
) -> io::Result<()> {
    let (tell, mut messages) = mpsc::channel(64);
    let reading = tokio::spawn(read_all(input, tell));
    let mut under_way = JoinSet::new();
    let mut handles = HashMap::new();
    loop {
        let message = tokio::select! {
            message = messages.recv() => message,
            Some(ended) = under_way.join_next(), if !under_way.is_empty() => {
                if let Ok(id) = ended {
                    handles.remove(&id);
                }
                continue;
            }
        };
        let Some(message) = message else {
            return reading.await.unwrap_or_else(|broken| Err(io::Error::other(broken)));
        };
        let Ok(message) = serde_json::from_slice::<Message>(&message) else {
            // Whoever sent this waits for no id that could be answered.
            continue;
        };
        let id = message.id;
        if message.cancel {
            if let Some(handle) = handles.remove(&id) {
                tokio::task::AbortHandle::abort(&handle);
            }
        } else if message.hello {
            let hello = json!({ "version": version, "path": DEFAULT_PATH });
            let _ = answer.send(framed(id, 200, &hello.to_string())).await;
        } else {
            let (bridge, answer) = (Arc::clone(bridge), answer.clone());
            let handle = under_way.spawn(async move {
                let (status, body) = bridge.ask(&message).await;
                let _ = answer.send(framed(id, status, &body)).await;
                id
            });
            handles.insert(id, handle);
        }
    }
}

impl Bridge {
    /// A request's status, and its body as JSON.
    async fn ask(&self, message: &Message) -> (u16, String) {
        if !is_allowed(&message.method, &message.path) {
            return failed(StatusCode::NOT_FOUND, "the extension may not ask for that", "see its worker.js");
        }
        let mut server = self.server.lock().await.clone();
        for last in [false, true] {
            let body = message.body.as_ref().map_or("", |body| body.get()).to_owned();
            let Some(request) = server.request(&message.method, &message.path, Body::from(body)) else {
                return failed(
                    StatusCode::BAD_REQUEST,
                    "that is no request",
                    "see the extension's worker.js",
                );
            };
            let answer = match self.http.request(request).await {
                Ok(answer) => answer,
                // What was sent may have been done: only what did not get there is sent again.
                Err(error) if last || !error.is_connect() => {
                    return failed(
                        StatusCode::SERVICE_UNAVAILABLE,
                        &format!("softhello does not answer: {error}"),
                        "run `softhello serve`",
                    );
                }
                Err(_) => {
                    // It may have been started again, on another port.
                    if let Some(data) = &self.data
                        && let Some(found) = Announced::find(data, &self.http).await
                    {
                        server = found.clone();
                        *self.server.lock().await = found;
                    }
                    continue;
                }
            };
            let status = answer.status().as_u16();
            return match Limited::new(answer.into_body(), MAX_RESPONSE).collect().await {
                Ok(body) => passed_on(status, body.to_bytes().to_vec()),
                Err(_) => failed(
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "the answer is too long for the browser",
                    "at most 1 MiB",
                ),
            };
        }
        failed(StatusCode::SERVICE_UNAVAILABLE, "softhello does not answer", "run `softhello serve`")
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

/// A server's answer as the extension gets it. What is no JSON would break its frame, and with it every other request.
fn passed_on(status: u16, body: Vec<u8>) -> (u16, String) {
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

fn failed(status: StatusCode, message: &str, hint: &str) -> (u16, String) {
    (status.as_u16(), json!(Error::new(status, message, hint)).to_string())
}

/// A message to the extension. `body` is JSON.
fn framed(id: u64, status: u16, body: &str) -> Vec<u8> {
    let text = format!("{{\"id\":{id},\"status\":{status},\"body\":{body}}}");
    let text = if text.len() > MAX_RESPONSE {
        let (status, body) = failed(
            StatusCode::INTERNAL_SERVER_ERROR,
            "the answer is too long for the browser",
            "at most 1 MiB",
        );
        json!({ "id": id, "status": status, "body": serde_json::from_str::<Value>(&body).ok() }).to_string()
    } else {
        text
    };
    // Short enough for 32 bits by now.
    let length = u32::try_from(text.len()).unwrap_or_default();
    [&length.to_ne_bytes()[..], text.as_bytes()].concat()
}

async fn write_all(mut output: impl AsyncWrite + Unpin, mut messages: mpsc::Receiver<Vec<u8>>) {
    while let Some(message) = messages.recv().await {
        let written = async {
            output.write_all(&message).await?;
            output.flush().await
        };
        if written.await.is_err() {
            return;
        }
    }
}

async fn read_all(mut input: impl AsyncRead + Unpin, tell: mpsc::Sender<Vec<u8>>) -> io::Result<()> {
    while let Some(message) = read(&mut input).await? {
        if tell.send(message).await.is_err() {
            break;
        }
    }
    Ok(())
}

/// The next message; none at the end.
async fn read(input: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<Vec<u8>>> {
    let mut length = [0; 4];
    match input.read_exact(&mut length).await {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        other => other.map(drop)?,
    }
    let length = u32::from_ne_bytes(length);
    if length > MAX_REQUEST {
        return Err(io::Error::other(format!("a message of {length} bytes, more than {MAX_REQUEST}")));
    }
    let mut message = vec![0; length as usize];
    input.read_exact(&mut message).await?;
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
        assert_eq!(passed_on(204, Vec::new()), (204, "null".to_owned()));
        assert_eq!(passed_on(200, b"{\"a\":[1]}".to_vec()), (200, "{\"a\":[1]}".to_owned()));
        for broken in [&b"<html>"[..], b"{}{}", b"{}},\"id\":2", b"{", b"\xff"] {
            let (status, body) = passed_on(200, broken.to_vec());
            assert_eq!(status, 502);
            let frame = framed(7, status, &body);
            let message: Value = serde_json::from_slice(frame.get(4..).expect("a message")).expect("JSON");
            assert_eq!((message.get("id"), message.get("status")), (Some(&json!(7)), Some(&json!(502))));
        }
    }
}
