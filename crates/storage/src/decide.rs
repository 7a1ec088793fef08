//! What a change does to the records: the same for every engine.

use std::ops::ControlFlow;

use softhello_ctap::{CredentialId, SealingKey, Setting, Settings};

use crate::{
    Change, ChangeSet, ContainerId, DIRECTORY, Expected, Guard, Kind, MAX_DOCUMENT, MAX_NAME, StoreError,
    StoredCredential,
    core::Core,
    engine::Batch,
    lease::Retries,
    record::{
        self, CredentialFacts, DocumentBody, RpEntry, StateBody, Totals, UserEntry, credential_room,
        encode_credential,
    },
    seal::{Key, KeyKind},
    transaction::{Transaction, expect},
};

/// What the writer is asked.
pub(crate) enum Work {
    /// Apply these.
    Changes(ChangeSet),
    /// Lease counts of this id, and hand out one.
    Count(CredentialId),
    /// Lease operation numbers, and hand out one.
    Operation,
}

/// What becomes true in memory once the records are durable.
pub(crate) enum Effect {
    ContainerGone,
    StateChanged,
    Retries(Retries),
    CounterGone(CredentialId),
    AllCountersGone,
    CounterAtLeast { id: CredentialId, count: u64 },
    CounterSet { id: CredentialId, count: u64 },
    OperationAtLeast(u64),
    FirstCountLeased(CredentialId),
    CountLeased { id: CredentialId, from: u64, ceiling: u64 },
    OperationLeased { from: u64, ceiling: u64 },
}

/// Decides one piece of work on top of those before it in `group`, and adds its records to the group if it succeeds.
pub(crate) fn decide(
    core: &Core,
    group: &mut Batch,
    container: ContainerId,
    work: &Work,
) -> Result<Vec<Effect>, StoreError> {
    let mut decision = Decision { records: Transaction::new(core, container, group)?, effects: Vec::new() };
    match work {
        Work::Changes(set) => {
            set.guards.iter().try_for_each(|guard| decision.guard(guard))?;
            set.changes.iter().try_for_each(|change| decision.change(change))?;
        }
        Work::Count(id) => decision.lease_count(id)?,
        Work::Operation => decision.lease_operation()?,
    }
    let Decision { records: Transaction { mut changes, .. }, effects } = decision;
    // Most groups have one member, whose changes then are the group's.
    group.append(&mut changes);
    Ok(effects)
}

struct Decision<'a> {
    records: Transaction<'a>,
    effects: Vec<Effect>,
}

impl Decision<'_> {
    fn guard(&self, guard: &Guard) -> Result<(), StoreError> {
        self.must_exist()?;
        let Guard::NoOther { rp_id, user_id, user_name, kind, unless_more_than } = guard;
        if let Some(limit) = *unless_more_than
            && self.totals()?.credentials > limit
        {
            return Ok(());
        }
        let (container, keys) = (self.container(), self.records.keys()?);
        let mut blocking = Vec::new();
        let mut failed = Ok(());
        self.records.scan(keys.index.rp(container, rp_id).as_ref(), &mut |key, record| {
            let entry = keys
                .sealer
                .open(key, record)
                .and_then(|(_, body)| record::decode::<RpEntry>(key, body.as_ref()));
            match entry {
                Ok(entry) if entry.blocks(*kind) => blocking.push(entry.id().clone()),
                Ok(_) => {}
                Err(error) => failed = Err(error),
            }
            if failed.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })?;
        failed?;
        for id in blocking {
            let key = keys.index.credential(container, id.as_bytes());
            let Some((_, facts)) = self.records.get_with(&key, CredentialFacts::read)? else { continue };
            let same_id = user_id.as_ref().is_none_or(|id| id == facts.user_id());
            let same_name = user_name.as_ref().is_none_or(|name| {
                facts.user_name().is_some_and(|other| other.to_lowercase() == name.to_lowercase())
            });
            if same_id && same_name {
                let (id, user_name) = facts.into_id_and_user_name();
                return Err(StoreError::AlreadyRegistered { id, user_name });
            }
        }
        Ok(())
    }

    fn change(&mut self, change: &Change) -> Result<(), StoreError> {
        let is_document = matches!(change, Change::PutDocument { .. } | Change::DeleteDocument { .. });
        match change {
            Change::CreateContainer { .. } => {}
            _ if is_document && self.container() == DIRECTORY => {}
            _ => self.must_exist()?,
        }
        match change {
            Change::CreateContainer { uv_retries, sealing_key, settings } => {
                self.create_container(*uv_retries, sealing_key, settings)
            }
            Change::DeleteContainer => self.delete_container(),
            Change::PutCredential { credential, room } => self.put_credential(credential, *room),
            Change::UpdateCredential { credential, expected } => {
                self.update_credential(credential, *expected)
            }
            Change::DeleteCredential { id, expected } => self.delete_credential(id, *expected),
            Change::Set { setting, expected } => self.set(setting, *expected),
            Change::UvRetries(retries) => self.uv_retries(*retries),
            Change::LeaseFirstCount(id) => self.lease_first_count(id),
            Change::CounterAtLeast { id, count } => self.counter_at_least(id, (*count).into()),
            Change::Counter { id, count } => self.set_counter(id, (*count).into()),
            Change::OperationAtLeast(number) => self.operation_at_least(*number),
            Change::PutDocument { name, value, expected } => self.put_document(name, value, *expected),
            Change::DeleteDocument { name, expected } => self.delete_document(name, *expected),
            Change::Reset { sealing_key, uv_retries, settings } => {
                self.reset(sealing_key, *uv_retries, settings)
            }
        }
    }

    fn container(&self) -> ContainerId {
        self.records.container
    }

    fn of(&self, kind: KeyKind) -> Key {
        Key::of(self.container(), kind)
    }

    fn must_exist(&self) -> Result<(), StoreError> {
        if self.records.exists()? { Ok(()) } else { Err(StoreError::NoContainer(self.container())) }
    }

    fn totals(&self) -> Result<Totals, StoreError> {
        Ok(self.records.get(&self.of(KeyKind::Totals))?.unwrap_or_default())
    }

    fn create_container(
        &mut self,
        uv_retries: u8,
        sealing_key: &SealingKey,
        settings: &Settings,
    ) -> Result<(), StoreError> {
        let container = self.container();
        if container == DIRECTORY {
            return Err(StoreError::Invalid("the directory holds documents only".to_owned()));
        }
        if self.records.exists()? {
            return Err(StoreError::ContainerExists(container));
        }
        self.records.keys_or_new()?;
        self.write_state(settings, sealing_key)?;
        self.write_retries(Retries { durable: uv_retries, live: uv_retries })
    }

    fn delete_container(&mut self) -> Result<(), StoreError> {
        self.records.delete_all(self.container().as_uuid().as_bytes())?;
        self.records.drop_keys();
        self.effects.push(Effect::ContainerGone);
        Ok(())
    }

    fn write_state(&mut self, settings: &Settings, sealing_key: &SealingKey) -> Result<(), StoreError> {
        self.effects.push(Effect::StateChanged);
        let body = StateBody::of(settings, sealing_key);
        self.records.put_with(&self.of(KeyKind::State), body.room(), |out| record::encode(&body, out))
    }

    fn write_retries(&mut self, retries: Retries) -> Result<(), StoreError> {
        self.effects.push(Effect::Retries(retries));
        self.records.put(&self.of(KeyKind::UvRetries), &retries.durable)
    }

    fn set(&mut self, setting: &Setting, expected: Expected) -> Result<(), StoreError> {
        let key = self.of(KeyKind::State);
        let state = |key: &[u8], body: &[u8]| record::decode::<StateBody>(key, body)?.into_state(key, 0);
        let (revision, mut state) =
            self.records.get_with(&key, state)?.ok_or(StoreError::NoContainer(self.container()))?;
        expect(Some(revision), expected)?;
        state.settings.apply(setting.clone());
        self.write_state(&state.settings, &state.sealing_key)
    }

    fn uv_retries(&mut self, live: u8) -> Result<(), StoreError> {
        let durable: u8 = self.records.get(&self.of(KeyKind::UvRetries))?.unwrap_or_default();
        match Retries::to_write(durable, live) {
            Some(durable) => self.write_retries(Retries { durable, live })?,
            None => self.effects.push(Effect::Retries(Retries { durable, live })),
        }
        Ok(())
    }

    fn put_credential(&mut self, stored: &StoredCredential, room: Option<u32>) -> Result<(), StoreError> {
        let credential = &stored.credential;
        let (rp_id, user_id) = (&credential.rp_id, &credential.user.id);
        for (what, len) in [("the RP ID", rp_id.len()), ("the user id", user_id.len())] {
            if len > MAX_NAME {
                return Err(StoreError::TooLarge { what, len, max: MAX_NAME });
            }
        }
        let (container, keys) = (self.container(), self.records.keys()?);
        let user_key = keys.index.user(container, rp_id, user_id, stored.kind);
        let key = keys.index.credential(container, credential.id.as_bytes());
        let mut totals = self.totals()?;
        let old_id = self.records.get::<UserEntry>(&user_key)?.map(UserEntry::into_id);
        if old_id.as_ref() != Some(&credential.id) && self.records.revision(&key)?.is_some() {
            return Err(StoreError::Conflict);
        }
        let user_entry = UserEntry::of(&credential.id);
        match old_id {
            Some(old_id) => {
                self.records.put(&user_key, &user_entry)?;
                self.remove(&old_id)?;
                totals.credentials = totals.credentials.saturating_sub(1);
                if old_id != credential.id {
                    self.remove_counter(old_id)?;
                }
            }
            None if room.is_some_and(|room| totals.credentials >= room) => return Err(StoreError::Full),
            None => self.records.put_new(&user_key, 128, |out| record::encode(&user_entry, out))?,
        }
        let sequence = totals.next_sequence;
        totals.next_sequence += 1;
        totals.credentials += 1;
        self.records.put(&self.of(KeyKind::Totals), &totals)?;
        let rp_key = keys.index.rp(container, rp_id).at(sequence);
        let entry = RpEntry::of(stored);
        self.records.put_new(&rp_key, 128, |out| record::encode(&entry, out))?;
        self.records.put_new(&key, credential_room(stored), |out| encode_credential(stored, sequence, out))
    }

    fn lease_first_count(&mut self, id: &CredentialId) -> Result<(), StoreError> {
        // The sign-in that follows would save nothing.
        if !self.records.core.engine.waits_for_disk() {
            return Ok(());
        }
        // One that takes the place of another under its id goes on with its counter.
        if self.records.put_new_counter(id, 1)? {
            self.effects.push(Effect::FirstCountLeased(id.clone()));
        }
        Ok(())
    }

    fn write_credential(
        &mut self,
        key: &Key,
        stored: &StoredCredential,
        sequence: u64,
    ) -> Result<(), StoreError> {
        let keys = self.records.keys()?;
        let rp_key = keys.index.rp(self.container(), &stored.credential.rp_id).at(sequence);
        self.records.put(&rp_key, &RpEntry::of(stored))?;
        self.records.put_with(key, credential_room(stored), |out| encode_credential(stored, sequence, out))
    }

    /// Deletes a credential and its entry in the index by RP.
    fn remove(&mut self, id: &CredentialId) -> Result<(), StoreError> {
        let (container, keys) = (self.container(), self.records.keys()?);
        let key = keys.index.credential(container, id.as_bytes());
        if let Some((_, facts)) = self.records.get_with(&key, CredentialFacts::read)? {
            self.records.delete(&key);
            self.records.delete(&keys.index.rp(container, facts.rp_id()).at(facts.sequence()));
        }
        Ok(())
    }

    fn remove_counter(&mut self, id: CredentialId) -> Result<(), StoreError> {
        let key = self.records.keys()?.index.counter(self.container(), id.as_bytes());
        self.records.delete(&key);
        self.effects.push(Effect::CounterGone(id));
        Ok(())
    }

    fn facts(&self, id: &CredentialId, expected: Expected) -> Result<(Key, CredentialFacts), StoreError> {
        let key = self.records.keys()?.index.credential(self.container(), id.as_bytes());
        let (revision, facts) =
            self.records.get_with(&key, CredentialFacts::read)?.ok_or(StoreError::NotFound)?;
        expect(Some(revision), expected)?;
        Ok((key, facts))
    }

    fn update_credential(&mut self, stored: &StoredCredential, expected: Expected) -> Result<(), StoreError> {
        let (key, facts) = self.facts(&stored.credential.id, expected)?;
        let place = |rp: &str, user: &[u8], kind: Kind| (rp.to_owned(), user.to_owned(), kind);
        let credential = &stored.credential;
        if place(facts.rp_id(), facts.user_id(), facts.kind())
            != place(&credential.rp_id, &credential.user.id, stored.kind)
        {
            return Err(StoreError::Invalid(
                "an update cannot change the RP ID, the user id or the kind of a credential".to_owned(),
            ));
        }
        self.write_credential(&key, stored, facts.sequence())
    }

    fn delete_credential(&mut self, id: &CredentialId, expected: Expected) -> Result<(), StoreError> {
        let (_, facts) = self.facts(id, expected)?;
        if !facts.removable() {
            return Err(StoreError::NotRemovable);
        }
        let (container, keys) = (self.container(), self.records.keys()?);
        self.remove(id)?;
        self.records.delete(&keys.index.user(container, facts.rp_id(), facts.user_id(), facts.kind()));
        let mut totals = self.totals()?;
        totals.credentials = totals.credentials.saturating_sub(1);
        self.records.put(&self.of(KeyKind::Totals), &totals)?;
        self.remove_counter(id.clone())
    }

    fn reset(
        &mut self,
        sealing_key: &SealingKey,
        uv_retries: u8,
        settings: &Settings,
    ) -> Result<(), StoreError> {
        let totals = Totals { credentials: 0, ..self.totals()? };
        for kind in [KeyKind::Credential, KeyKind::ByRp, KeyKind::ByUser, KeyKind::Counter] {
            self.records.delete_all(self.of(kind).as_ref())?;
        }
        self.records.put(&self.of(KeyKind::Totals), &totals)?;
        self.effects.push(Effect::AllCountersGone);
        self.write_state(settings, sealing_key)?;
        self.write_retries(Retries { durable: uv_retries, live: uv_retries })
    }

    fn put_document(&mut self, name: &str, value: &[u8], expected: Expected) -> Result<(), StoreError> {
        for (what, len, max) in
            [("the document's name", name.len(), MAX_NAME), ("the document", value.len(), MAX_DOCUMENT)]
        {
            if len > max {
                return Err(StoreError::TooLarge { what, len, max });
            }
        }
        let keys = self.records.keys_or_new()?;
        let key = keys.index.document(self.container(), name);
        expect(self.records.revision(&key)?, expected)?;
        let body = DocumentBody { name: name.into(), value: value.to_vec().into() };
        self.records.put_with(&key, name.len() + value.len() + 32, |out| record::encode(&body, out))
    }

    fn delete_document(&mut self, name: &str, expected: Expected) -> Result<(), StoreError> {
        let keys = match self.records.keys() {
            // The directory has no key until it has its first document.
            Err(StoreError::NoContainer(DIRECTORY)) => return expect(None, expected),
            keys => keys?,
        };
        let key = keys.index.document(self.container(), name);
        let found = self.records.revision(&key)?;
        expect(found, expected)?;
        if found.is_some() {
            self.records.delete(&key);
        }
        Ok(())
    }

    fn counter_at_least(&mut self, id: &CredentialId, count: u64) -> Result<(), StoreError> {
        if self.records.counter(id)? < count {
            self.records.put_counter(id, count)?;
        }
        self.effects.push(Effect::CounterAtLeast { id: id.clone(), count });
        Ok(())
    }

    fn set_counter(&mut self, id: &CredentialId, count: u64) -> Result<(), StoreError> {
        self.records.put_counter(id, count)?;
        self.effects.push(Effect::CounterSet { id: id.clone(), count });
        Ok(())
    }

    fn operation_at_least(&mut self, number: u64) -> Result<(), StoreError> {
        let key = self.of(KeyKind::Operation);
        if self.records.get::<u64>(&key)?.unwrap_or_default() < number {
            self.records.put(&key, &number)?;
        }
        self.effects.push(Effect::OperationAtLeast(number));
        Ok(())
    }

    fn lease_count(&mut self, id: &CredentialId) -> Result<(), StoreError> {
        self.must_exist()?;
        let range = self
            .records
            .core
            .with_live(self.container(), |live| Ok(live.counters.get(id).map_or(1, |lease| lease.range())))?;
        let (from, ceiling) = lease(self.records.counter(id)?, range, u32::MAX.into())?;
        self.records.put_counter(id, ceiling)?;
        self.effects.push(Effect::CountLeased { id: id.clone(), from, ceiling });
        Ok(())
    }

    fn lease_operation(&mut self) -> Result<(), StoreError> {
        self.must_exist()?;
        let range = self
            .records
            .core
            .with_live(self.container(), |live| Ok(live.operation.map_or(1, |lease| lease.range())))?;
        let key = self.of(KeyKind::Operation);
        let (from, ceiling) = lease(self.records.get(&key)?.unwrap_or_default(), range, u64::MAX)?;
        self.records.put(&key, &ceiling)?;
        self.effects.push(Effect::OperationLeased { from, ceiling });
        Ok(())
    }
}

/// The range behind the ceiling `from`.
fn lease(from: u64, range: Option<u64>, max: u64) -> Result<(u64, u64), StoreError> {
    if from >= max {
        return Err(StoreError::Invalid(format!("the counter is at its end, {max}")));
    }
    // A container that was made in this group has no live values yet.
    Ok((from, from.saturating_add(range.unwrap_or(1)).min(max)))
}
