//! What the rules ask of the world, answered from a device's parts.

use std::borrow::Cow;

use softhello_ctap::{
    self as ctap, Algorithm, Answer, CounterPolicy, Credential, CredentialId, Denied, Event, Gesture, Handle,
    Host, HostError, KeyError, Outcome, Piece, PrivateKey, Query, State, Step, Steps, Timestamp,
    UserVerification,
};
use softhello_storage::{self as storage, Expected, Kind, StoreError, StoredCredential};
use tokio::sync::oneshot;

use crate::{control::Control, device::Parts, entropy::Entropy};

/// One exchange's view of a device.
pub(crate) struct DeviceHost<'a> {
    pub(crate) parts: &'a mut Parts,
    pub(crate) control: &'a Control,
    pub(crate) entropy: Entropy,
}

/// The document of a container with the large-blob array.
const LARGE_BLOB_ARRAY: &str = "large-blob-array";

impl Steps for DeviceHost<'_> {
    fn note(&mut self, step: &'static Step, outcome: Outcome<&Denied>) {
        if let Some(listener) = &mut self.parts.listener {
            listener(Event::Step { step, outcome: outcome.map_refused(Denied::to_string) });
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
        Ok(State { settings: state.settings, uv_retries: state.uv_retries, sealing_key: state.sealing_key })
    }

    async fn large_blob_array(&mut self) -> Result<Option<Vec<u8>>, HostError> {
        let document = self.parts.store.document(self.parts.container, LARGE_BLOB_ARRAY).await;
        Ok(document.map_err(host_error)?.map(|document| document.value))
    }

    async fn find(&mut self, query: Query<'_>) -> Result<Vec<Handle>, HostError> {
        let found = self.parts.store.find(self.parts.container, query).await.map_err(host_error);
        self.tell_stored(|| asked(query), &found, |found| count(found.len(), "credential").into());
        found
    }

    async fn load(&mut self, id: &CredentialId) -> Result<Credential, HostError> {
        let stored = self.parts.store.load(self.parts.container, id).await.map_err(host_error)?;
        Ok(stored.value.credential)
    }

    async fn generate(&mut self, algorithm: Algorithm) -> Result<PrivateKey, HostError> {
        let failed = |error: KeyError| HostError::Store(error.into());
        if algorithm != Algorithm::Rs256 {
            return PrivateKey::generate(algorithm, &mut self.entropy).map_err(failed);
        }
        // An RSA key takes a good part of a second: a transport has to say meanwhile that it is still there.
        let mut entropy = std::mem::replace(&mut self.entropy, Entropy::System);
        let (answer, key) = oneshot::channel();
        std::thread::spawn(move || {
            let key = PrivateKey::generate(algorithm, &mut entropy);
            // Whoever asked may be gone: that is a power cut.
            let _ = answer.send((key, entropy));
        });
        let gone = |error: oneshot::error::RecvError| HostError::Store(Box::new(error));
        let (key, entropy) = key.await.map_err(gone)?;
        self.entropy = entropy;
        key.map_err(failed)
    }

    async fn next_count(&mut self, id: &CredentialId) -> Result<u32, HostError> {
        let count = self.parts.store.next_count(self.parts.container, id).await.map_err(host_error);
        self.tell_stored(|| "next signature count".into(), &count, |count| count.to_string().into());
        count
    }

    async fn ask(&mut self, gesture: Gesture<'_>) -> Answer {
        // Only a prompt compares PINs, and only where verification is by PIN; a script knows its answer.
        let by_pin = self.parts.profile.ctap.user_verification == UserVerification::Pin;
        let pin = match &self.parts.user {
            crate::User::Prompt(_) if by_pin => match self.parts.store.state(self.parts.container).await {
                Ok(state) => state.value.settings.pin.clone(),
                // Read a moment ago by the command itself: without it nobody can be verified.
                Err(_) => return Answer::Declined,
            },
            _ => None,
        };
        let answer = self.parts.user.answer(gesture, pin.as_ref());
        let answer = self.control.ask(answer).await.unwrap_or(Answer::Cancelled);
        if let Some(listener) = &mut self.parts.listener {
            listener(Event::Asked { gesture: named(gesture), answer });
        }
        answer
    }

    fn shape(&mut self, piece: Piece, bytes: &mut Vec<u8>) {
        self.parts.faults.shape(piece, bytes);
    }

    async fn commit(&mut self, changes: ctap::ChangeSet) -> Result<(), HostError> {
        let request = self.parts.listener.is_some().then(|| changed(&changes));
        let committed = self.apply(changes).await;
        self.tell_stored(|| request.unwrap_or_default(), &committed, |()| "done, durably".into());
        committed
    }
}

/// What is asked of the container, for people.
fn asked(query: Query<'_>) -> Cow<'static, str> {
    match query {
        Query::Rp(rp_id) => format!("find the passkeys of {rp_id}").into(),
        Query::Ids { ids, .. } => format!("find {} by id", count(ids.len(), "credential")).into(),
        Query::Discoverable => "find every passkey".into(),
        Query::All => "find everything".into(),
    }
}

/// What is changed in the container, for people.
fn changed(changes: &ctap::ChangeSet) -> Cow<'static, str> {
    let one = |change: &ctap::Change| -> Cow<'static, str> {
        match change {
            ctap::Change::Create { credential, .. } => {
                format!("keep a credential of {}", credential.rp_id).into()
            }
            ctap::Change::Update(credential) => format!("change a credential of {}", credential.rp_id).into(),
            ctap::Change::Delete(_) => "delete a credential".into(),
            ctap::Change::UvRetries(left) => {
                format!("{} at verification left", count((*left).into(), "attempt")).into()
            }
            ctap::Change::Set(_) => "change a setting".into(),
            ctap::Change::LargeBlobArray(_) => "replace the large-blob array".into(),
            ctap::Change::Reset { .. } => "reset".into(),
            _ => "change something".into(),
        }
    };
    match changes.0.as_slice() {
        [only] => one(only),
        several => several.iter().map(one).collect::<Vec<_>>().join("; ").into(),
    }
}

/// A gesture, for people.
fn named(gesture: Gesture<'_>) -> String {
    match gesture {
        Gesture::Presence { rp_id } => format!("presence for {rp_id}"),
        Gesture::Verify { rp_id: Some(rp_id), .. } => format!("verification for {rp_id}"),
        Gesture::Verify { rp_id: None, .. } => "verification".to_owned(),
        Gesture::Sample { remaining, .. } => format!("a finger on the sensor, {remaining} to go"),
        Gesture::Touch => "a touch".to_owned(),
        Gesture::Select => "choose this authenticator".to_owned(),
        Gesture::Reset { .. } => "erase everything".to_owned(),
        other => format!("{other:?}"),
    }
}

fn count(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

impl DeviceHost<'_> {
    fn tell_stored<T>(
        &mut self,
        request: impl FnOnce() -> Cow<'static, str>,
        result: &Result<T, HostError>,
        answer: impl FnOnce(&T) -> Cow<'static, str>,
    ) {
        if let Some(listener) = &mut self.parts.listener {
            let (answer, refused) = match result {
                Ok(result) => (answer(result), false),
                Err(error) => (error.to_string().into(), true),
            };
            listener(Event::Stored { request: request(), answer, refused });
        }
    }

    async fn apply(&mut self, changes: ctap::ChangeSet) -> Result<(), HostError> {
        if let [ctap::Change::UvRetries(retries)] = changes.0.as_slice() {
            return self.parts.store.set_uv_retries(self.parts.container, *retries).await.map_err(host_error);
        }
        let mut translated = storage::ChangeSet::default();
        for change in changes.0 {
            self.translate(change, &mut translated).await?;
        }
        self.parts.store.commit(self.parts.container, translated).await.map_err(host_error)
    }

    /// A change of the rules in the words of the store.
    async fn translate(
        &mut self,
        change: ctap::Change,
        to: &mut storage::ChangeSet,
    ) -> Result<(), HostError> {
        let change = match change {
            ctap::Change::Create { credential, room } => {
                if let Some(policy) = &self.parts.policy {
                    to.guards.extend(policy.guards(&credential));
                }
                let credential = StoredCredential {
                    credential: *credential,
                    kind: Kind::Passkey,
                    removable: true,
                    blocking: false,
                };
                let id = credential.credential.id.clone();
                to.changes.push(storage::Change::PutCredential { credential: Box::new(credential), room });
                match self.parts.profile.ctap.counter {
                    CounterPolicy::PerCredential => storage::Change::LeaseFirstCount(id),
                    CounterPolicy::Zero => return Ok(()),
                }
            }
            ctap::Change::Update(credential) => {
                let stored = self.parts.store.load(self.parts.container, &credential.id).await;
                let stored = stored.map_err(host_error)?;
                let updated = StoredCredential { credential: *credential, ..stored.value };
                let expected = Expected::Revision(stored.revision);
                storage::Change::UpdateCredential { credential: Box::new(updated), expected }
            }
            ctap::Change::Delete(id) => storage::Change::DeleteCredential { id, expected: Expected::Any },
            ctap::Change::UvRetries(retries) => storage::Change::UvRetries(retries),
            ctap::Change::Set(setting) => storage::Change::Set { setting, expected: Expected::Any },
            ctap::Change::LargeBlobArray(value) => {
                let name = LARGE_BLOB_ARRAY.to_owned();
                storage::Change::PutDocument { name, value, expected: Expected::Any }
            }
            ctap::Change::Reset { sealing_key, uv_retries, settings } => {
                let name = LARGE_BLOB_ARRAY.to_owned();
                to.changes.push(storage::Change::DeleteDocument { name, expected: Expected::Any });
                storage::Change::Reset { sealing_key, uv_retries, settings }
            }
            other => return Err(HostError::Store(format!("no store knows {other:?}").into())),
        };
        to.changes.push(change);
        Ok(())
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
