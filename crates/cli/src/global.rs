//! What every command takes, and the context that it makes.

use std::path::PathBuf;

use clap::{Args, ColorChoice, ValueEnum, builder::TypedValueParser as _};
use softhello_app::{AppError, Context, EngineKind, ProfileChoice, Secret, UserChoice};
use softhello_server::Config;

use crate::{
    arguments::{Command, absolute},
    input,
};

#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Everywhere")]
pub(crate) struct Global {
    /// The data directory [default: the platform's data directory]
    #[arg(long, global = true, value_name = "DIR", env = "SOFTHELLO_DATA", value_parser = clap::builder::OsStringValueParser::new().map(PathBuf::from))]
    data: Option<PathBuf>,
    /// The engine that keeps the containers [default: sled]
    #[arg(long, global = true, value_name = "ENGINE")]
    store: Option<Engine>,
    /// The account; `default` is made at its first use, with Hello set up [default: default]
    #[arg(long, global = true, value_name = "NAME")]
    account: Option<String>,
    /// The authenticator: windows-hello-software, security-key, security-key-2.0, u2f-key, synced-passkey, one of them with
    /// a quirk (windows-hello-software+as-certified), or a TOML file [default: windows-hello-software; security-key for
    /// `hid` and `card`; what runs, while one of these does]
    #[arg(long, global = true, value_name = "NAME|FILE", hide_default_value = true)]
    profile: Option<String>,
    /// What the user does [default: approve]
    #[arg(long, global = true, value_name = "WHAT")]
    user: Option<User>,
    /// Makes keys and ids repeatable; they are not secret then
    #[arg(long, global = true, value_name = "HEX", value_parser = hex)]
    seed: Option<Secret<Vec<u8>>>,
    /// A fixed time, as 2026-01-31T12:00:00Z
    #[arg(long, global = true, value_name = "RFC3339", value_parser = clock)]
    clock: Option<u64>,
    /// Prints one JSON document; `hid` and `card` one a line
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Shows every step of the specification on standard error
    #[arg(long, short, global = true)]
    pub(crate) verbose: bool,
    /// When to use colours; NO_COLOR is honoured
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub(crate) color: ColorChoice,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Engine {
    Sled,
    Redb,
    Memory,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum User {
    /// Approves, with the right PIN
    Approve,
    /// Says no
    Decline,
    /// Does nothing until time is up, or until it is said otherwise
    Timeout,
    /// Types a wrong PIN
    WrongPin,
    /// You are asked on the terminal
    Ask,
}

impl Global {
    /// Whether a person is asked.
    pub(crate) fn asks(&self) -> bool {
        matches!(self.user, Some(User::Ask))
    }

    /// With what a configuration file says where no flag does.
    pub(crate) fn or(self, config: &Config) -> Result<Self, AppError> {
        fn named<T: ValueEnum>(name: &str, value: Option<&String>) -> Result<Option<T>, AppError> {
            let read = |text: &String| {
                T::from_str(text, true).map_err(|reason| {
                    let hint = "`softhello serve --help` lists what it takes";
                    AppError::usage(format!("`{name}` of the configuration: {reason}"), hint)
                })
            };
            value.map(read).transpose()
        }
        Ok(Self {
            data: self.data.or_else(|| config.data.clone()),
            store: self
                .store
                .map_or_else(|| named("store", config.store.as_ref()), |store| Ok(Some(store)))?,
            account: self.account.or_else(|| config.account.clone()),
            profile: self.profile.or_else(|| config.profile.clone()),
            user: self.user.map_or_else(|| named("user", config.user.as_ref()), |user| Ok(Some(user)))?,
            ..self
        })
    }

    /// The data directory.
    pub(crate) fn data(&self) -> Result<PathBuf, AppError> {
        match self.data.as_ref().filter(|data| !data.as_os_str().is_empty()) {
            // Whoever carries something out there may be in another folder.
            Some(data) => absolute(data),
            None => directories::ProjectDirs::from("", "", "softhello")
                .map(|directories| directories.data_dir().to_owned())
                .ok_or_else(|| {
                    AppError::usage("this account has no home directory", "name a directory with --data")
                }),
        }
    }

    /// The authenticator, if one is named.
    pub(crate) fn profile(&self) -> Result<Option<ProfileChoice>, AppError> {
        self.profile.as_deref().map(input::profile).transpose()
    }

    /// The context of `command`.
    pub(crate) fn context(&self, command: &Command) -> Result<Context, AppError> {
        let data = if command.uses_data() { self.data()? } else { PathBuf::new() };
        Ok(Context {
            store: self.store.map(|store| match store {
                Engine::Sled => EngineKind::Sled,
                Engine::Redb => EngineKind::Redb,
                Engine::Memory => EngineKind::Memory,
            }),
            account: self.account.clone(),
            profile: if command.uses_data() { self.profile()? } else { None },
            user: self.user.map(UserChoice::from),
            seed: self.seed.clone(),
            clock: self.clock,
            command: format!("softhello {}", command.words()),
            data,
        })
    }
}

impl From<User> for UserChoice {
    fn from(user: User) -> Self {
        match user {
            User::Approve => Self::Approve,
            User::Decline => Self::Decline,
            User::Timeout => Self::Timeout,
            User::WrongPin => Self::WrongPin,
            User::Ask => Self::Ask,
        }
    }
}

/// The data directory where there are no arguments.
pub(crate) fn data_of_environment() -> Result<PathBuf, AppError> {
    let global = Global { data: std::env::var_os("SOFTHELLO_DATA").map(PathBuf::from), ..Global::default() };
    global.data()
}

fn hex(text: &str) -> Result<Secret<Vec<u8>>, String> {
    let digits: Option<Vec<u8>> =
        text.chars().map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok())).collect();
    match digits.as_deref().map(<[u8]>::as_chunks::<2>) {
        Some((pairs @ [_, ..], [])) if pairs.len() <= 64 => {
            Ok(Secret(pairs.iter().map(|[high, low]| high << 4 | low).collect()))
        }
        _ => Err("a seed is 1 to 64 bytes in hexadecimal".to_owned()),
    }
}

fn clock(text: &str) -> Result<u64, String> {
    let time: jiff::Timestamp = text.parse().map_err(|error| format!("not a time in RFC 3339: {error}"))?;
    u64::try_from(time.as_millisecond()).map_err(|_| "the time is before 1970".to_owned())
}
