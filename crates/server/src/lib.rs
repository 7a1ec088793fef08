//! softhello over HTTP: an API for every language, virtual authenticators for WebDriver and CDP, an inspector, a
//! demonstration, and the browser extension with its native messaging host.
//!
//! It is a thin face of `softhello-app`: a request becomes an operation at one of the [`Devices`], what comes of it becomes
//! a response. Who may make requests is in `access`.
#![forbid(unsafe_code)]

mod access;
mod api;
pub mod browser;
mod client;
mod config;
mod connections;
mod demo;
mod error;
mod extension;
mod files;
mod metrics;
mod sessions;
mod slow;
pub mod webdriver;

use std::{
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use axum::{Json, Router, http::Method, response::IntoResponse as _, routing};
use softhello_app::{AppError, Devices, ProfileChoice};
use tokio::{net::TcpListener, sync::watch};
use utoipa::openapi::OpenApi;

pub use config::Config;

use access::Access;
use metrics::Metrics;
use sessions::Sessions;

/// What every request sees.
pub(crate) struct Shared {
    devices: Arc<Devices>,
    sessions: Sessions,
    demo: demo::Demo,
    metrics: Arc<Metrics>,
    access: Arc<Access>,
    /// Becomes true when the server ends.
    ending: watch::Sender<bool>,
}

/// A server that listens.
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    access: Arc<Access>,
    config: Config,
    /// Where the pipes of browsers come, and its path.
    #[cfg(target_os = "linux")]
    browsers: Option<(std::os::unix::net::UnixListener, std::path::PathBuf)>,
}

impl Server {
    /// Listens. Connections wait until [`Server::serve`].
    ///
    /// # Errors
    ///
    /// [`AppError`] if the address is taken, or is not for other computers and could be reached from there.
    pub async fn bind(config: Config) -> Result<Self, AppError> {
        let listen = config.address()?;
        let failed = |error: std::io::Error| {
            let hint = match error.kind() {
                std::io::ErrorKind::AddrInUse => {
                    "another program has it, perhaps another softhello: `--listen 127.0.0.1:0` picks a free port"
                }
                _ => "`--listen` takes an address of this computer and a port, as 127.0.0.1:7310",
            };
            AppError { hint: hint.to_owned(), ..AppError::io(format_args!("listen on {listen}"), &error) }
        };
        let listener = TcpListener::bind(listen).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let access = Arc::new(Access::new(&config, address)?);
        Ok(Self {
            listener,
            address,
            access,
            config,
            #[cfg(target_os = "linux")]
            browsers: None,
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The token that requests need.
    pub fn token(&self) -> &str {
        self.access.token()
    }

    /// Where a browser finds it: WebAuthn knows no addresses, so that this computer is called by its name.
    pub fn url(&self) -> String {
        url(self.address)
    }

    /// The address of the inspector, with the token where no server ever sees it.
    pub fn inspector(&self) -> String {
        format!("{}/#token={}", self.url(), self.token())
    }

    /// Tells programs of this account where it listens, in the data directory; on Linux it takes the pipes of browsers there.
    ///
    /// # Errors
    ///
    /// [`AppError`] if nothing can be written there.
    pub fn announce(&mut self, devices: &Devices) -> Result<(), AppError> {
        #[cfg(target_os = "linux")]
        {
            self.browsers = devices.listen(browser::SOCKET)?;
        }
        devices.announce(&serde_json::json!(self.announced()))
    }

    pub(crate) fn announced(&self) -> client::Announced {
        client::Announced {
            server: self.url(),
            token: self.token().to_owned(),
            pid: std::process::id(),
            #[cfg(target_os = "linux")]
            socket: {
                let path = self.browsers.as_ref().map(|(_, path)| path.clone());
                // What JSON cannot say is not said.
                path.filter(|path| path.to_str().is_some())
            },
            #[cfg(not(target_os = "linux"))]
            socket: None,
        }
    }

    /// What its requests will see. Virtual authenticators have this profile, if one is given.
    pub(crate) fn shared(&self, devices: Arc<Devices>, profile: Option<ProfileChoice>) -> Arc<Shared> {
        Arc::new(Shared {
            devices,
            sessions: Sessions::new(profile),
            demo: demo::Demo::new(self.url()),
            metrics: Arc::new(Metrics::new()),
            access: Arc::clone(&self.access),
            ending: watch::Sender::new(false),
        })
    }

    /// Serves until `end`, then finishes what is under way.
    pub async fn serve(self, devices: Arc<Devices>, end: impl Future<Output = ()>) {
        let shared = self.shared(devices, None);
        self.serve_with(shared, end).await;
    }

    pub(crate) async fn serve_with(self, shared: Arc<Shared>, end: impl Future<Output = ()>) {
        let (metrics, ending) = (Arc::clone(&shared.metrics), shared.ending.clone());
        let bound = api::Bound { bytes: self.config.body(), patience: self.config.patience() };
        let routes = router(shared);
        let answer = move |request| {
            let routes = routes.clone();
            async move {
                match bound.whole(request).await {
                    Ok(request) => connections::routed(routes, request).await,
                    Err(error) => error.into_response(),
                }
            }
        };
        let limits =
            connections::Limits { connections: self.config.connections(), patience: self.config.patience() };
        #[cfg(target_os = "linux")]
        let browsers = {
            let (answer, ending, most) = (answer.clone(), ending.subscribe(), limits.connections);
            let serve = |(listener, _)| browser::serve_browsers(listener, answer, most, ending);
            futures_util::future::OptionFuture::from(self.browsers.map(serve))
        };
        #[cfg(not(target_os = "linux"))]
        let browsers = std::future::ready(());
        let access = self.access;
        let checked = move |request| {
            let (access, answer) = (Arc::clone(&access), answer.clone());
            async move {
                match access.refusal(&request) {
                    Some(refusal) => refusal,
                    None => answer(request).await,
                }
            }
        };
        let end = async {
            end.await;
            ending.send_replace(true);
        };
        tokio::join!(browsers, connections::serve(self.listener, checked, limits, metrics, end));
    }
}

/// The same as [`Server::url`], of an address.
fn url(address: SocketAddr) -> String {
    let ip = address.ip();
    // The name leads to these two addresses alone; one that stands for all is no place to go to.
    match ip.is_unspecified() || ip == Ipv4Addr::LOCALHOST || ip == Ipv6Addr::LOCALHOST {
        true => format!("http://localhost:{}", address.port()),
        false => format!("http://{address}"),
    }
}

fn router(shared: Arc<Shared>) -> Router {
    let (router, description) = api::described();
    let described = Json(description);
    router
        .route("/openapi.json", routing::get(move || async move { described }))
        .route("/", routing::get(files::inspector))
        .route("/demo", routing::get(files::demo))
        .route("/favicon.ico", routing::get(files::favicon))
        .route("/static/{name}", routing::get(files::named))
        .nest("/demo/api", demo::routes())
        .method_not_allowed_fallback(not_allowed)
        .fallback(not_found)
        .with_state(shared)
}

async fn not_found(uri: axum::http::Uri) -> error::Error {
    error::Error::not_found(
        format!("there is nothing at {}", uri.path().chars().take(200).collect::<String>()),
        "GET /openapi.json describes every request",
    )
}

async fn not_allowed(method: Method, uri: axum::http::Uri) -> error::Error {
    error::Error::new(
        axum::http::StatusCode::METHOD_NOT_ALLOWED,
        format!("{} does not take {method}", uri.path().chars().take(200).collect::<String>()),
        "the header `Allow` says what it takes",
    )
}

/// Locks, also after a panic: what is behind these locks is never half changed.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The description of the API, as OpenAPI 3.1.
pub fn openapi() -> OpenApi {
    api::described().1
}
