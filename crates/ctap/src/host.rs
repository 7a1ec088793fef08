//! What a command may ask of the world, and nothing else.

use std::future::Future;

use crate::{
    Algorithm, Credential, CredentialId, Denied, Outcome, PrivateKey, Profile, Protection, SealingKey,
    Setting, Settings, Step, UserVerification,
};

/// Milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp(pub u64);

/// Hears of every decision. All that a synchronous rule needs of its surroundings.
pub trait Steps {
    /// `step` was taken, with this outcome. Without a listener this costs nothing measurable.
    fn note(&mut self, step: &'static Step, outcome: Outcome<&Denied>) {
        let _ = (step, outcome);
    }
}

/// What a command may ask of the world. Every await is one step that a test can see and stop at.
pub trait Host: Steps + Send {
    /// The time now.
    fn now(&self) -> Timestamp;

    /// Fills `out` with random bytes.
    fn random(&mut self, out: &mut [u8]);

    /// The authenticator's persistent state besides credentials.
    ///
    /// # Errors
    ///
    /// [`HostError::Store`] if it cannot be read.
    fn state(&mut self) -> impl Future<Output = Result<State, HostError>> + Send;

    /// The serialized large-blob array, if one was ever written.
    ///
    /// # Errors
    ///
    /// [`HostError::Store`] if it cannot be read.
    fn large_blob_array(&mut self) -> impl Future<Output = Result<Option<Vec<u8>>, HostError>> + Send;

    /// The stored credentials that `query` names, newest first ([`Query::Ids`]: in the order of the list).
    ///
    /// # Errors
    ///
    /// [`HostError::Store`] if they cannot be read.
    fn find(&mut self, query: Query<'_>) -> impl Future<Output = Result<Vec<Handle>, HostError>> + Send;

    /// One stored credential.
    ///
    /// # Errors
    ///
    /// [`HostError::Missing`] if there is none under this id, [`HostError::Store`] if it cannot be read.
    fn load(&mut self, id: &CredentialId) -> impl Future<Output = Result<Credential, HostError>> + Send;

    /// A new key pair. RSA keys take long: the host decides where they are made.
    ///
    /// # Errors
    ///
    /// [`HostError::Store`] if a durable input of the generator cannot be had.
    fn generate(
        &mut self,
        algorithm: Algorithm,
    ) -> impl Future<Output = Result<PrivateKey, HostError>> + Send;

    /// The next signature count of a credential, 1 at first. Never the same twice, also after a crash.
    ///
    /// # Errors
    ///
    /// [`HostError::Store`] if it cannot be made durable.
    fn next_count(&mut self, id: &CredentialId) -> impl Future<Output = Result<u32, HostError>> + Send;

    /// Asks the user for one gesture.
    fn ask(&mut self, gesture: Gesture<'_>) -> impl Future<Output = Answer> + Send;

    /// Applies all of `changes` or none, durably before it returns.
    ///
    /// # Errors
    ///
    /// [`HostError::AlreadyRegistered`] if a rule of the platform found another credential in the way,
    /// [`HostError::Full`] if there is no room, [`HostError::Store`] if it could not be made durable.
    fn commit(&mut self, changes: ChangeSet) -> impl Future<Output = Result<(), HostError>> + Send;

    /// Sees `bytes` before they are signed or sent, and may edit them.
    fn shape(&mut self, piece: Piece, bytes: &mut Vec<u8>) {
        let _ = (piece, bytes);
    }
}

/// A piece of an answer that [`Host::shape`] is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Piece {
    /// Authenticator data, before it is signed.
    AuthData,
    /// A signature (attestation or assertion), before it is put into the answer.
    Signature,
    /// The whole response, status byte first.
    Response,
}

/// The authenticator's persistent state besides its credentials and the large-blob array.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    /// The PIN, the fingerprints and what can be configured.
    pub settings: Settings,
    /// Attempts left before built-in user verification is blocked.
    pub uv_retries: u8,
    /// The key that seals non-discoverable credentials into their ids; replaced by a reset.
    pub sealing_key: SealingKey,
}

impl State {
    /// Whether built-in user verification can be done: a PIN, a finger, a face is set up.
    pub fn uv_configured(&self, profile: &Profile) -> bool {
        match profile.user_verification {
            UserVerification::None => false,
            UserVerification::Pin => self.settings.pin.is_some(),
            UserVerification::Always => true,
            UserVerification::Fingerprint => !self.settings.templates.is_empty(),
        }
    }
}

/// Which stored credentials are looked for.
#[derive(Clone, Copy, Debug)]
pub enum Query<'a> {
    /// Every discoverable credential of this RP ID.
    Rp(&'a str),
    /// Those of these ids that belong to this RP, discoverable or not, in the order given.
    Ids {
        /// SHA-256 of the RP ID they have to belong to.
        rp_id_hash: &'a [u8; 32],
        /// Credential ids; those that are unknown or of another RP ID are left out.
        ids: &'a [&'a [u8]],
    },
    /// Every discoverable credential.
    Discoverable,
    /// Every stored credential.
    All,
}

/// What is known of a stored credential without loading it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handle {
    /// Its id.
    pub id: CredentialId,
    /// Its credProtect level.
    pub protection: Protection,
    /// The order of creation within the container: later is greater.
    pub sequence: u64,
}

/// What the user is asked to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Gesture<'a> {
    /// Show presence for a ceremony of this RP ID.
    Presence {
        /// Whose ceremony.
        rp_id: &'a str,
    },
    /// Verify (PIN, fingerprint, face).
    Verify {
        /// For whose ceremony, where that is known.
        rp_id: Option<&'a str>,
        /// Attempts left after this one.
        attempts_left: u8,
    },
    /// Put the finger that is enrolled on the sensor (authenticatorBioEnrollment).
    Sample {
        /// How many good samples are missing, this one included.
        remaining: u8,
        /// How long the platform waits, in milliseconds, if it says so.
        timeout_ms: Option<u64>,
    },
    /// The test of user presence of U2F. It does not wait: [`Answer::TimedOut`] if the user has not touched yet.
    Touch,
    /// Choose this authenticator among several (authenticatorSelection).
    Select,
    /// Confirm that everything is erased (authenticatorReset).
    Reset {
        /// The touch has to be held for 5 seconds.
        long_touch: bool,
    },
}

/// What the user did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The gesture was made.
    Given,
    /// The gesture was made and did not match (a wrong PIN, an unknown finger).
    Wrong,
    /// The user said no.
    Declined,
    /// Nothing happened in time.
    TimedOut,
    /// The platform cancelled.
    Cancelled,
}

/// Changes that are applied together or not at all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChangeSet(pub Vec<Change>);

impl ChangeSet {
    /// A set of one change.
    pub fn one(change: Change) -> Self {
        Self(vec![change])
    }
}

/// One change of persistent state.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Change {
    /// Keep this credential. A passkey of the same RP ID and user id is replaced (CTAP 2.3 §6.1.2 step 17).
    Create {
        /// The credential.
        credential: Box<Credential>,
        /// At most so many credentials may be stored afterwards, unless this one replaces another.
        room: Option<u32>,
    },
    /// Changes a credential in its place: what the user is called, and the blobs. It keeps its id, RP ID and user id.
    Update(Box<Credential>),
    /// Deletes a credential, with its counter.
    Delete(CredentialId),
    /// The attempts left at built-in user verification.
    UvRetries(u8),
    /// Changes a setting.
    Set(Setting),
    /// Replaces the serialized large-blob array.
    LargeBlobArray(Vec<u8>),
    /// Everything back to the state of a new device (CTAP 2.3 §6.6).
    Reset {
        /// The new sealing key, so that no old non-discoverable credential opens again.
        sealing_key: SealingKey,
        /// Attempts at built-in user verification of a new device.
        uv_retries: u8,
        /// The settings of a new device. The large-blob array and all counters go as well.
        settings: Box<Settings>,
    },
}

/// Why the world could not do what a command asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HostError {
    /// A rule of the platform found another credential in the way.
    #[error("already registered: {detail}")]
    AlreadyRegistered {
        /// Which credential is in the way, for people.
        detail: String,
    },
    /// There is no room for another credential.
    #[error("no room for another credential")]
    Full,
    /// There is no such credential.
    #[error("no such credential")]
    Missing,
    /// Something moved between reading and writing.
    #[error("the container changed meanwhile")]
    Conflict,
    /// The store failed.
    #[error("the store failed: {0}")]
    Store(#[source] Box<dyn std::error::Error + Send + Sync>),
}
