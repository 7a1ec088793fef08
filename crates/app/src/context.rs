//! Where and as whom an operation runs.

use std::{collections::VecDeque, path::PathBuf};

use serde::{Deserialize, Serialize};
use softhello_ctap::Timestamp;
use softhello_device::{Clock, DeviceProfile, ProfileFileError, Script, Seed};
use softhello_storage::EngineKind;
use softhello_windows::Computer;

use crate::{Operation, Secret};

/// Where and as whom an operation runs. What is absent is as in the process that runs in the data directory, or else the
/// default.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Context {
    /// The data directory.
    pub data: PathBuf,
    /// The engine of the store.
    pub store: Option<EngineKind>,
    /// The account.
    pub account: Option<String>,
    /// The authenticator.
    pub profile: Option<ProfileChoice>,
    /// The user.
    pub user: Option<UserChoice>,
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
    /// The profile.
    ///
    /// # Errors
    ///
    /// [`ProfileFileError`] if there is none of this name, or the text is none.
    pub fn load(&self) -> Result<DeviceProfile, ProfileFileError> {
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

    /// The word for it.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Decline => "decline",
            Self::Timeout => "timeout",
            Self::WrongPin => "wrong-pin",
            Self::Ask => "ask",
        }
    }
}

/// What a user does, and when.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UserScript {
    /// What is done at every ceremony, once `next` is used up.
    pub does: UserChoice,
    /// How long it takes until something is done, in milliseconds; how long someone waits who does nothing.
    #[serde(default)]
    pub delay_ms: u64,
    /// What is done at the next ceremonies, one each.
    #[serde(default)]
    pub next: VecDeque<UserChoice>,
}

impl From<UserChoice> for UserScript {
    fn from(does: UserChoice) -> Self {
        Self { does, ..Self::default() }
    }
}

/// A context in which nothing is left open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Setup {
    pub(crate) store: EngineKind,
    /// Which of the computers that share the store; its first has no name.
    pub(crate) computer: Option<String>,
    pub(crate) account: String,
    pub(crate) profile: ProfileChoice,
    pub(crate) user: UserChoice,
    pub(crate) seed: Option<Secret<Vec<u8>>>,
    pub(crate) clock: Option<u64>,
}

impl Context {
    /// The defaults, with this data directory.
    pub fn new(data: PathBuf) -> Self {
        Self { data, command: "softhello".to_owned(), ..Self::default() }
    }

    /// The setup of an operation, where no other process runs.
    pub(crate) fn setup(&self, operation: &Operation) -> Setup {
        // Windows Hello is reached by no wire; what is put on one is a security key.
        self.setup_of(if operation.is_service() { SECURITY_KEY } else { DeviceProfile::BUILT_IN[0] })
    }

    /// The setup where no other process runs, with this profile unless another one is named.
    pub(crate) fn setup_of(&self, profile: &str) -> Setup {
        self.within(&Setup {
            store: EngineKind::Sled,
            computer: None,
            account: Computer::DEFAULT_ACCOUNT.to_owned(),
            profile: ProfileChoice::Name(profile.to_owned()),
            user: UserChoice::default(),
            seed: None,
            clock: None,
        })
    }

    /// The setup in a process that runs with this one.
    pub(crate) fn within(&self, running: &Setup) -> Setup {
        Setup {
            store: self.store.unwrap_or(running.store),
            computer: running.computer.clone(),
            account: self.account.clone().unwrap_or_else(|| running.account.clone()),
            profile: self.profile.clone().unwrap_or_else(|| running.profile.clone()),
            user: self.user.unwrap_or(running.user),
            seed: self.seed.clone().or_else(|| running.seed.clone()),
            clock: self.clock.or(running.clock),
        }
    }
}

/// The profile of what is put on a wire.
const SECURITY_KEY: &str = "security-key";

impl Setup {
    pub(crate) fn seed(&self) -> Option<Seed> {
        self.seed.as_ref().map(|seed| Seed::new(&seed.0))
    }

    pub(crate) fn clock(&self) -> Clock {
        self.clock.map_or(Clock::System, |time| Clock::Fixed(Timestamp(time)))
    }

    /// Whether both mean the same device, whoever sits before it.
    pub(crate) fn is_same_device(&self, other: &Self) -> bool {
        let device = |setup: &Self| Self { user: UserChoice::default(), ..setup.clone() };
        device(self) == device(other)
    }
}
