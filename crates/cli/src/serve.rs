//! `softhello serve`: flags and a file in, a server until Ctrl-C.

use std::{fmt, net::SocketAddr, path::PathBuf};

use clap::Args;
use softhello_app::{AppError, Devices, Event, Executor};
use softhello_server::{Config, Server};

#[derive(Args)]
pub(crate) struct ServeArguments {
    /// A TOML file with the settings; a flag outranks it
    #[arg(long, value_name = "FILE", env = "SOFTHELLO_CONFIG")]
    config: Option<PathBuf>,
    /// Where it listens; port 0 picks one [default: 127.0.0.1:7310]
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
    /// The token that requests need [default: a random one]
    #[arg(long, value_name = "TOKEN", env = "SOFTHELLO_TOKEN", hide_env_values = true)]
    token: Option<String>,
    /// Listens on an address that other computers can reach
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true")]
    allow_remote: Option<bool>,
    /// A further host that requests may name, with its port; can be given several times
    #[arg(long, value_name = "HOST:PORT")]
    allow_hosts: Vec<String>,
    /// A further `Origin`, of an extension or a program that has the token; pages get no CORS answer; can be given several times
    #[arg(long, value_name = "ORIGIN")]
    allow_origins: Vec<String>,
    /// The most connections at once; others are answered 503 [default: 1024]
    #[arg(long, value_name = "N")]
    max_connections: Option<usize>,
    /// The longest body of a request, in bytes [default: 2097152]
    #[arg(long, value_name = "BYTES")]
    max_body: Option<usize>,
    /// How long a request may take to arrive, in seconds [default: 20]
    #[arg(long, value_name = "SECONDS")]
    request_timeout: Option<u64>,
    /// How many ceremonies are kept for whoever looks [default: 1000]
    #[arg(long, value_name = "N")]
    traces: Option<usize>,
}

/// Without the token.
impl fmt::Debug for ServeArguments {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServeArguments")
            .field("config", &self.config)
            .field("listen", &self.listen)
            .finish_non_exhaustive()
    }
}

impl ServeArguments {
    /// The flags, then the file.
    pub(crate) fn config(&self) -> Result<Config, AppError> {
        let file = self.config.as_deref().map(Config::read).transpose()?.unwrap_or_default();
        let flags = Config {
            listen: self.listen,
            token: self.token.clone().filter(|token| !token.is_empty()),
            allow_remote: self.allow_remote,
            allow_hosts: self.allow_hosts.clone(),
            allow_origins: self.allow_origins.clone(),
            max_connections: self.max_connections,
            max_body: self.max_body,
            request_timeout: self.request_timeout,
            traces: self.traces,
            ..Config::default()
        };
        Ok(flags.or(file))
    }
}

/// Serves until Ctrl-C or SIGTERM, then finishes what is under way. `ready` hears where it listens.
pub(crate) async fn run(
    config: Config,
    executor: Executor,
    events: &mut (dyn FnMut(Event) + Send),
    ready: impl FnOnce(&Server) -> Result<(), AppError>,
) -> Result<(), AppError> {
    let traces = config.traces();
    let interruption = Interruption::listen()?;
    let mut server = Server::bind(config).await?;
    let serve = |devices: std::sync::Arc<Devices>| async move {
        server.announce(&devices)?;
        ready(&server)?;
        server.serve(devices, interruption.wait()).await;
        Ok(())
    };
    executor.host(traces, events, serve).await
}

/// Ctrl-C and SIGTERM, which from now on no longer end the process.
pub(crate) struct Interruption {
    #[cfg(unix)]
    signals: [tokio::signal::unix::Signal; 2],
    #[cfg(not(unix))]
    signals: tokio::signal::windows::CtrlC,
}

impl Interruption {
    pub(crate) fn listen() -> Result<Self, AppError> {
        #[cfg(unix)]
        let signals = || {
            use tokio::signal::unix::{SignalKind, signal};
            Ok([signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?])
        };
        #[cfg(not(unix))]
        let signals = tokio::signal::windows::ctrl_c;
        let signals = signals().map_err(|error: std::io::Error| AppError::io("listen for Ctrl-C", &error))?;
        Ok(Self { signals })
    }

    /// Waits for the first; at the second one the process ends at once.
    pub(crate) async fn wait(mut self) {
        self.next().await;
        tokio::spawn(async move {
            self.next().await;
            std::process::exit(130);
        });
    }

    async fn next(&mut self) {
        #[cfg(unix)]
        {
            let [interrupt, terminate] = &mut self.signals;
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
        }
        #[cfg(not(unix))]
        let _ = self.signals.recv().await;
    }
}
