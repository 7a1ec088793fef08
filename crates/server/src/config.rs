//! What a server is told: one TOML file, and the same as flags.

use std::{fmt, net::SocketAddr, path::Path, time::Duration};

use serde::Deserialize;
use softhello_app::AppError;

/// How a server is run. What is absent is the default.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Config {
    /// Where it listens; port 0 picks one.
    pub listen: Option<SocketAddr>,
    /// The token that requests need; a random one if absent.
    pub token: Option<String>,
    /// Listens on an address that other computers can reach.
    pub allow_remote: Option<bool>,
    /// Further hosts that requests may name, with their ports, as `softhello.example:7310`.
    #[serde(default)]
    pub allow_hosts: Vec<String>,
    /// Further values of `Origin`, as `chrome-extension://…`, for extensions and programs that send one with the token. They
    /// let no page in: it could not send the token, and nothing answers CORS.
    #[serde(default)]
    pub allow_origins: Vec<String>,
    /// The most connections at once.
    pub max_connections: Option<usize>,
    /// The longest body of a request, in bytes.
    pub max_body: Option<usize>,
    /// How long a request may take to arrive, in seconds.
    pub request_timeout: Option<u64>,
    /// How many ceremonies are kept for whoever looks.
    pub traces: Option<usize>,
    /// The data directory.
    pub data: Option<std::path::PathBuf>,
    /// The engine of the store: `sled`, `redb` or `memory`.
    pub store: Option<String>,
    /// The authenticator of the device `default`.
    pub profile: Option<String>,
    /// The account that is signed in on it.
    pub account: Option<String>,
    /// What its user does.
    pub user: Option<String>,
}

/// Without the token.
impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("listen", &self.listen)
            .field("allow_remote", &self.allow_remote)
            .field("allow_hosts", &self.allow_hosts)
            .field("allow_origins", &self.allow_origins)
            .field("data", &self.data)
            .finish_non_exhaustive()
    }
}

impl Config {
    /// Where a server listens unless it is told.
    pub const LISTEN: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 7310);
    /// The longest configuration file, in bytes.
    pub const MAX_LEN: u64 = 64 * 1024;

    const MAX_CONNECTIONS: usize = 1024;
    const MAX_BODY: usize = 2 * 1024 * 1024;
    const REQUEST_TIMEOUT: u64 = 20;
    const TRACES: usize = 1000;

    /// Reads a configuration file.
    ///
    /// # Errors
    ///
    /// [`AppError`] if it cannot be read, is too long, or has unknown or wrong members.
    pub fn read(path: &Path) -> Result<Self, AppError> {
        let what = format!("read {}", path.display());
        let length = std::fs::metadata(path).map_err(|error| AppError::io(&what, &error))?.len();
        if length > Self::MAX_LEN {
            return Err(AppError::usage(
                format!("{} has {length} bytes, more than {}", path.display(), Self::MAX_LEN),
                "a configuration has a few lines",
            ));
        }
        let text = std::fs::read_to_string(path).map_err(|error| AppError::io(&what, &error))?;
        toml::from_str(&text).map_err(|error| {
            AppError::usage(
                format!("{}: {error}", path.display()),
                "`softhello serve --help` lists the settings: each flag is one, without its dashes",
            )
        })
    }

    /// What is said here, else what `other` says.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        let first = |own: Vec<String>, other: Vec<String>| if own.is_empty() { other } else { own };
        Self {
            listen: self.listen.or(other.listen),
            token: self.token.or(other.token),
            allow_remote: self.allow_remote.or(other.allow_remote),
            allow_hosts: first(self.allow_hosts, other.allow_hosts),
            allow_origins: first(self.allow_origins, other.allow_origins),
            max_connections: self.max_connections.or(other.max_connections),
            max_body: self.max_body.or(other.max_body),
            request_timeout: self.request_timeout.or(other.request_timeout),
            traces: self.traces.or(other.traces),
            data: self.data.or(other.data),
            store: self.store.or(other.store),
            profile: self.profile.or(other.profile),
            account: self.account.or(other.account),
            user: self.user.or(other.user),
        }
    }

    pub(crate) fn address(&self) -> Result<SocketAddr, AppError> {
        let listen = self.listen.unwrap_or(Self::LISTEN);
        if !listen.ip().is_loopback() && self.allow_remote != Some(true) {
            return Err(AppError::usage(
                format!("{listen} can be reached from other computers"),
                "anyone who has the token could use and export every key: say --allow-remote if that is meant",
            ));
        }
        Ok(listen)
    }

    pub(crate) fn connections(&self) -> usize {
        self.max_connections.unwrap_or(Self::MAX_CONNECTIONS).max(1)
    }

    pub(crate) fn body(&self) -> usize {
        self.max_body.unwrap_or(Self::MAX_BODY)
    }

    pub(crate) fn patience(&self) -> Duration {
        Duration::from_secs(self.request_timeout.unwrap_or(Self::REQUEST_TIMEOUT).max(1))
    }

    /// How many ceremonies are kept.
    pub fn traces(&self) -> usize {
        self.traces.unwrap_or(Self::TRACES)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_first_wins() {
        let flags = Config { max_body: Some(1), ..Config::default() };
        let file: Config =
            toml::from_str("max-body = 2\ntraces = 3\nallow-hosts = ['a:1']").expect("a configuration");
        let both = flags.or(file);
        assert_eq!((both.body(), both.traces(), both.connections()), (1, 3, Config::MAX_CONNECTIONS));
        assert_eq!(both.allow_hosts, ["a:1"]);
    }

    #[test]
    fn the_token_is_not_printed() {
        let config = Config { token: Some("secret".to_owned()), ..Config::default() };
        assert!(!format!("{config:?}").contains("secret"));
    }

    #[test]
    fn other_computers_are_let_in_only_if_that_is_said() {
        let listen = Some("0.0.0.0:1".parse().expect("an address"));
        Config { listen, ..Config::default() }.address().expect_err("reachable");
        Config { listen, allow_remote: Some(true), ..Config::default() }.address().expect("it was said");
        Config::default().address().expect("loopback");
    }

    #[test]
    fn unknown_settings_are_refused_by_name() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("softhello.toml");
        std::fs::write(&path, "lissen = 1").expect("written");
        let error = Config::read(&path).expect_err("unknown").to_string();
        assert!(error.contains("unknown field `lissen`"), "{error}");
    }
}
