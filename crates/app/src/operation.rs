//! What a user can ask for.

use std::{fmt, net::SocketAddr, path::PathBuf};

use serde::{Deserialize, Serialize};
use softhello_storage::EngineKind;
use softhello_windows::{AccountKind, Rule};

use crate::UserChoice;

/// What a user can ask for. The account and everything around it are in the [`Context`](crate::Context).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "operation", rename_all = "kebab-case", rename_all_fields = "kebab-case")]
#[non_exhaustive]
pub enum Operation {
    /// `navigator.credentials.create()`.
    Create(Ceremony),
    /// `navigator.credentials.get()`.
    Get {
        /// What both ceremonies have.
        #[serde(flatten)]
        ceremony: Ceremony,
        /// The id of the passkey that answers, base64url or hexadecimal; the newest if absent.
        credential: Option<String>,
    },
    /// Adds an account, with Hello set up unless `no_pin`.
    AccountAdd {
        /// Its name.
        name: String,
        /// Its kind.
        kind: AccountKind,
        /// Without a PIN, so that Hello cannot be used.
        no_pin: bool,
    },
    /// Removes an account with everything it has.
    AccountRemove {
        /// Its name.
        name: String,
    },
    /// Lists the accounts.
    AccountList,
    /// Sets the PIN, and ends a lockout.
    PinSet {
        /// The new PIN.
        pin: Secret<String>,
    },
    /// Clears the PIN, so that Hello cannot be used.
    PinClear,
    /// Puts the WHfB key of an Entra user into the account's container.
    WhfbProvision {
        /// The user principal name; the account's name if absent.
        upn: Option<String>,
    },
    /// Removes the WHfB method in the tenant, as an administrator does.
    WhfbRemove {
        /// The user principal name; the account's name if absent.
        upn: Option<String>,
    },
    /// Deletes the account's container with everything in it.
    ContainerDelete,
    /// Lists the account's passkeys.
    PasskeysList,
    /// Deletes one passkey.
    PasskeysDelete {
        /// Its id, base64url or hexadecimal.
        id: String,
    },
    /// Changes one passkey: its backup flags and its counter.
    PasskeysSet {
        /// Its id, base64url or hexadecimal.
        id: String,
        /// BE.
        backup_eligible: Option<bool>,
        /// BS.
        backed_up: Option<bool>,
        /// The last signature count: the next assertion has one more.
        sign_count: Option<u32>,
        /// The rules that may be broken.
        breaking: Vec<Rule>,
    },
    /// Gives the account's passkeys with their private keys as a neutral document.
    PasskeysExport,
    /// Takes passkeys from such a document into the account's container.
    PasskeysImport {
        /// The document.
        document: Secret<String>,
    },
    /// Tells what the authenticator is and says of itself.
    Info,
    /// Annotates bytes.
    Explain {
        /// Hexadecimal, base64 or base64url.
        input: String,
    },
    /// Copies the whole store into one of another engine in the same data directory.
    StoreCopy {
        /// The engine to copy to.
        to: EngineKind,
    },
    /// Looks at every record of the store.
    StoreCheck,
    /// Puts the authenticator on UDP, as CTAPHID.
    HidUdp {
        /// Where it listens; port 0 picks one.
        listen: SocketAddr,
        /// Takes channels that no INIT gave out.
        lenient: bool,
        /// What is told of each exchange.
        #[serde(flatten)]
        telling: Telling,
    },
    /// Puts the authenticator into a pseudo-terminal, as CTAPHID.
    HidPty {
        /// A symbolic link to it.
        link: Option<PathBuf>,
        /// What is told of each exchange.
        #[serde(flatten)]
        telling: Telling,
    },
    /// Puts the authenticator into the virtual reader of pcscd, as a smart card.
    CardVpcd {
        /// Where the reader listens.
        connect: SocketAddr,
        /// What is told of each exchange.
        #[serde(flatten)]
        telling: Telling,
    },
    /// Replaces the user of the authenticators that a process has on a transport.
    User {
        /// The new user.
        user: UserChoice,
    },
    /// Cuts their power and gives it back.
    PowerCycle,
    /// Shows everything in a temporary directory.
    Demo,
    /// Lists the built-in scenarios.
    ScenarioList,
    /// Gives the text of a scenario.
    ScenarioShow {
        /// Which.
        scenario: ScenarioSource,
    },
    /// Reads a scenario and says whether it can be run.
    ScenarioCheck {
        /// Which.
        scenario: ScenarioSource,
    },
    /// Runs a scenario.
    ScenarioRun {
        /// Which.
        scenario: ScenarioSource,
        /// A file for the report: HTML, Markdown or JSON by its ending.
        report: Option<PathBuf>,
        /// A folder for all logs.
        logs: Option<PathBuf>,
    },
    /// Runs all built-in scenarios.
    ScenarioRunAll,
    /// Gives the JSON schema of scenarios.
    ScenarioSchema,
    /// Explains a code or an error text.
    Why {
        /// The code.
        code: String,
    },
    /// Names the scenarios that an exported log looks like.
    WhyEvents {
        /// The file's name.
        name: String,
        /// Its text.
        text: String,
    },
}

impl Operation {
    /// Whether it only looks at what a data directory holds.
    pub(crate) fn only_looks(&self) -> bool {
        matches!(
            self,
            Self::AccountList | Self::PasskeysList | Self::PasskeysExport | Self::Info | Self::StoreCheck
        )
    }

    /// Whether it goes on until it is interrupted.
    pub fn is_service(&self) -> bool {
        matches!(self, Self::HidUdp { .. } | Self::HidPty { .. } | Self::CardVpcd { .. })
    }
}

/// A scenario.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ScenarioSource {
    /// A built-in one.
    Name(String),
    /// One in a file.
    File {
        /// The file's name.
        name: String,
        /// Its text.
        toml: String,
    },
}

/// What is told of each exchange.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Telling {
    /// The annotated bytes ([`Event::Explained`](crate::Event::Explained)).
    pub explain: bool,
    /// Every step ([`Event::Step`](crate::Event::Step)).
    pub steps: bool,
}

/// Something that is handed on and never printed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret<T>(pub T);

impl<T> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// What both ceremonies have.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Ceremony {
    /// The origin of the page.
    pub origin: String,
    /// The origin of the top frame, if the page is in a frame of another origin.
    pub top_origin: Option<String>,
    /// Whether the page is in a frame of another origin, also where its top frame is not known.
    #[serde(default)]
    pub cross_origin: bool,
    /// What the RP would serve at `/.well-known/webauthn`.
    pub related_origins: Option<String>,
    /// The options, as JSON.
    pub options: String,
    /// Whether the bytes that are exchanged are annotated ([`Event::Explained`](crate::Event::Explained)).
    pub explain: bool,
}
