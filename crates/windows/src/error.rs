//! Why something could not be done on a computer.

use softhello_device::ChangeError;
use softhello_storage::StoreError;

/// Why something could not be done on a computer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WindowsError {
    /// There is no account of this name.
    #[error("there is no account `{name}`")]
    NoAccount {
        /// The name.
        name: String,
    },
    /// There is one already.
    #[error("there is an account `{name}` already")]
    AccountExists {
        /// The name.
        name: String,
    },
    /// Not a name for an account.
    #[error("`{name}` is not a name: it has to have 1 to 256 bytes and no control characters")]
    Name {
        /// The name, or its beginning.
        name: String,
    },
    /// No kind of account.
    #[error("`{name}` is no kind of account; there are local, msa and entra")]
    UnknownKind {
        /// The name.
        name: String,
    },
    /// Hello is not set up, so nothing can be put into the container.
    #[error("Windows Hello is not set up for the account `{account}`: it has no PIN")]
    NoPin {
        /// The account.
        account: String,
    },
    /// The authenticator does not take this PIN.
    #[error("the PIN cannot be set: {0}")]
    Pin(softhello_ctap::Denied),
    /// There is no container to delete. Windows logs event 6611.
    #[error("the account `{account}` has no container")]
    NoContainer {
        /// The account.
        account: String,
    },
    /// The tenant has the method already.
    #[error("Windows Hello for Business is provisioned for {upn} already")]
    AlreadyProvisioned {
        /// Whose.
        upn: String,
    },
    /// The tenant does not have the method.
    #[error("Windows Hello for Business is not provisioned for {upn}")]
    NotProvisioned {
        /// Whose.
        upn: String,
    },
    /// There is no such passkey.
    #[error("there is no passkey {id} in the account `{account}`")]
    NoPasskey {
        /// Its id, in hexadecimal.
        id: String,
        /// The account.
        account: String,
    },
    /// The credential goes only with its container.
    #[error("this passkey cannot be deleted, because it is used with Microsoft Entra ID for signing in")]
    NotRemovable,
    /// A passkey cannot be changed in this way.
    #[error(transparent)]
    Change(ChangeError),
    /// An account's document cannot be read.
    #[error("the record of the account `{account}` cannot be read: {source}")]
    Document {
        /// The account.
        account: String,
        /// Why.
        source: serde_json::Error,
    },
    /// A key could not be made.
    #[error("cannot make a key: {0}")]
    Key(#[from] softhello_ctap::KeyError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}
