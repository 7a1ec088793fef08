//! How an operation fails, and what to do about it.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use softhello_ctap::{Denied, HostError};
use softhello_device::{ChangeError, PinError, ProfileFileError};
use softhello_storage::StoreError;
use softhello_webauthn::{DomException, Failure, InvalidOrigin, OptionsError};
use softhello_windows::{Chain, WindowsError};

/// The exit code of a failed operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[repr(u8)]
pub enum Exit {
    /// The ceremony, or what was asked of Windows, was refused.
    Refused = 1,
    /// Wrong usage, or input that a browser would not take.
    Usage = 2,
    /// Storage or I/O.
    Storage = 3,
}

/// A failed operation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppError {
    /// The exit code.
    pub exit: Exit,
    /// The exception that a page would catch, where there is one.
    pub name: Option<String>,
    /// What failed, for people.
    pub reason: String,
    /// The names that each layer has for it.
    pub chain: Option<String>,
    /// What to do about it.
    pub hint: String,
    /// What was named is not there: an account, a passkey, a device.
    #[serde(default)]
    pub missing: bool,
}

impl AppError {
    pub(crate) fn new(exit: Exit, reason: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { exit, name: None, reason: reason.into(), chain: None, hint: hint.into(), missing: false }
    }

    /// Wrong usage.
    pub fn usage(reason: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::new(Exit::Usage, reason, hint)
    }

    /// A ceremony that was refused before an authenticator was asked, with what a page catches.
    pub fn refused(name: DomException, reason: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { name: Some(name.to_string()), ..Self::new(Exit::Refused, reason, hint) }
    }

    /// A file that cannot be read or written.
    pub fn io(what: impl fmt::Display, error: &std::io::Error) -> Self {
        Self::new(Exit::Storage, format!("cannot {what}: {error}"), "check that the path exists and is yours")
    }

    /// One JSON document.
    pub fn to_json(&self) -> Value {
        json!({
            "error": {
                "name": self.name,
                "reason": self.reason,
                "chain": self.chain,
                "hint": self.hint,
                "exit": self.exit as u8,
            }
        })
    }

    /// What failed, in a line: the exception's name first, where there is one.
    pub fn headline(&self) -> String {
        match &self.name {
            Some(name) => format!("{name}: {}", self.reason),
            None => self.reason.clone(),
        }
    }
}

impl fmt::Display for AppError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error: {}", self.headline())?;
        if let Some(chain) = &self.chain {
            write!(f, "\nchain: {chain}")?;
        }
        write!(f, "\nhint: {}", self.hint)
    }
}

impl std::error::Error for AppError {}

impl From<Failure> for AppError {
    fn from(failure: Failure) -> Self {
        if let Some(Denied::Host(HostError::Store(error))) = &failure.cause {
            return match error.downcast_ref::<StoreError>() {
                Some(store) => Self::from(store.clone()),
                None => Self::new(Exit::Storage, failure.reason, STORE_HINT),
            };
        }
        let hint = ceremony_hint(&failure);
        Self {
            exit: Exit::Refused,
            name: Some(failure.name.to_string()),
            chain: Chain::of(&failure).map(|chain| chain.to_string()),
            reason: failure.reason,
            hint: hint.to_owned(),
            missing: false,
        }
    }
}

const EXCLUDED: &str = "the RP lists a passkey of this account in excludeCredentials: sign in with it, or delete it \
                        (`passkeys list`, `passkeys delete ID`)";

fn ceremony_hint(failure: &Failure) -> &'static str {
    match &failure.cause {
        Some(Denied::AlreadyRegistered { .. }) => {
            "delete the method in the tenant (`whfb remove`), or the whole container (`container delete`)"
        }
        Some(Denied::CredentialExcluded) => EXCLUDED,
        Some(Denied::NotSetUp | Denied::UvNotConfigured) => {
            "set a PIN first: `softhello pin set --account NAME`"
        }
        Some(Denied::UvBlocked | Denied::PinBlocked) => {
            "a new PIN ends the lockout: `softhello pin set --account NAME`"
        }
        Some(Denied::PinAuthBlocked) => "`softhello power-cycle` does that where it runs",
        Some(Denied::UvFailed { .. } | Denied::PinWrong { .. }) => {
            "try again with the right PIN; after too many wrong ones it is blocked"
        }
        Some(Denied::UserDeclined | Denied::UserTimeout | Denied::UvTimeout | Denied::UserActionTimeout) => {
            "the user decides: see `--user approve|decline|timeout|wrong-pin|ask`"
        }
        Some(Denied::NoCredentials) => {
            "`softhello passkeys list` shows what this account has; another account or profile has its own"
        }
        Some(Denied::NoAlgorithm { .. }) => "add an algorithm of this authenticator to pubKeyCredParams",
        _ => match failure.name {
            DomException::InvalidStateError => EXCLUDED,
            DomException::SecurityError => {
                "the page has to be https, or http on localhost, and the RP ID its domain or a registrable parent of it; \
                 see also --related-origins"
            }
            DomException::ConstraintError => {
                "ask for less in authenticatorSelection, or choose another --profile"
            }
            DomException::NotSupportedError => "change the options to what this authenticator supports",
            DomException::TypeError | DomException::EncodingError => {
                "correct the named member of the options"
            }
            _ => "`--explain` shows every byte, `--verbose` every step",
        },
    }
}

impl From<OptionsError> for AppError {
    fn from(error: OptionsError) -> Self {
        Self {
            exit: Exit::Usage,
            name: Some(error.name.to_string()),
            hint: match error.name {
                DomException::EncodingError => "write it as base64url without padding",
                DomException::SyntaxError => "the options are the JSON that parseCreationOptionsFromJSON or \
                    parseRequestOptionsFromJSON takes, bare or inside {\"publicKey\": …}",
                _ => "see PublicKeyCredentialCreationOptionsJSON and PublicKeyCredentialRequestOptionsJSON in WebAuthn",
            }
            .to_owned(),
            reason: match error.member.is_empty() {
                true => format!("the text {}", error.reason),
                false => format!("{}: {}", error.member, error.reason),
            },
            chain: None,
            missing: false,
        }
    }
}

impl From<InvalidOrigin> for AppError {
    fn from(error: InvalidOrigin) -> Self {
        Self::usage(error.to_string(), "write it as https://example.org or http://localhost:8080")
    }
}

impl From<ProfileFileError> for AppError {
    fn from(error: ProfileFileError) -> Self {
        let hint = match &error {
            ProfileFileError::Unknown { .. } | ProfileFileError::UnknownQuirk { .. } => {
                "--profile takes a built-in name, a name with a quirk (windows-hello-software+as-certified), or a TOML file"
            }
            ProfileFileError::Impossible(_) => {
                "leave the quirk out, or correct the file; docs/profiles.md says what each member means"
            }
            _ => "correct the file; docs/profiles.md says what each member means",
        };
        Self::usage(error.to_string().trim_end(), hint)
    }
}

impl From<PinError> for AppError {
    fn from(error: PinError) -> Self {
        Self::usage(error.to_string(), "choose another PIN")
    }
}

const STORE_HINT: &str =
    "see that the disk has room and the data directory is yours, then `softhello store check`";

impl From<StoreError> for AppError {
    fn from(error: StoreError) -> Self {
        let hint = match &error {
            StoreError::WrongDeviceKey => {
                "put the `device.key` of this store back into the data directory; without it nothing can be read"
            }
            StoreError::UnknownVersion { .. } => {
                "open it with the version of softhello that wrote it, or a later one"
            }
            StoreError::Damaged { .. } => {
                "`softhello store check` lists every damaged record; the others are whole"
            }
            StoreError::TooLarge { .. } => "shorten it",
            StoreError::Conflict => "something else changed it at the same moment: try again",
            _ => STORE_HINT,
        };
        Self::new(Exit::Storage, error.to_string(), hint)
    }
}

impl From<WindowsError> for AppError {
    fn from(error: WindowsError) -> Self {
        let reason = error.to_string();
        let missing = matches!(
            error,
            WindowsError::NoAccount { .. }
                | WindowsError::NoPasskey { .. }
                | WindowsError::NoContainer { .. }
                | WindowsError::NotProvisioned { .. }
        );
        let (exit, hint) = match error {
            WindowsError::Store(error) => return error.into(),
            WindowsError::NoAccount { name } => {
                (Exit::Usage, format!("`softhello account add {name}` makes it, `account list` shows all"))
            }
            WindowsError::AccountExists { .. } => {
                (Exit::Usage, "`softhello account list` shows all".to_owned())
            }
            WindowsError::Name { .. } | WindowsError::UnknownKind { .. } => {
                (Exit::Usage, "choose another one".to_owned())
            }
            WindowsError::Pin(_) => (Exit::Refused, "choose another PIN".to_owned()),
            WindowsError::NoPin { account } => {
                (Exit::Refused, format!("`softhello pin set --account {account}` sets Hello up"))
            }
            WindowsError::NoContainer { account } => {
                (Exit::Refused, format!("`softhello pin set --account {account}` makes a new one"))
            }
            WindowsError::AlreadyProvisioned { .. } => {
                (Exit::Refused, "`softhello whfb remove` removes it in the tenant".to_owned())
            }
            WindowsError::NotProvisioned { .. } => {
                (Exit::Refused, "`softhello account list` shows what is provisioned".to_owned())
            }
            WindowsError::NoPasskey { account, .. } => {
                (Exit::Refused, format!("`softhello passkeys list --account {account}` shows all"))
            }
            WindowsError::Change(ChangeError::Breaks(rule)) => {
                (Exit::Refused, format!("`--break {rule}` does it all the same"))
            }
            WindowsError::Change(ChangeError::Sealed) => {
                (Exit::Refused, "--sign-count can be set; a discoverable passkey is stored".to_owned())
            }
            WindowsError::Change(_) => (Exit::Refused, "leave --sign-count out".to_owned()),
            WindowsError::NotRemovable => (
                Exit::Refused,
                "only `softhello container delete` removes it, together with everything else".to_owned(),
            ),
            _ => (Exit::Storage, STORE_HINT.to_owned()),
        };
        Self { missing, ..Self::new(exit, reason, hint) }
    }
}
