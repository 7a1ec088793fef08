//! What the rules ask of the world, answered from a device's parts.

use softhello_ctap::{
    self as ctap, Algorithm, Answer, Credential, CredentialId, Event, Gesture, Handle, Host, HostError,
    Outcome, PrivateKey, Query, State, Step, Steps, Timestamp, UserVerification,
};
use softhello_storage::{self as storage, Kind, StoreError, StoredCredential};

use crate::{device::Parts, entropy::Entropy};

/// One exchange's view of a device.
pub(crate) struct DeviceHost<'a> {
    pub(crate) parts: &'a mut Parts,
    pub(crate) entropy: Entropy,
}

impl Steps for DeviceHost<'_> {
    fn note(&mut self, step: &'static Step, outcome: Outcome<'_>) {
        if let Some(listener) = &mut self.parts.listener {
            let outcome = match outcome {
                Outcome::Passed => "passed".to_owned(),
                Outcome::Chose(what) => what.to_owned(),
                Outcome::Skipped(why) => format!("does not apply: {why}"),
                Outcome::Refused(denied) => format!("refused: {denied}"),
                other => format!("{other:?}"),
            };
            listener(Event::Step { step, outcome });
        }
    }
}

impl Host for DeviceHost<'_> {
    fn now(&self) -> Timestamp {
        self.parts.clock.now()
    }

    fn random(&mut self, out: &mut [u8]) {
        self.entropy.fill(out);
    }

    async fn state(&mut self) -> Result<State, HostError> {
        let state = self.parts.store.state(self.parts.container).await.map_err(host_error)?.value;
        Ok(State {
            uv_configured: match self.parts.profile.ctap.user_verification {
                UserVerification::None => false,
                UserVerification::Pin => state.pin.is_some(),
                UserVerification::Always => true,
            },
            uv_retries: state.uv_retries,
            sealing_key: state.sealing_key,
        })
    }

    async fn find(&mut self, query: Query<'_>) -> Result<Vec<Handle>, HostError> {
        self.parts.store.find(self.parts.container, query).await.map_err(host_error)
    }

    async fn load(&mut self, id: &CredentialId) -> Result<Credential, HostError> {
        let stored = self.parts.store.load(self.parts.container, id).await.map_err(host_error)?;
        Ok(stored.value.credential)
    }

    async fn generate(&mut self, algorithm: Algorithm) -> Result<PrivateKey, HostError> {
        PrivateKey::generate(algorithm, &mut self.entropy).map_err(|error| HostError::Store(error.into()))
    }

    async fn next_count(&mut self, id: &CredentialId) -> Result<u32, HostError> {
        self.parts.store.next_count(self.parts.container, id).await.map_err(host_error)
    }

    async fn ask(&mut self, gesture: Gesture<'_>) -> Answer {
        // Only a prompt compares PINs, and only where verification is by PIN; a script knows its answer.
        let by_pin = self.parts.profile.ctap.user_verification == UserVerification::Pin;
        let pin = match &self.parts.user {
            crate::User::Prompt(_) if by_pin => match self.parts.store.state(self.parts.container).await {
                Ok(state) => state.value.pin.clone(),
                // Read a moment ago by the command itself: without it nobody can be verified.
                Err(_) => return Answer::Declined,
            },
            _ => None,
        };
        self.parts.user.answer(gesture, pin.as_ref()).await
    }

    async fn commit(&mut self, changes: ctap::ChangeSet) -> Result<(), HostError> {
        if let [ctap::Change::UvRetries(retries)] = changes.0.as_slice() {
            return self.parts.store.set_uv_retries(self.parts.container, *retries).await.map_err(host_error);
        }
        let mut translated = storage::ChangeSet::default();
        for change in changes.0 {
            let change = match change {
                ctap::Change::Create { credential, room } => {
                    if let Some(policy) = &self.parts.policy {
                        translated.guards.extend(policy.guards(&credential));
                    }
                    let credential = StoredCredential {
                        credential: *credential,
                        kind: Kind::Passkey,
                        removable: true,
                        blocking: false,
                    };
                    storage::Change::PutCredential { credential: Box::new(credential), room }
                }
                ctap::Change::UvRetries(retries) => storage::Change::UvRetries(retries),
                ctap::Change::Reset { sealing_key, uv_retries } => {
                    storage::Change::Reset { sealing_key, uv_retries }
                }
                other => return Err(HostError::Store(format!("no store knows {other:?}").into())),
            };
            translated.changes.push(change);
        }
        self.parts.store.commit(self.parts.container, translated).await.map_err(host_error)
    }
}

/// A store's error as the rules see it; what they have no word for stays whole inside.
pub(crate) fn host_error(error: StoreError) -> HostError {
    match error {
        StoreError::AlreadyRegistered { user_name, .. } => HostError::AlreadyRegistered {
            detail: user_name.map_or_else(
                || "another credential of this account is in the container".to_owned(),
                |name| format!("the container holds a credential of {name}"),
            ),
        },
        StoreError::Full => HostError::Full,
        StoreError::NotFound => HostError::Missing,
        StoreError::Conflict => HostError::Conflict,
        other => HostError::Store(Box::new(other)),
    }
}
