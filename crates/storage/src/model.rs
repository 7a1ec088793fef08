//! What a store holds and what can be asked of it, as plain data.

use std::fmt;

use softhello_ctap::{Credential, CredentialId, SealingKey, Setting, Settings};
use uuid::Uuid;

/// Names one container: one account on one device.
///
/// The nil UUID is [`DIRECTORY`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContainerId(Uuid);

/// The container that holds documents about the store itself, such as its accounts. It needs no creation, never holds
/// credentials and is never listed.
pub const DIRECTORY: ContainerId = ContainerId(Uuid::nil());

impl ContainerId {
    /// The container of this UUID. Version 5 UUIDs of a name give every run the same containers.
    pub const fn from_uuid(uuid: Uuid) -> Self {
        Self(uuid)
    }

    /// The UUID.
    pub const fn as_uuid(&self) -> &Uuid {
        &self.0
    }
}

impl fmt::Display for ContainerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What a credential is to the account, beyond what CTAP knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Made by a relying party.
    Passkey,
    /// Put there by the management of the device (Windows Hello for Business). No ceremony replaces it.
    Managed,
}

/// A credential as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredCredential {
    /// What CTAP knows of it.
    pub credential: Credential,
    /// Whose it is.
    pub kind: Kind,
    /// Whether it may be deleted singly. If not, it goes only with its container, by a reset, or replaced by its like.
    pub removable: bool,
    /// Whether [`Guard::NoOther`] sees it.
    pub blocking: bool,
}

/// Which version of a record was read. Nothing can be told from it but whether the record has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Revision(pub(crate) u64);

/// A value with the version that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Versioned<T> {
    /// The value.
    pub value: T,
    /// Its version.
    pub revision: Revision,
}

/// The state of a container besides its credentials, counters and documents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContainerState {
    /// The PIN, the fingerprints and what can be configured.
    pub settings: Settings,
    /// The key that seals non-discoverable credentials into their ids.
    pub sealing_key: SealingKey,
    /// Attempts left at built-in user verification, as of now. Not part of the revision.
    pub uv_retries: u8,
}

/// What a change expects of the record that it changes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Expected {
    /// Nothing.
    #[default]
    Any,
    /// That it does not exist.
    Absent,
    /// That it has not changed since it was read.
    Revision(Revision),
}

/// One change of a container.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Change {
    /// Makes the container. [`StoreError::ContainerExists`](crate::StoreError::ContainerExists) if there is one.
    CreateContainer {
        /// Attempts at built-in user verification.
        uv_retries: u8,
        /// Seals non-discoverable credentials.
        sealing_key: SealingKey,
        /// The PIN and what else is set.
        settings: Box<Settings>,
    },
    /// Deletes the container and all that is in it, also what is not removable.
    DeleteContainer,
    /// Keeps a credential as the newest. One of the same RP ID, user id and kind is replaced, removable or not.
    /// [`StoreError::Conflict`](crate::StoreError::Conflict) if another one has its id.
    PutCredential {
        /// The credential.
        credential: Box<StoredCredential>,
        /// At most so many credentials may be in the container afterwards, unless this one replaces another;
        /// otherwise [`StoreError::Full`](crate::StoreError::Full).
        room: Option<u32>,
    },
    /// Changes a credential in its place. Its id, RP ID, user id and kind stay as they are.
    UpdateCredential {
        /// The credential.
        credential: Box<StoredCredential>,
        /// What it has to be now.
        expected: Expected,
    },
    /// Deletes a credential and its counter.
    /// [`StoreError::NotRemovable`](crate::StoreError::NotRemovable) if it goes only with its container.
    DeleteCredential {
        /// Which.
        id: CredentialId,
        /// What it has to be now.
        expected: Expected,
    },
    /// Changes one setting; the others stay as they are at that moment.
    Set {
        /// The setting.
        setting: Setting,
        /// What the container's state has to be now.
        expected: Expected,
    },
    /// The attempts left at built-in user verification. After a crash they may be fewer, never more.
    UvRetries(u8),
    /// Leases the first signature count of a credential that is new, so that the sign-in that follows waits for no disk.
    /// A store in memory has none, and leases nothing.
    LeaseFirstCount(CredentialId),
    /// Lets a credential's counter go on after `count`, unless it is there already. For imports.
    CounterAtLeast {
        /// Which credential.
        id: CredentialId,
        /// The last count that was handed out elsewhere.
        count: u32,
    },
    /// Lets a credential's counter go on after `count`, also if that is behind where it is. Only for faults that are asked
    /// for by name: a count may come twice.
    Counter {
        /// Which credential.
        id: CredentialId,
        /// The count before the next.
        count: u32,
    },
    /// Lets the container's operation number go on after this, unless it is there already. For imports.
    OperationAtLeast(u64),
    /// Keeps a document of at most [`MAX_DOCUMENT`] bytes under a name of at most [`MAX_NAME`] bytes.
    PutDocument {
        /// Its name.
        name: String,
        /// Its bytes.
        value: Vec<u8>,
        /// What it has to be now.
        expected: Expected,
    },
    /// Deletes a document. That there is none is no error, unless a revision is expected.
    DeleteDocument {
        /// Its name.
        name: String,
        /// What it has to be now.
        expected: Expected,
    },
    /// Deletes all credentials of every kind and all counters, and replaces the settings. Documents and the operation
    /// number stay.
    Reset {
        /// The new sealing key, so that no old non-discoverable credential opens again.
        sealing_key: SealingKey,
        /// Attempts at built-in user verification of a new device.
        uv_retries: u8,
        /// The settings of a new device.
        settings: Box<Settings>,
    },
}

/// The most bytes in a document.
pub const MAX_DOCUMENT: usize = 60 * 1024;

/// The most bytes in the name of a document.
pub const MAX_NAME: usize = 1024;

/// A condition on the container before the changes, decided at the moment they are applied.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Guard {
    /// Refuses with [`StoreError::AlreadyRegistered`](crate::StoreError::AlreadyRegistered) if the container holds a
    /// *blocking* credential of this RP ID and kind and, where given, of this user id and this user name.
    NoOther {
        /// The RP ID.
        rp_id: String,
        /// Only credentials of this user id.
        user_id: Option<Vec<u8>>,
        /// Only credentials of this user name, ignoring case (both in Unicode lowercase).
        user_name: Option<String>,
        /// Only credentials of this kind.
        kind: Kind,
        /// The guard does not apply while the container holds more credentials than this.
        unless_more_than: Option<u32>,
    },
}

/// Changes of one container that are applied in this order, all or none, if every guard agrees.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChangeSet {
    /// All have to agree.
    pub guards: Vec<Guard>,
    /// What changes.
    pub changes: Vec<Change>,
}

impl ChangeSet {
    /// A set of one change without guards.
    pub fn one(change: Change) -> Self {
        Self { guards: Vec::new(), changes: vec![change] }
    }
}
