//! A WebDriver proxy before chromedriver or another driver of a Chromium: it starts the browser with the extension and
//! answers the `webauthn` endpoints itself, so that a suite with virtual authenticators runs as it is.

use std::{
    collections::HashMap,
    ffi::OsString,
    net::SocketAddr,
    path::Path as FilePath,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use axum::{
    Json, Router,
    body::{Body, Bytes},
    extract::{Path, Request, State},
    http::{StatusCode, Uri, header},
    response::{IntoResponse, Response},
    routing::{delete, post},
};
use http_body_util::{BodyExt as _, Limited};
use serde_json::{Map, Value, json};
use softhello_app::{AppError, Devices, ProfileChoice};
use tempfile::TempDir;
use tokio::{net::TcpListener, time::timeout};
use uuid::Uuid;

use crate::{
    Config, Server, Shared,
    access::Access,
    api::Whole,
    client::{Http, http},
    connections,
    extension::{self, ExtensionConfig},
    lock, sessions,
};

/// How a proxy is run.
#[derive(Clone, Debug)]
pub struct ProxyConfig {
    /// Where it listens; port 0 picks one.
    pub listen: SocketAddr,
    /// The driver, as `http://127.0.0.1:9515`.
    pub driver: String,
    /// What every virtual authenticator is, whatever is asked for.
    pub profile: Option<ProfileChoice>,
}

impl ProxyConfig {
    /// Where a proxy listens unless it is told.
    pub const LISTEN: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 7311);
}

/// A proxy that listens.
pub struct Proxy {
    config: ProxyConfig,
    listener: TcpListener,
    address: SocketAddr,
    driver: Uri,
    /// What the extension asks, on a port of its own.
    server: Server,
}

/// What every request sees.
struct Running {
    driver: Uri,
    http: Http,
    shared: Arc<Shared>,
    /// The `webauthn` endpoints.
    endpoints: Router,
    server: String,
    token: String,
    sessions: Mutex<HashMap<String, Session>>,
}

/// A session of the driver.
struct Session {
    /// The name of its virtual authenticators' session.
    name: String,
    /// The extension's folder, which the browser reads.
    _extension: TempDir,
}

/// The longest body of a request or of an answer of `POST /session`.
const MAX_BODY: usize = 64 * 1024 * 1024;

/// How long the extension may take until it is the browser's authenticator.
const ATTACHED_BY: Duration = Duration::from_secs(5);

/// Where drivers of Chromium take their browser's options.
const OPTIONS: [&str; 2] = ["goog:chromeOptions", "ms:edgeOptions"];

impl Proxy {
    /// Listens.
    ///
    /// # Errors
    ///
    /// [`AppError`] if the address is taken or can be reached from other computers, or the driver's is none.
    pub async fn bind(config: ProxyConfig) -> Result<Self, AppError> {
        let driver: Option<Uri> = config.driver.trim_end_matches('/').parse().ok();
        let driver = driver.filter(|uri| uri.scheme_str() == Some("http") && uri.authority().is_some());
        let driver = driver.ok_or_else(|| {
            AppError::usage(
                format!("`{}` is not where a driver listens", config.driver),
                "start chromedriver and give its address, as http://127.0.0.1:9515",
            )
        })?;
        if !config.listen.ip().is_loopback() {
            return Err(AppError::usage(
                format!("{} can be reached from other computers", config.listen),
                "whoever reaches it controls the browser: listen on 127.0.0.1",
            ));
        }
        let failed = |error: std::io::Error| {
            let error = AppError::io(format_args!("listen on {}", config.listen), &error);
            AppError { hint: "`--listen 127.0.0.1:0` picks a free port".to_owned(), ..error }
        };
        let listener = TcpListener::bind(config.listen).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let own = Config { listen: Some(([127, 0, 0, 1], 0).into()), ..Config::default() };
        let server = Server::bind(own).await?;
        Ok(Self { config, listener, address, driver, server })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The server with the API and the inspector of what happens in its browsers.
    pub fn inspector(&self) -> String {
        self.server.inspector()
    }

    /// Serves until `end`, then finishes what is under way.
    ///
    /// # Errors
    ///
    /// [`AppError`] if the profile is none.
    pub async fn serve(self, devices: Arc<Devices>, end: impl Future<Output = ()>) -> Result<(), AppError> {
        if let Some(profile) = &self.config.profile {
            profile.load()?;
        }
        let shared = self.server.shared(devices, self.config.profile);
        let running = Arc::new(Running {
            driver: self.driver,
            http: http(),
            endpoints: sessions::webdriver_router(Arc::clone(&shared)),
            server: self.server.url(),
            token: self.server.token().to_owned(),
            sessions: Mutex::default(),
            shared: Arc::clone(&shared),
        });
        let access = Arc::new(Access::without_token(self.address));
        let router = Router::new()
            .route("/session", post(new_session))
            .route("/session/{session}", delete(end_session))
            .fallback(pass_on)
            .with_state(Arc::clone(&running));
        let answer = move |request| {
            let (access, router) = (Arc::clone(&access), router.clone());
            async move {
                match access.refusal(&request) {
                    None => connections::routed(router, request).await,
                    Some(refusal) => refusal,
                }
            }
        };
        let limits = connections::Limits {
            connections: Config::default().connections(),
            patience: Config::default().patience(),
        };
        let mut ending = shared.ending.subscribe();
        let metrics = Arc::clone(&shared.metrics);
        let proxying = connections::serve(self.listener, answer, limits, metrics, async move {
            // The sender lives as long as the server.
            let _ = ending.wait_for(|ending| *ending).await;
        });
        tokio::join!(proxying, self.server.serve_with(shared, end));
        Ok(())
    }
}

impl Running {
    fn sessions(&self) -> MutexGuard<'_, HashMap<String, Session>> {
        lock(&self.sessions)
    }

    /// Sends a request to the driver, as it came.
    async fn ask(&self, mut request: Request) -> Result<Response, Response> {
        let path = request.uri().path_and_query().map_or("/", |path| path.as_str()).to_owned();
        let base = self.driver.path().trim_end_matches('/');
        let authority = self.driver.authority().map_or("", |authority| authority.as_str());
        let uri = format!("http://{authority}{base}{path}")
            .parse()
            .map_err(|_| unreachable(&self.driver, "no URI"))?;
        *request.uri_mut() = uri;
        // The driver checks that it is meant.
        if let Ok(host) = authority.parse() {
            request.headers_mut().insert(header::HOST, host);
        }
        match self.http.request(request).await {
            Ok(answer) => Ok(answer.map(Body::new)),
            Err(error) => Err(unreachable(&self.driver, &error.to_string())),
        }
    }
}

fn unreachable(driver: &Uri, why: &str) -> Response {
    failed(&format!("the driver at {driver} does not answer ({why}): is it running?"))
}

fn failed(message: &str) -> Response {
    let value = json!({ "error": "unknown error", "message": message, "stacktrace": "" });
    (StatusCode::INTERNAL_SERVER_ERROR, Json(json!({ "value": value }))).into_response()
}

/// Starts a session whose browser has the extension.
async fn new_session(State(running): State<Arc<Running>>, request: Request) -> Response {
    begin(&running, request).await.unwrap_or_else(|refused| refused)
}

async fn begin(running: &Running, request: Request) -> Result<Response, Response> {
    let (mut head, body) = request.into_parts();
    let body = whole(body).await?;
    let mut body: Value = serde_json::from_slice(&body).unwrap_or_default();
    let folder = tempfile::Builder::new().prefix("softhello-extension-").tempdir();
    let folder = folder.map_err(|error| failed(&format!("cannot make a folder: {error}")))?;
    let name = Uuid::new_v4().to_string();
    let config = ExtensionConfig {
        server: &running.server,
        token: &running.token,
        path: &format!("/api/sessions/{name}"),
        native: false,
        open: None,
    };
    extension::write(folder.path(), Some(&config))
        .map_err(|error| failed(&format!("cannot write the extension: {error}")))?;
    load_extension(&mut body, &folder.path().display().to_string());
    head.headers.remove(header::CONTENT_LENGTH);
    let answer = running.ask(Request::from_parts(head, Body::from(body.to_string()))).await?;
    let (mut head, body) = answer.into_parts();
    let body = whole(body).await?;
    let Ok(mut answer) = serde_json::from_slice::<Value>(&body) else {
        return Ok(Response::from_parts(head, Body::from(body)));
    };
    let id = answer.pointer("/value/sessionId").or_else(|| answer.get("sessionId"));
    if let Some(id) = id.and_then(Value::as_str) {
        let browser = running.shared.sessions.session(&name);
        running.sessions().insert(id.to_owned(), Session { name, _extension: folder });
        // A suite may ask at once what the page sees. A browser that loads no extension is the suite's own affair.
        let _ = timeout(ATTACHED_BY, browser.attached()).await;
    }
    if let Some(capabilities) = answer.pointer_mut("/value/capabilities").and_then(Value::as_object_mut) {
        for capability in
            ["virtualAuthenticators", "extension:prf", "extension:largeBlob", "extension:credBlob"]
        {
            capabilities.insert(format!("webauthn:{capability}"), true.into());
        }
    }
    head.headers.remove(header::CONTENT_LENGTH);
    Ok(Response::from_parts(head, Body::from(answer.to_string())))
}

async fn end_session(
    State(running): State<Arc<Running>>,
    Path(session): Path<String>,
    request: Request,
) -> Response {
    let answer = running.ask(request).await.unwrap_or_else(|refused| refused);
    let ended = running.sessions().remove(&session);
    if let Some(ended) = ended {
        running.shared.sessions.remove(&running.shared.devices, &ended.name).await;
    }
    answer
}

/// The `webauthn` endpoints are ours, everything else is the driver's.
async fn pass_on(State(running): State<Arc<Running>>, mut request: Request) -> Response {
    if let Some((session, rest)) = webauthn(request.uri()) {
        let name = running.sessions().get(session).map(|session| session.name.clone());
        if let Some(name) = name
            && let Ok(uri) = format!("/session/{name}/webauthn{rest}").parse()
        {
            let (head, body) = request.into_parts();
            let body = match whole(body).await {
                Ok(body) => body,
                Err(refused) => return refused,
            };
            request = Whole(body).of(head);
            *request.uri_mut() = uri;
            return connections::routed(running.endpoints.clone(), request).await;
        }
    }
    running.ask(request).await.unwrap_or_else(|refused| refused)
}

/// The session and the rest of `/session/{session}/webauthn/…`.
fn webauthn(uri: &Uri) -> Option<(&str, &str)> {
    let (session, rest) = uri.path().strip_prefix("/session/")?.split_once('/')?;
    let rest = rest.strip_prefix("webauthn")?;
    rest.starts_with('/').then_some((session, rest))
}

async fn whole(body: Body) -> Result<Bytes, Response> {
    match Limited::new(body, MAX_BODY).collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) => Err(failed(&format!("the body cannot be read: {error}"))),
    }
}

/// Names the extension in every set of capabilities that may be chosen. One that the suite itself loads stays.
fn load_extension(body: &mut Value, folder: &str) {
    let Some(body) = body.as_object_mut() else { return };
    let capabilities = body.entry("capabilities").or_insert_with(|| json!({}));
    let Some(capabilities) = capabilities.as_object_mut() else { return };
    let always = capabilities.entry("alwaysMatch").or_insert_with(|| json!({}));
    let vendor = OPTIONS.into_iter().find(|vendor| always.get(vendor).is_some());
    if let Some(Value::Array(first)) = capabilities.get_mut("firstMatch")
        && vendor.is_none()
    {
        // Options stand in one of both places only.
        let mut named = false;
        for set in first.iter_mut().filter_map(Value::as_object_mut) {
            for vendor in OPTIONS {
                if let Some(options) = set.get_mut(vendor).and_then(Value::as_object_mut) {
                    add_argument(options, folder);
                    named = true;
                }
            }
        }
        if named {
            return;
        }
    }
    if let Some(always) = capabilities.get_mut("alwaysMatch").and_then(Value::as_object_mut) {
        let edge = always.get("browserName").and_then(Value::as_str) == Some("MicrosoftEdge");
        let vendor = vendor.unwrap_or(if edge { OPTIONS[1] } else { OPTIONS[0] });
        let options = always.entry(vendor).or_insert_with(|| json!({}));
        if let Some(options) = options.as_object_mut() {
            add_argument(options, folder);
        }
    }
}

fn add_argument(options: &mut Map<String, Value>, folder: &str) {
    let arguments = options.entry("args").or_insert_with(|| json!([]));
    let Some(given) = arguments.as_array_mut() else { return };
    // What is no text is for the driver to refuse.
    let (texts, others): (Vec<Value>, Vec<Value>) = given.drain(..).partition(Value::is_string);
    let texts = texts.iter().filter_map(Value::as_str).map(OsString::from).collect();
    let loading = extension::load(texts, FilePath::new(folder)).into_iter();
    given.extend(loading.filter_map(|argument| argument.into_string().ok()).map(Value::from).chain(others));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_extension_is_named_where_the_options_stand() {
        const FEATURE: &str = "--disable-features=DisableLoadExtensionCommandLineSwitch";
        for (before, pointer, want) in [
            (
                json!({}),
                "/capabilities/alwaysMatch/goog:chromeOptions/args",
                json!(["--load-extension=/x", FEATURE]),
            ),
            (
                json!({ "capabilities": { "alwaysMatch": { "goog:chromeOptions": { "args": ["--headless"] } } } }),
                "/capabilities/alwaysMatch/goog:chromeOptions/args",
                json!(["--headless", "--load-extension=/x", FEATURE]),
            ),
            (
                json!({ "capabilities": { "firstMatch": [{ "goog:chromeOptions": { "args": ["load-extension=/mine"] } }] } }),
                "/capabilities/firstMatch/0/goog:chromeOptions/args",
                json!(["--load-extension=/mine,/x", FEATURE]),
            ),
            (
                json!({ "capabilities": { "alwaysMatch": { "goog:chromeOptions": { "args": ["--disable-features=Mine", 1] } } } }),
                "/capabilities/alwaysMatch/goog:chromeOptions/args",
                json!(["--load-extension=/x", FEATURE.replace('=', "=Mine,"), 1]),
            ),
            (
                json!({ "capabilities": { "firstMatch": [{}], "alwaysMatch": { "browserName": "MicrosoftEdge" } } }),
                "/capabilities/alwaysMatch/ms:edgeOptions/args",
                json!(["--load-extension=/x", FEATURE]),
            ),
        ] {
            let mut body = before.clone();
            load_extension(&mut body, "/x");
            assert_eq!(body.pointer(pointer), Some(&want), "{before} became {body}");
        }
    }

    #[test]
    fn webauthn_endpoints_are_told_from_others() {
        let path = |text: &str| {
            text.parse::<Uri>()
                .ok()
                .and_then(|uri| webauthn(&uri).map(|(session, rest)| (session.to_owned(), rest.to_owned())))
        };
        assert_eq!(
            path("/session/a/webauthn/authenticator/b"),
            Some(("a".to_owned(), "/authenticator/b".to_owned()))
        );
        assert_eq!(path("/session/a/webauthnx/authenticator"), None);
        assert_eq!(path("/session/a/url"), None);
        assert_eq!(path("/status"), None);
    }
}
