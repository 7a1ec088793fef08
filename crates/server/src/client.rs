//! A client for servers on this computer, plain HTTP with connections that are kept.

use std::{
    fmt,
    path::{Path, PathBuf},
    time::Duration,
};

use axum::body::Body;
use hyper::{Request, Uri, header};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use serde::{Deserialize, Serialize};
use softhello_app::ANNOUNCEMENT;
use tokio::time::timeout;

/// What a server says of itself in its data directory.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Announced {
    /// As `http://localhost:7310`.
    pub(crate) server: String,
    pub(crate) token: String,
    /// Its process.
    pub(crate) pid: u32,
    /// Where it takes the pipes of browsers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) socket: Option<PathBuf>,
}

impl fmt::Debug for Announced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Announced")
            .field("server", &self.server)
            .field("pid", &self.pid)
            .finish_non_exhaustive()
    }
}

/// How long a server of this computer may take to say that it is there.
const ANSWERS_BY: Duration = Duration::from_secs(2);

pub(crate) type Http = Client<HttpConnector, Body>;

pub(crate) fn http() -> Http {
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    Client::builder(TokioExecutor::new()).build(connector)
}

impl Announced {
    /// The server that runs in a data directory. What a crash left is no server.
    pub(crate) async fn find(data: &Path, http: &Http) -> Option<Self> {
        let text = std::fs::read_to_string(data.join(ANNOUNCEMENT)).ok()?;
        let found: Self = serde_json::from_str(&text).ok()?;
        // Another program may have the port by now, and would be given the token: the server has to run. What is left is that
        // after a crash its number and its port went to others; they get the token of a server that is gone.
        if !is_alive(found.pid) {
            return None;
        }
        // Only a server that takes the token is the one.
        let login = found.request("POST", "/login", Body::empty())?;
        let answer = timeout(ANSWERS_BY, http.request(login)).await.ok()?.ok()?;
        answer.status().is_success().then_some(found)
    }

    /// A request with the token.
    pub(crate) fn request(&self, method: &str, path: &str, body: Body) -> Option<Request<Body>> {
        let request = Request::builder()
            .method(method)
            .uri(self.uri(path)?)
            .header(header::AUTHORIZATION, self.bearer())
            .header(header::CONTENT_TYPE, "application/json");
        request.body(body).ok()
    }

    fn uri(&self, path: &str) -> Option<Uri> {
        format!("{}{path}", self.server).parse().ok()
    }

    fn bearer(&self) -> String {
        format!("Bearer {}", self.token)
    }
}

/// Whether a process runs that this user may signal, as a server that wrote a file for this user is.
#[cfg(unix)]
fn is_alive(pid: u32) -> bool {
    let pid = i32::try_from(pid).ok().and_then(rustix::process::Pid::from_raw);
    pid.is_some_and(|pid| rustix::process::test_kill_process(pid).is_ok())
}

/// Elsewhere it takes unsafe code to ask.
#[cfg(not(unix))]
fn is_alive(_: u32) -> bool {
    true
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    async fn found(pid: u32, server: &str) -> Option<Announced> {
        let folder = tempfile::tempdir().expect("a folder");
        let text = serde_json::json!({ "server": server, "token": "secret", "pid": pid }).to_string();
        std::fs::write(folder.path().join(ANNOUNCEMENT), text).expect("written");
        Announced::find(folder.path(), &http()).await
    }

    #[tokio::test]
    async fn who_has_the_port_of_a_server_that_is_gone_gets_no_token_and_holds_nobody_up() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let server = format!("http://{}", listener.local_addr().expect("an address"));
        let begin = Instant::now();
        // It takes the connection and says nothing.
        assert!(found(std::process::id(), &server).await.is_none());
        assert!(begin.elapsed() < Duration::from_secs(20));
        listener.accept().await.expect("it was asked");
        #[cfg(unix)]
        {
            // No system has so many.
            for pid in [0, 0x7fff_fffe, u32::MAX] {
                assert!(found(pid, &server).await.is_none(), "{pid}");
            }
            timeout(Duration::from_millis(50), listener.accept()).await.expect_err("it was not asked");
        }
    }

    #[test]
    fn the_token_is_not_printed() {
        let announced =
            Announced { server: "http://x".to_owned(), token: "secret".to_owned(), pid: 1, socket: None };
        assert!(!format!("{announced:?}").contains("secret"));
    }
}
