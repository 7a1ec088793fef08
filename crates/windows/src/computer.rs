//! A computer with Windows: its accounts and their containers.

use std::{collections::BTreeMap, sync::Arc};

use serde::{Serialize, de::DeserializeOwned};
use softhello_ctap::{CredentialId, PinVerifier, Query, Settings as CtapSettings, UserVerification};
use softhello_device::{
    ChangeError, Clock, CredentialChange, Device, DeviceProfile, Entropy, Pin, Seed, change_credential,
    container_id, create_container, new_store_state, set_pin,
};
use softhello_storage::{
    Change, ChangeSet, ContainerId, DIRECTORY, Expected, Store, StoreError, StoredCredential, Versioned,
};

use crate::{
    Account, AccountKind, Whfb, WindowsError, account,
    conflict::{ENTRA_RP_ID, WhfbConflict},
    whfb,
};

/// Where Microsoft's documents leave room, the answer is one of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The block of the conflict rule "might not apply once the user exceeds 50 total platform credentials".
    /// Off by default.
    pub conflict_exempt_above_50: bool,
    /// WHfB keys also sign in at `login.microsoft.com` without an allow list, as passkeys do; decided when one is
    /// provisioned. One page of Microsoft says that they are "not
    /// FIDO2 passkeys", its own table "FIDO2 for authentication". On by default.
    pub whfb_keys_sign_in: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self { conflict_exempt_above_50: false, whfb_keys_sign_in: true }
    }
}

/// A computer with Windows.
#[derive(Clone)]
pub struct Computer {
    store: Arc<dyn Store>,
    /// Where several computers share a store.
    name: Option<Arc<str>>,
    profile: Arc<DeviceProfile>,
    clock: Clock,
    seed: Option<Seed>,
    settings: Settings,
    conflict_rule: bool,
    entra_rp_id: &'static str,
}

/// A passkey as the settings page of Windows lists it.
#[derive(Clone, Debug)]
pub struct Passkey {
    /// The credential.
    pub stored: StoredCredential,
    /// The last signature count that was handed out.
    pub sign_count: u32,
}

impl Computer {
    /// The account that is made at first use.
    pub const DEFAULT_ACCOUNT: &'static str = "default";

    /// The PIN of accounts that are added with Hello set up.
    pub const DEFAULT_PIN: &'static str = "123456";

    /// A computer whose accounts and containers are in this store, with Windows Hello's software authenticator.
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self {
            store,
            name: None,
            profile: Arc::new(DeviceProfile::windows_hello_software()),
            clock: Clock::System,
            seed: None,
            settings: Settings::default(),
            conflict_rule: true,
            entra_rp_id: ENTRA_RP_ID,
        }
    }

    /// A computer that is gone when it is dropped.
    pub fn in_memory() -> Self {
        Self::new(softhello_storage::memory())
    }

    /// One of several computers that share a store; it sees nothing of the others. A store's first computer has no name.
    ///
    /// # Errors
    ///
    /// [`WindowsError::Name`] if the name is empty, longer than 256 bytes, or has control characters or a slash.
    pub fn named(mut self, name: &str) -> Result<Self, WindowsError> {
        account::check_name(name)?;
        if name.contains('/') {
            return Err(WindowsError::Name { name: name.to_owned() });
        }
        self.name = Some(name.into());
        Ok(self)
    }

    /// With this authenticator.
    #[must_use]
    pub fn with_profile(mut self, profile: DeviceProfile) -> Self {
        self.profile = Arc::new(profile);
        self
    }

    /// With this clock.
    #[must_use]
    pub fn with_clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// With repeatable devices.
    #[must_use]
    pub fn with_seed(mut self, seed: Option<Seed>) -> Self {
        self.seed = seed;
        self
    }

    /// With these settings.
    #[must_use]
    pub fn with_settings(mut self, settings: Settings) -> Self {
        self.settings = settings;
        self
    }

    /// With another RP ID of Entra than [`ENTRA_RP_ID`](crate::conflict::ENTRA_RP_ID).
    #[must_use]
    pub fn with_entra_rp_id(mut self, rp_id: &'static str) -> Self {
        self.entra_rp_id = rp_id;
        self
    }

    /// With the rule of [`conflict`](crate::conflict), or without it: a tenant may lift it for a user.
    #[must_use]
    pub fn with_conflict_rule(mut self, holds: bool) -> Self {
        self.conflict_rule = holds;
        self
    }

    /// The authenticator's profile.
    pub fn profile(&self) -> &DeviceProfile {
        &self.profile
    }

    /// The store.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// All accounts, in the order of their names.
    ///
    /// # Errors
    ///
    /// [`WindowsError::Store`] or [`WindowsError::Document`] if they cannot be read.
    pub async fn accounts(&self) -> Result<Vec<Account>, WindowsError> {
        let prefix = self.document_name("");
        let documents = self.store.documents(DIRECTORY, &prefix).await?;
        let account = |name: &str| name.strip_prefix(&prefix).unwrap_or(name).to_owned();
        documents.into_iter().map(|(name, document)| deserialize(&account(&name), &document.value)).collect()
    }

    /// One account. [`Computer::DEFAULT_ACCOUNT`] is made, with Hello set up, if there is none.
    ///
    /// # Errors
    ///
    /// [`WindowsError::NoAccount`] if there is none, or [`WindowsError::Store`].
    pub async fn account(&self, name: &str) -> Result<Account, WindowsError> {
        match self.find_account(name).await? {
            Some(found) => Ok(found.value),
            None if name == Self::DEFAULT_ACCOUNT => {
                self.add_account(name, AccountKind::Local, Some(&default_pin())).await
            }
            None => Err(WindowsError::NoAccount { name: name.to_owned() }),
        }
    }

    /// Adds an account with a Hello container; without a PIN, Hello is not set up and cannot be used.
    ///
    /// # Errors
    ///
    /// [`WindowsError::AccountExists`], [`WindowsError::Name`] or [`WindowsError::Store`].
    pub async fn add_account(
        &self,
        name: &str,
        kind: AccountKind,
        pin: Option<&Pin>,
    ) -> Result<Account, WindowsError> {
        let mut account = Account::new(name, kind)?;
        if self.find_account(name).await?.is_some() {
            return Err(WindowsError::AccountExists { name: name.to_owned() });
        }
        account.incarnations = self.former_incarnations(name).await?;
        let profile = self.hello_profile();
        account.incarnations.entry(profile.container.clone()).or_default();
        // The container first: an account without one could not be told from one whose container was deleted.
        let container = self.make_container(&account, &profile, pin).await?;
        // A container that a crash left without its account has the PIN of that time.
        set_pin(&self.store, container, &profile, pin).await?;
        match self.put(&account, Expected::Absent).await {
            Err(WindowsError::Store(StoreError::Conflict)) => {
                Err(WindowsError::AccountExists { name: name.to_owned() })
            }
            other => other.map(|()| account),
        }
    }

    /// Removes an account and all its containers.
    ///
    /// # Errors
    ///
    /// [`WindowsError::NoAccount`] or [`WindowsError::Store`].
    pub async fn remove_account(&self, name: &str) -> Result<(), WindowsError> {
        let found = self.existing(name).await?;
        let mut former = found.value.incarnations.clone();
        for (kind, incarnation) in &mut former {
            self.delete_containers(name, kind, *incarnation).await?;
            // A later account of this name gets other containers, see `delete_container`.
            *incarnation += 1;
        }
        let changes = vec![
            Change::DeleteDocument {
                name: self.document_name(name),
                expected: Expected::Revision(found.revision),
            },
            Change::PutDocument {
                name: self.former_document_name(name),
                value: serialize(name, &former)?,
                expected: Expected::Any,
            },
        ];
        Ok(self.store.commit(DIRECTORY, ChangeSet { guards: Vec::new(), changes }).await?)
    }

    /// Sets or clears the PIN of an account, and ends a lockout. Makes the container if it was deleted.
    ///
    /// # Errors
    ///
    /// [`WindowsError::Pin`] if an authenticator of this profile does not take it from a platform, [`WindowsError::NoAccount`] or
    /// [`WindowsError::Store`].
    pub async fn set_pin(&self, name: &str, pin: Option<&Pin>) -> Result<(), WindowsError> {
        let account = self.account(name).await?;
        let profile = self.pin_profile();
        let container = self.container_of(&account, &profile.container);
        if let Some(pin) = pin.filter(|_| profile.ctap.client_pin) {
            let settings = match self.store.state(container).await {
                Err(StoreError::NoContainer(_)) => CtapSettings::default(),
                other => other?.value.settings.clone(),
            };
            pin.check(&profile.ctap, &settings).map_err(WindowsError::Pin)?;
        }
        match set_pin(&self.store, container, &profile, pin).await {
            Err(StoreError::NoContainer(_)) => {
                let account = self.with_kind(name, &profile.container).await?;
                self.make_container(&account, &profile, pin).await.map(drop)
            }
            other => Ok(other?),
        }
    }

    /// What is kept of an account's PIN, if one is set.
    ///
    /// # Errors
    ///
    /// [`WindowsError::Store`] if it cannot be read.
    pub async fn pin(&self, account: &Account) -> Result<Option<PinVerifier>, WindowsError> {
        match self.store.state(self.container_of(account, &self.pin_profile().container)).await {
            Ok(state) => Ok(state.value.settings.pin.clone()),
            Err(StoreError::NoContainer(_)) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// An account's PIN as it can be shown: [`Computer::DEFAULT_PIN`] itself, `set` for any other, or none.
    ///
    /// # Errors
    ///
    /// [`WindowsError::Store`] if it cannot be read.
    pub async fn pin_shown(&self, account: &Account) -> Result<Option<&'static str>, WindowsError> {
        let default = default_pin().verifier();
        let pin = self.pin(account).await?;
        Ok(pin.map(|pin| if pin == default { Self::DEFAULT_PIN } else { "set" }))
    }

    /// Deletes an account's container with everything in it, also what is not removable.
    ///
    /// # Errors
    ///
    /// [`WindowsError::NoAccount`], [`WindowsError::NoContainer`] or [`WindowsError::Store`].
    pub async fn delete_container(&self, name: &str) -> Result<(), WindowsError> {
        let found = self.existing(name).await?;
        let mut account = found.value;
        let kind = self.profile.container.clone();
        let container = self.container_of(&account, &kind);
        if kind == HELLO {
            account.whfb.clear();
        }
        match self.store.state(container).await {
            Err(StoreError::NoContainer(_)) => {
                return Err(WindowsError::NoContainer { account: name.to_owned() });
            }
            other => other.map(drop)?,
        }
        // The next container gets another id: a seeded device never repeats what it drew in this one. That comes first,
        // so that after a crash in between the old container is out of reach, not back in use.
        let incarnation = account.incarnations.entry(kind.clone()).or_default();
        let last = *incarnation;
        *incarnation += 1;
        self.put(&account, Expected::Revision(found.revision)).await?;
        self.delete_containers(name, &kind, last).await
    }

    /// Puts the WHfB key of an Entra user into an account's container and registers it in the tenant.
    ///
    /// # Errors
    ///
    /// [`WindowsError::NoPin`] if Hello is not set up, [`WindowsError::AlreadyProvisioned`], [`WindowsError::NoAccount`]
    /// or [`WindowsError::Store`].
    pub async fn provision_whfb(&self, name: &str, upn: &str) -> Result<Whfb, WindowsError> {
        account::check_name(upn)?;
        let account = self.account(name).await?;
        if account.whfb_of(upn).is_some_and(|key| key.in_tenant) {
            return Err(WindowsError::AlreadyProvisioned { upn: upn.to_owned() });
        }
        let container = self.container_of(&account, HELLO);
        let no_pin = || WindowsError::NoPin { account: name.to_owned() };
        match self.store.state(container).await {
            Ok(state) if state.value.settings.pin.is_some() => {}
            Ok(_) | Err(StoreError::NoContainer(_)) => return Err(no_pin()),
            Err(error) => return Err(error.into()),
        }
        let mut entropy = Entropy::draw(self.seed.as_ref(), &self.store, container).await?;
        let mut credential = whfb::credential(self.entra_rp_id, upn, self.clock.now(), &mut entropy)?;
        credential.credential.discoverable = self.settings.whfb_keys_sign_in;
        let put = Change::PutCredential { credential: Box::new(credential), room: None };
        self.store.commit(container, ChangeSet::one(put)).await?;
        let key = Whfb { upn: upn.to_owned(), in_tenant: true };
        self.set_whfb(name, key.clone()).await?;
        Ok(key)
    }

    /// Removes the WHfB method in the tenant, as an administrator does. The key stays in the container, listed and not
    /// removable, and no longer blocks.
    ///
    /// # Errors
    ///
    /// [`WindowsError::NotProvisioned`], [`WindowsError::NoAccount`] or [`WindowsError::Store`].
    pub async fn remove_whfb(&self, name: &str, upn: &str) -> Result<(), WindowsError> {
        let account = self.existing(name).await?.value;
        let container = self.container_of(&account, HELLO);
        let handle = whfb::user_handle(upn);
        let known = account.whfb_of(upn);
        let mut provisioned = known.is_some_and(|key| key.in_tenant);
        for passkey in self.credentials_in(container).await? {
            let Versioned { value: mut stored, revision } = passkey;
            if stored.blocking && stored.credential.user.id == handle {
                // A crash while it was provisioned may have left the key without its account's record.
                provisioned = true;
                stored.blocking = false;
                let update = Change::UpdateCredential {
                    credential: Box::new(stored),
                    expected: Expected::Revision(revision),
                };
                self.store.commit(container, ChangeSet::one(update)).await?;
            }
        }
        if !provisioned {
            return Err(WindowsError::NotProvisioned { upn: upn.to_owned() });
        }
        let upn = known.map_or(upn, |key| &key.upn).to_owned();
        self.set_whfb(name, Whfb { upn, in_tenant: false }).await
    }

    /// The passkeys of an account, newest first, WHfB keys among them. Those whose record is damaged are left out.
    ///
    /// # Errors
    ///
    /// [`WindowsError::NoAccount`] or [`WindowsError::Store`].
    pub async fn passkeys(&self, name: &str) -> Result<Vec<Passkey>, WindowsError> {
        let account = self.account(name).await?;
        let container = self.container_of(&account, &self.profile.container);
        let mut passkeys = Vec::new();
        for Versioned { value: stored, .. } in self.credentials_in(container).await? {
            let sign_count = self.store.counter(container, &stored.credential.id).await?;
            passkeys.push(Passkey { stored, sign_count });
        }
        Ok(passkeys)
    }

    /// How many passkeys an account has.
    ///
    /// # Errors
    ///
    /// [`WindowsError::Store`] if they cannot be counted.
    pub async fn count(&self, account: &Account) -> Result<u32, WindowsError> {
        match self.store.count(self.container(account)).await {
            Err(StoreError::NoContainer(_)) => Ok(0),
            other => Ok(other?),
        }
    }

    /// Deletes one passkey.
    ///
    /// # Errors
    ///
    /// [`WindowsError::NoPasskey`], [`WindowsError::NotRemovable`], [`WindowsError::NoAccount`] or
    /// [`WindowsError::Store`].
    pub async fn delete_passkey(&self, name: &str, id: &CredentialId) -> Result<(), WindowsError> {
        let account = self.account(name).await?;
        let container = self.container_of(&account, &self.profile.container);
        let mut changes = vec![Change::DeleteCredential { id: id.clone(), expected: Expected::Any }];
        changes.extend(self.new_store_state(container).await?);
        match self.store.commit(container, ChangeSet { guards: Vec::new(), changes }).await {
            Err(StoreError::NotFound | StoreError::NoContainer(_)) => Err(no_passkey(name, id)),
            Err(StoreError::NotRemovable) => Err(WindowsError::NotRemovable),
            other => Ok(other?),
        }
    }

    /// Changes one passkey, all of it or nothing.
    ///
    /// # Errors
    ///
    /// [`WindowsError::Change`] if it would break a rule that was not named, [`WindowsError::NoPasskey`],
    /// [`WindowsError::NoAccount`] or [`WindowsError::Store`].
    pub async fn change_passkey(
        &self,
        name: &str,
        id: &CredentialId,
        change: &CredentialChange,
    ) -> Result<(), WindowsError> {
        let account = self.account(name).await?;
        let container = self.container_of(&account, &self.profile.container);
        let mut entropy = Entropy::draw(self.seed.as_ref(), &self.store, container).await?;
        match change_credential(&self.store, container, &self.profile, id, change, &mut entropy).await {
            Err(ChangeError::Store(StoreError::NotFound | StoreError::NoContainer(_))) => {
                Err(no_passkey(name, id))
            }
            Err(ChangeError::Store(error)) => Err(error.into()),
            other => other.map_err(WindowsError::Change),
        }
    }

    /// Says to platforms that remember an account's passkeys that others are there now, as after an import.
    ///
    /// # Errors
    ///
    /// [`WindowsError::NoAccount`] or [`WindowsError::Store`].
    pub async fn passkeys_imported(&self, name: &str) -> Result<(), WindowsError> {
        let container = self.container(&self.account(name).await?);
        if let Some(change) = self.new_store_state(container).await? {
            self.store.commit(container, ChangeSet::one(change)).await?;
        }
        Ok(())
    }

    async fn new_store_state(&self, container: ContainerId) -> Result<Option<Change>, WindowsError> {
        if !self.profile.ctap.per_cred_mgmt_ro {
            return Ok(None);
        }
        let mut entropy = Entropy::draw(self.seed.as_ref(), &self.store, container).await?;
        Ok(new_store_state(&self.profile, &mut entropy))
    }

    /// The authenticator of an account, as a browser reaches it.
    ///
    /// # Errors
    ///
    /// [`WindowsError::NoAccount`] or [`WindowsError::Store`].
    pub async fn device(&self, name: &str) -> Result<Device, WindowsError> {
        let account = self.account(name).await?;
        let container = self.container_of(&account, &self.profile.container);
        match self.store.state(container).await {
            // The first Hello container is made at its first use, set up; after a deletion it comes back without a PIN.
            // A security key comes without a PIN from the factory.
            Err(StoreError::NoContainer(_)) => {
                let account = self.with_kind(name, &self.profile.container).await?;
                let first = account.incarnations.get(&self.profile.container) == Some(&0);
                let set_up = first && self.profile.ctap.user_verification == UserVerification::Pin;
                let pin = set_up.then(default_pin);
                self.make_container(&account, &self.profile, pin.as_ref()).await?;
            }
            other => other.map(drop)?,
        }
        let device = Device::new(Arc::clone(&self.store), container, Arc::clone(&self.profile))
            .with_clock(self.clock)
            .with_seed(self.seed.clone());
        Ok(if self.profile.container == HELLO && self.conflict_rule {
            device.with_policy(Arc::new(WhfbConflict { settings: self.settings, rp_id: self.entra_rp_id }))
        } else {
            device
        })
    }

    /// The container of an account for the profile that is in use.
    pub fn container(&self, account: &Account) -> ContainerId {
        self.container_of(account, &self.profile.container)
    }

    fn container_of(&self, account: &Account, kind: &str) -> ContainerId {
        let incarnation = account.incarnations.get(kind).copied().unwrap_or(0);
        container_id(&self.container_name(&account.name), kind, incarnation)
    }

    /// What the ids of an account's containers are made of: no name has a control character.
    fn container_name(&self, account: &str) -> String {
        self.name.as_ref().map_or_else(|| account.to_owned(), |name| format!("{name}\n{account}"))
    }

    /// The document that keeps an account.
    fn document_name(&self, account: &str) -> String {
        format!("{}account/{account}", self.document_prefix())
    }

    /// The document that keeps what a later account of this name has to know of an earlier one.
    fn former_document_name(&self, account: &str) -> String {
        format!("{}former-account/{account}", self.document_prefix())
    }

    fn document_prefix(&self) -> String {
        self.name.as_ref().map_or_else(String::new, |name| format!("computer/{name}/"))
    }

    /// The profile whose PIN is meant: the one in use if it has a PIN, else Windows Hello's.
    fn pin_profile(&self) -> Arc<DeviceProfile> {
        if self.profile.ctap.client_pin { Arc::clone(&self.profile) } else { self.hello_profile() }
    }

    /// The profile that an account is set up with: the one in use if it verifies by a PIN, else Windows Hello's.
    fn hello_profile(&self) -> Arc<DeviceProfile> {
        if self.profile.ctap.user_verification == UserVerification::Pin {
            Arc::clone(&self.profile)
        } else {
            Arc::new(DeviceProfile::windows_hello_software())
        }
    }

    /// The account, which is to have a container of this kind: `remove_account` has to know all of them.
    async fn with_kind(&self, name: &str, kind: &str) -> Result<Account, WindowsError> {
        let Versioned { value: mut account, revision } = self.existing(name).await?;
        if !account.incarnations.contains_key(kind) {
            account.incarnations.insert(kind.to_owned(), 0);
            self.put(&account, Expected::Revision(revision)).await?;
        }
        Ok(account)
    }

    async fn make_container(
        &self,
        account: &Account,
        profile: &DeviceProfile,
        pin: Option<&Pin>,
    ) -> Result<ContainerId, WindowsError> {
        let container = self.container_of(account, &profile.container);
        match create_container(&self.store, container, profile, pin, self.seed.as_ref()).await {
            // A crash or another thread came between the container and its use: it is the same one.
            Err(StoreError::ContainerExists(_)) => Ok(container),
            other => Ok(other.map(|()| container)?),
        }
    }

    /// Deletes the containers of all incarnations up to `last`, also those that a crash left behind.
    async fn delete_containers(&self, name: &str, kind: &str, last: u32) -> Result<(), WindowsError> {
        for incarnation in 0..=last {
            let delete = ChangeSet::one(Change::DeleteContainer);
            match self.store.commit(container_id(&self.container_name(name), kind, incarnation), delete).await
            {
                Err(StoreError::NoContainer(_)) => {}
                other => other?,
            }
        }
        Ok(())
    }

    async fn credentials_in(
        &self,
        container: ContainerId,
    ) -> Result<Vec<Versioned<StoredCredential>>, WindowsError> {
        let handles = match self.store.find(container, Query::All).await {
            Err(StoreError::NoContainer(_)) => Vec::new(),
            other => other?,
        };
        let mut credentials = Vec::with_capacity(handles.len());
        for handle in handles {
            match self.store.load(container, &handle.id).await {
                // The others are whole; `Computer::count` counts it all the same.
                Err(StoreError::Damaged { .. }) => {}
                other => credentials.push(other?),
            }
        }
        Ok(credentials)
    }

    async fn find_account(&self, name: &str) -> Result<Option<Versioned<Account>>, WindowsError> {
        let document = self.store.document(DIRECTORY, &self.document_name(name)).await?;
        document
            .map(|found| Ok(Versioned { value: deserialize(name, &found.value)?, revision: found.revision }))
            .transpose()
    }

    /// How many containers of each kind earlier accounts of this name had.
    async fn former_incarnations(&self, name: &str) -> Result<BTreeMap<String, u32>, WindowsError> {
        let document = self.store.document(DIRECTORY, &self.former_document_name(name)).await?;
        document.map_or(Ok(BTreeMap::new()), |found| deserialize(name, &found.value))
    }

    async fn existing(&self, name: &str) -> Result<Versioned<Account>, WindowsError> {
        self.find_account(name).await?.ok_or_else(|| WindowsError::NoAccount { name: name.to_owned() })
    }

    async fn set_whfb(&self, name: &str, key: Whfb) -> Result<(), WindowsError> {
        let Versioned { value: mut account, revision } = self.existing(name).await?;
        account.whfb.retain(|other| !account::same_name(&other.upn, &key.upn));
        account.whfb.push(key);
        self.put(&account, Expected::Revision(revision)).await
    }

    async fn put(&self, account: &Account, expected: Expected) -> Result<(), WindowsError> {
        let value = serialize(&account.name, account)?;
        let put = Change::PutDocument { name: self.document_name(&account.name), value, expected };
        Ok(self.store.commit(DIRECTORY, ChangeSet::one(put)).await?)
    }
}

/// The kind of container that Hello's profiles share, see [`DeviceProfile::container`].
const HELLO: &str = "windows-hello";

fn no_passkey(account: &str, id: &CredentialId) -> WindowsError {
    WindowsError::NoPasskey {
        id: id.as_bytes().iter().map(|byte| format!("{byte:02x}")).collect(),
        account: account.to_owned(),
    }
}

/// The PIN that Hello is set up with.
fn default_pin() -> Pin {
    Pin::try_from(Computer::DEFAULT_PIN).expect("the default PIN is one")
}

fn serialize(account: &str, value: &impl Serialize) -> Result<Vec<u8>, WindowsError> {
    serde_json::to_vec(value).map_err(|source| WindowsError::Document { account: account.to_owned(), source })
}

fn deserialize<T: DeserializeOwned>(account: &str, document: &[u8]) -> Result<T, WindowsError> {
    serde_json::from_slice(document)
        .map_err(|source| WindowsError::Document { account: account.to_owned(), source })
}
