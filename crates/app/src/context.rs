//! Where and as whom an operation runs.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use softhello_ctap::Timestamp;
use softhello_device::{Clock, DeviceProfile, ProfileFileError, Script, Seed};
use softhello_storage::EngineKind;
use softhello_windows::Computer;

use crate::Secret;

/// Where and as whom an operation runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Context {
    /// The data directory.
    pub data: PathBuf,
    /// The engine of the store.
    pub store: EngineKind,
    /// The account.
    pub account: String,
    /// The authenticator.
    pub profile: ProfileChoice,
    /// The user.
    pub user: UserChoice,
    /// A seed that makes keys and ids repeatable.
    pub seed: Option<Secret<Vec<u8>>>,
    /// A fixed time, in milliseconds since 1970.
    pub clock: Option<u64>,
    /// What is run, for whoever waits for the data directory, as `softhello create`.
    pub command: String,
}

/// Which authenticator.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProfileChoice {
    /// A built-in profile, with quirks after plus signs.
    Name(String),
    /// The TOML of a profile.
    Toml(String),
}

impl ProfileChoice {
    pub(crate) fn load(&self) -> Result<DeviceProfile, ProfileFileError> {
        match self {
            Self::Name(name) => DeviceProfile::built_in(name),
            Self::Toml(text) => DeviceProfile::from_toml(text),
        }
    }
}

/// Who sits before the device.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UserChoice {
    /// Approves, with the right PIN.
    #[default]
    Approve,
    /// Says no.
    Decline,
    /// Does nothing until time is up.
    Timeout,
    /// Types a wrong PIN.
    WrongPin,
    /// Whoever the executor was given a prompt for.
    Ask,
}

impl UserChoice {
    /// The script of this user; none if it is asked.
    pub(crate) fn script(self) -> Option<Script> {
        match self {
            Self::Approve => Some(Script::Approve),
            Self::Decline => Some(Script::Decline),
            Self::Timeout => Some(Script::Timeout),
            Self::WrongPin => Some(Script::WrongPin),
            Self::Ask => None,
        }
    }
}

impl Context {
    /// The default account, authenticator and user, with this data directory.
    pub fn new(data: PathBuf) -> Self {
        Self {
            data,
            store: EngineKind::Sled,
            account: Computer::DEFAULT_ACCOUNT.to_owned(),
            profile: ProfileChoice::Name(DeviceProfile::BUILT_IN[0].to_owned()),
            user: UserChoice::default(),
            seed: None,
            clock: None,
            command: "softhello".to_owned(),
        }
    }

    pub(crate) fn seed(&self) -> Option<Seed> {
        self.seed.as_ref().map(|seed| Seed::new(&seed.0))
    }

    pub(crate) fn clock(&self) -> Clock {
        self.clock.map_or(Clock::System, |time| Clock::Fixed(Timestamp(time)))
    }
}
