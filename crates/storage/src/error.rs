//! Why a store could not do what it was asked.

use std::{error::Error, io, sync::Arc};

use softhello_ctap::CredentialId;

use crate::ContainerId;

/// Why a store could not do what it was asked.
///
/// Cloning is cheap: one failed write is the answer to every commit that waited for it.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// There is no such container.
    #[error("there is no container {0}")]
    NoContainer(ContainerId),
    /// There is such a container already.
    #[error("container {0} exists already")]
    ContainerExists(ContainerId),
    /// There is no such credential.
    #[error("there is no such credential in the container")]
    NotFound,
    /// The credential goes only with its container.
    #[error("the credential cannot be deleted by itself, only with its container")]
    NotRemovable,
    /// A guard found another credential.
    #[error("already registered{}", of_user(user_name.as_deref()))]
    AlreadyRegistered {
        /// The credential in the way.
        id: CredentialId,
        /// Its user name.
        user_name: Option<String>,
    },
    /// A record changed since it was read.
    #[error("the record changed since it was read")]
    Conflict,
    /// There is no room for another credential.
    #[error("the container has no room for another credential")]
    Full,
    /// A value is larger than a record may be.
    #[error("{what} has {len} bytes, at most {max} can be stored")]
    TooLarge {
        /// What.
        what: &'static str,
        /// Its length in bytes.
        len: usize,
        /// The most bytes there may be.
        max: usize,
    },
    /// The request makes no sense.
    #[error("{0}")]
    Invalid(String),
    /// A record cannot be decrypted or decoded. Others are not affected.
    #[error("{record} is damaged: {reason}")]
    Damaged {
        /// Which record, for people.
        record: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The store was made with another device key.
    #[error("the store was made with another device key")]
    WrongDeviceKey,
    /// Written by a version of this program that knows more.
    #[error("{what} has format version {found}, this program knows {known}")]
    UnknownVersion {
        /// What.
        what: &'static str,
        /// Its version.
        found: u64,
        /// The version that this program knows.
        known: u64,
    },
    /// A write failed earlier. Nothing can be written until the store is reopened. Reads go on; they may show the write
    /// that failed, which may be gone when the store is reopened.
    #[error("the store is read-only until it is opened again, because a write failed: {first}")]
    ReadOnly {
        /// What failed.
        first: String,
    },
    /// The store was closed.
    #[error("the store is closed")]
    Closed,
    /// A file could not be read or written, or the operating system gave no random bytes.
    #[error("cannot {what}: {source}")]
    Io {
        /// What was tried.
        what: String,
        /// Why it failed.
        source: Arc<io::Error>,
    },
    /// The database engine failed.
    #[error("cannot {what}: {source}")]
    Engine {
        /// What was tried.
        what: String,
        /// Why it failed.
        source: Arc<dyn Error + Send + Sync>,
    },
}

impl StoreError {
    pub(crate) fn io(what: impl Into<String>, source: io::Error) -> Self {
        Self::Io { what: what.into(), source: Arc::new(source) }
    }

    pub(crate) fn engine(what: impl Into<String>, source: impl Error + Send + Sync + 'static) -> Self {
        Self::Engine { what: what.into(), source: Arc::new(source) }
    }

    pub(crate) fn damaged(record: impl ToString, reason: impl ToString) -> Self {
        Self::Damaged { record: record.to_string(), reason: reason.to_string() }
    }
}

fn of_user(name: Option<&str>) -> String {
    name.map(|name| format!(": {name}")).unwrap_or_default()
}
