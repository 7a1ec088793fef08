//! A walk over every record.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    ops::ControlFlow,
};

use softhello_ctap::CredentialId;

use crate::{
    ContainerId, DIRECTORY, StoreError,
    core::{ContainerKeys, Core},
    record::{self, CounterBody, CredentialFacts, DocumentBody, RpEntry, StateBody, Totals, UserEntry},
    seal::{Key, KeyKind},
};

/// What [`Store::check`](crate::Store::check) found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// How many containers there are.
    pub containers: u32,
    /// How many credentials can be read.
    pub credentials: u32,
    /// How many records were looked at, the damaged ones included.
    pub records: u64,
    /// What is wrong.
    pub damaged: Vec<Damage>,
}

/// One thing that is wrong with a store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// Which record.
    pub record: String,
    /// What is wrong with it.
    pub reason: String,
}

impl Report {
    /// Whether nothing is wrong.
    pub fn is_sound(&self) -> bool {
        self.damaged.is_empty()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} records, {} containers, {} credentials, {} damaged",
            self.records,
            self.containers,
            self.credentials,
            self.damaged.len()
        )?;
        self.damaged.iter().try_for_each(|Damage { record, reason }| write!(f, "\n{record}: {reason}"))
    }
}

/// Looks at every record, and does not stop at what is wrong.
pub(crate) fn check(core: &Core) -> Report {
    let mut walk = Walk { core, report: Report::default(), at: None };
    let scanned = core.engine.scan(&[], &mut |key, record| {
        walk.record(key, record);
        ControlFlow::Continue(())
    });
    if let Err(error) = scanned {
        walk.damaged("the database", error);
    }
    walk.leave();
    walk.report
}

struct Walk<'a> {
    core: &'a Core,
    report: Report,
    at: Option<Container>,
}

/// What the records of one container have said so far. Keys sort so that the container's own key comes first, and
/// credentials before the indexes.
struct Container {
    id: ContainerId,
    keys: Option<ContainerKeys>,
    /// The kinds of which a container has one record.
    single: BTreeSet<KeyKind>,
    totals: Option<Totals>,
    credentials: u32,
    unreadable_credentials: bool,
    next_sequence: u64,
    by_rp: BTreeMap<Key, RpEntry>,
    by_user: BTreeMap<Key, CredentialId>,
}

impl Walk<'_> {
    fn damaged(&mut self, record: impl ToString, error: StoreError) {
        self.report.damaged.push(match error {
            StoreError::Damaged { record, reason } => Damage { record, reason },
            other => Damage { record: record.to_string(), reason: other.to_string() },
        });
    }

    fn record(&mut self, key: &[u8], record: &[u8]) {
        self.report.records += 1;
        let Some(container) = Key::container(key) else {
            return self
                .damaged("", StoreError::damaged(Key::describe(key), "its key is none of this store"));
        };
        let at = match self.at.take() {
            Some(at) if at.id == container => at,
            before => {
                self.at = before;
                self.leave();
                Container::new(container)
            }
        };
        let at = self.at.insert(at);
        let result = at.record(self.core, key, record);
        if let Err(error) = result {
            if Key::kind(key) == Some(KeyKind::Credential) {
                at.unreadable_credentials = true;
            }
            self.damaged(Key::describe(key), error);
        }
    }

    /// What can only be said when all records of a container were seen.
    fn leave(&mut self) {
        let Some(at) = self.at.take() else { return };
        self.report.credentials += at.credentials;
        let mut missing = Vec::new();
        if at.id != DIRECTORY {
            self.report.containers += 1;
            let needed = [KeyKind::Keys, KeyKind::State, KeyKind::UvRetries];
            missing.extend(
                needed.into_iter().filter(|kind| !at.single.contains(kind)).map(|kind| Key::of(at.id, kind)),
            );
        }
        missing.extend(at.by_rp.into_keys().chain(at.by_user.into_keys()));
        for key in missing {
            self.damaged("", StoreError::damaged(Key::describe(key.as_ref()), "it is missing"));
        }
        // A credential that cannot be read was reported, and cannot be counted.
        let totals = at.totals.unwrap_or_default();
        let wrong = totals.credentials != at.credentials || totals.next_sequence < at.next_sequence;
        let seen = at.totals.is_some() || !at.single.contains(&KeyKind::Totals);
        if wrong && seen && !at.unreadable_credentials {
            let key = Key::of(at.id, KeyKind::Totals);
            let reason = format!("it says {} credentials, there are {}", totals.credentials, at.credentials);
            self.damaged("", StoreError::damaged(Key::describe(key.as_ref()), reason));
        }
    }
}

impl Container {
    fn new(id: ContainerId) -> Self {
        Self {
            id,
            keys: None,
            single: BTreeSet::new(),
            totals: None,
            credentials: 0,
            unreadable_credentials: false,
            next_sequence: 0,
            by_rp: BTreeMap::new(),
            by_user: BTreeMap::new(),
        }
    }

    fn record(&mut self, core: &Core, key: &[u8], record: &[u8]) -> Result<(), StoreError> {
        let damaged = |reason: &str| Err(StoreError::damaged(Key::describe(key), reason));
        let Some(kind) = Key::kind(key) else { return damaged("its kind is unknown") };
        let is_single = kind <= KeyKind::Totals;
        let len = if is_single { 17 } else { 33 } + if kind == KeyKind::ByRp { 8 } else { 0 };
        if key.len() != len {
            return damaged("its key has the wrong length");
        }
        if is_single {
            self.single.insert(kind);
        }
        match kind {
            // Checked when the store was opened.
            KeyKind::Header if self.id == DIRECTORY => return Ok(()),
            KeyKind::Header => return damaged("there is one header only, elsewhere"),
            KeyKind::Keys => {
                let (_, secret) = core.device.open(key, record)?;
                self.keys = Some(ContainerKeys::derive(&*record::decode_secret(key, secret.as_ref())?));
                return Ok(());
            }
            _ => {}
        }
        let Some(keys) = &self.keys else { return damaged("the key of its container cannot be read") };
        let (_, body) = keys.sealer.open(key, record)?;
        let body = body.as_ref();
        match kind {
            KeyKind::Header | KeyKind::Keys => {}
            KeyKind::State => {
                record::decode::<StateBody>(key, body)?.into_state(key, 0)?;
            }
            KeyKind::UvRetries => {
                record::decode::<u8>(key, body)?;
            }
            KeyKind::Operation => {
                record::decode::<u64>(key, body)?;
            }
            KeyKind::Counter => {
                let body: CounterBody = record::decode(key, body)?;
                if keys.index.counter(self.id, body.id().as_bytes()).as_ref() != key {
                    return damaged("it is under the key of another counter");
                }
            }
            KeyKind::Totals => self.totals = Some(record::decode(key, body)?),
            KeyKind::Credential => {
                record::decode_credential(key, body)?;
                let facts = CredentialFacts::read(key, body)?;
                self.credentials += 1;
                self.next_sequence = self.next_sequence.max(facts.sequence().saturating_add(1));
                let at_rp = keys.index.rp(self.id, facts.rp_id()).at(facts.sequence());
                let at_user = keys.index.user(self.id, facts.rp_id(), facts.user_id(), facts.kind());
                self.by_rp.insert(at_rp, facts.rp_entry());
                let same_user = self.by_user.insert(at_user, facts.id().clone());
                if keys.index.credential(self.id, facts.id().as_bytes()).as_ref() != key {
                    return damaged("it is under the key of another credential");
                }
                if same_user.is_some() {
                    return damaged("another credential has the same RP ID, user id and kind");
                }
            }
            KeyKind::ByRp => {
                let entry: RpEntry = record::decode(key, body)?;
                match self.by_rp.remove(key) {
                    Some(want) if want == entry => {}
                    Some(_) => return damaged("it differs from its credential"),
                    None => return damaged("it points to no credential"),
                }
            }
            KeyKind::ByUser => {
                let entry = record::decode::<UserEntry>(key, body)?.into_id();
                match self.by_user.remove(key) {
                    Some(want) if want == entry => {}
                    Some(_) => return damaged("it differs from its credential"),
                    None => return damaged("it points to no credential"),
                }
            }
            KeyKind::Document => {
                let body: DocumentBody<'static> = record::decode(key, body)?;
                if keys.index.document(self.id, &body.name).as_ref() != key {
                    return damaged("it is under the key of another document");
                }
            }
        }
        Ok(())
    }
}
