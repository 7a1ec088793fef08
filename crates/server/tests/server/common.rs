//! A server in this process, and a client that says exactly what it is told.

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    sync::{Arc, mpsc},
    thread::{self, JoinHandle},
    time::Duration,
};

use serde_json::Value;
use softhello_app::{Context, EngineKind, Executor};
use softhello_server::{Config, Server};
use tokio::sync::oneshot;

pub(crate) const TOKEN: &str = "the-token-of-these-tests";

/// A server that ends when it is dropped.
pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    end: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Running {
    /// In memory, on a free port.
    pub(crate) fn start() -> Self {
        Self::with(Config::default())
    }

    pub(crate) fn with(config: Config) -> Self {
        let config =
            Config { listen: Some(([127, 0, 0, 1], 0).into()), token: Some(TOKEN.to_owned()), ..config };
        let (end, ended) = oneshot::channel::<()>();
        let (tell, told) = mpsc::channel();
        let thread = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
            runtime.expect("a runtime").block_on(async {
                let traces = config.traces();
                let server = Server::bind(config).await.expect("a server");
                tell.send(server.address()).expect("someone waits");
                let context = Context { store: Some(EngineKind::Memory), ..Context::default() };
                let serve = |devices: Arc<_>| async move {
                    server.serve(devices, async { drop(ended.await) }).await;
                    Ok(())
                };
                Executor::new(context).host(traces, &mut |_| {}, serve).await.expect("served");
            });
        });
        let address = told.recv().expect("an address");
        Self { address, end: Some(end), thread: Some(thread) }
    }

    /// A request with the token. An empty body is none.
    pub(crate) fn ask(&self, method: &str, path: &str, body: &str) -> Answer {
        self.say(method, path, &[("Authorization", &format!("Bearer {TOKEN}"))], body)
    }

    /// The JSON of an answer that has to have this status.
    #[track_caller]
    pub(crate) fn json(&self, method: &str, path: &str, body: &str, status: u16) -> Value {
        let answer = self.ask(method, path, body);
        assert_eq!(answer.status, status, "{method} {path}: {}", answer.body);
        if answer.body.is_empty() { Value::Null } else { answer.json() }
    }

    /// A request with these headers and a right `Host`.
    pub(crate) fn say(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let host = format!("localhost:{}", self.address.port());
        let mut all = vec![("Host", host.as_str()), ("Connection", "close")];
        all.extend(headers);
        let length = body.len().to_string();
        if !body.is_empty() {
            all.push(("Content-Length", &length));
        }
        self.raw(method, path, &all, body)
    }

    /// A request with these headers alone.
    pub(crate) fn raw(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let lines: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        self.bytes(format!("{method} {path} HTTP/1.1\r\n{lines}\r\n{body}").as_bytes())
    }

    /// Whatever this is, and what comes back until the connection ends.
    pub(crate) fn bytes(&self, request: &[u8]) -> Answer {
        let mut stream = self.connect();
        // A server that refuses early may close before all is written.
        let _ = stream.write_all(request);
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        Answer::read(&answer)
    }

    /// Sends a request with the token, and leaves the answer to whoever reads it.
    pub(crate) fn begin(&self, method: &str, path: &str, body: &str) -> TcpStream {
        let (mut stream, port) = (self.connect(), self.address.port());
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: localhost:{port}\r\nAuthorization: Bearer {TOKEN}\r\n\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        )
        .expect("written");
        stream
    }

    pub(crate) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).expect("a connection");
        stream.set_read_timeout(Some(Duration::from_secs(30))).expect("a timeout");
        stream
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.end.take());
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
            && !thread::panicking()
        {
            panic!("the server panicked");
        }
    }
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Answer {
    fn read(bytes: &[u8]) -> Self {
        let text = String::from_utf8_lossy(bytes);
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
        Self { status, head: head.to_owned(), body: body.to_owned() }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (found, value) = line.split_once(": ")?;
            found.eq_ignore_ascii_case(name).then_some(value)
        })
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }
}

/// What a page at `https://rp.example` asks for.
pub(crate) fn create(user: &str) -> String {
    serde_json::json!({
        "origin": "https://rp.example",
        "options": {
            "rp": { "name": "RP" },
            "user": { "id": "YWRh", "name": user, "displayName": "Ada" },
            "challenge": "AAECAwQFBgcICQoLDA0ODw",
            "pubKeyCredParams": [{ "type": "public-key", "alg": -7 }],
        },
    })
    .to_string()
}

pub(crate) const GET: &str = r#"{"origin":"https://rp.example","options":{"challenge":"AAEC"}}"#;
