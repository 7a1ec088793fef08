//! What a user can ask for.

use std::fmt;

use serde::{Deserialize, Serialize};
use softhello_storage::EngineKind;
use softhello_windows::AccountKind;

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
    /// Shows everything in a temporary directory.
    Demo,
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
    /// What the RP would serve at `/.well-known/webauthn`.
    pub related_origins: Option<String>,
    /// The options, as JSON.
    pub options: String,
    /// Whether the bytes that are exchanged are annotated ([`Event::Explained`](crate::Event::Explained)).
    pub explain: bool,
}
