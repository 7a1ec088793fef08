//! One device that is served.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use serde_json::{Value, json};
use softhello_ctap::{CredentialId, Timestamp, UserVerification};
use softhello_device::{Clock, DeviceProfile, Faults};
use softhello_storage::{
    Change, ChangeSet, DIRECTORY, Expected, ExportedCredential, Kind, StoredCredential, import_credentials,
};
use softhello_webauthn::DomException;
use softhello_windows::{Computer, WindowsError};
use tokio::sync::{OwnedMutexGuard, watch};

use super::{Common, Devices, News, Record, document_name};
use crate::{
    AppError, Exit, Operation, Output, UserScript,
    context::Setup,
    operations::Carrier,
    running::{OnTransport, Running},
};

/// A credential that comes from elsewhere.
#[derive(Clone, Debug)]
pub struct NewCredential {
    /// The credential.
    pub credential: softhello_ctap::Credential,
    /// The last signature count that was handed out.
    pub sign_count: u32,
}

/// One device of [`Devices`]: a computer with its accounts, and whoever sits before it.
pub struct Served {
    pub(super) id: String,
    pub(super) running: Arc<Running>,
    pub(super) setup: Setup,
    pub(super) computer: Computer,
    pub(super) lasts: Lasts,
    session: Option<String>,
    pub(super) user: watch::Sender<UserScript>,
    pub(super) account: Mutex<String>,
    /// The authenticators of accounts that were used already.
    pub(super) ready: Mutex<HashMap<String, OnTransport>>,
    pub(super) faults: Mutex<Faults>,
    /// Becomes true when the device is gone.
    gone: watch::Sender<bool>,
    pub(super) common: Arc<Common>,
}

/// How long a device lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lasts {
    /// As long as its data directory.
    Own,
    /// In the store of the data directory, until it is deleted.
    Beside,
    /// As long as the process, at most until `expires`.
    Ephemeral { ttl: Option<Duration>, expires: Option<Timestamp> },
}

impl Served {
    pub(super) fn own(running: &Arc<Running>, setup: Setup, computer: Computer, common: Arc<Common>) -> Self {
        let user = running.user().clone();
        Self::new(Devices::DEFAULT, running, setup, computer, Lasts::Own, user, common)
    }

    pub(super) fn beside(
        id: &str,
        running: &Arc<Running>,
        setup: Setup,
        computer: Computer,
        user: UserScript,
        common: Arc<Common>,
    ) -> Self {
        Self::new(id, running, setup, computer, Lasts::Beside, watch::Sender::new(user), common)
    }

    #[expect(clippy::too_many_arguments, reason = "everything that a device has")]
    pub(super) fn ephemeral(
        id: &str,
        running: &Arc<Running>,
        setup: Setup,
        computer: Computer,
        user: UserScript,
        ttl: Option<Duration>,
        session: Option<String>,
        common: Arc<Common>,
    ) -> Self {
        let now = Clock::System.now().0;
        let expires = ttl.map(|ttl| Timestamp(now.saturating_add(millis(ttl))));
        let lasts = Lasts::Ephemeral { ttl, expires };
        let served = Self::new(id, running, setup, computer, lasts, watch::Sender::new(user), common);
        Self { session, ..served }
    }

    fn new(
        id: &str,
        running: &Arc<Running>,
        setup: Setup,
        computer: Computer,
        lasts: Lasts,
        user: watch::Sender<UserScript>,
        common: Arc<Common>,
    ) -> Self {
        Self {
            id: id.to_owned(),
            running: Arc::clone(running),
            account: Mutex::new(setup.account.clone()),
            setup,
            computer,
            lasts,
            session: None,
            user,
            ready: Mutex::default(),
            faults: Mutex::default(),
            gone: watch::Sender::new(false),
            common,
        }
    }

    /// Its id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The session that it belongs to.
    pub fn session(&self) -> Option<&str> {
        self.session.as_deref()
    }

    /// What it is.
    pub fn profile(&self) -> &DeviceProfile {
        self.computer.profile()
    }

    /// The account that is signed in.
    pub fn account(&self) -> String {
        lock(&self.account).clone()
    }

    /// What its user does.
    pub fn user(&self) -> UserScript {
        self.user.borrow().clone()
    }

    /// When it ends, in milliseconds since 1970.
    pub fn expires(&self) -> Option<u64> {
        match self.lasts {
            Lasts::Ephemeral { expires, .. } => expires.map(|expires| expires.0),
            Lasts::Own | Lasts::Beside => None,
        }
    }

    /// Whether it ends with the process.
    pub fn is_ephemeral(&self) -> bool {
        matches!(self.lasts, Lasts::Ephemeral { .. })
    }

    /// Whether its keys are no secret.
    pub fn is_seeded(&self) -> bool {
        self.setup.seed.is_some()
    }

    pub(super) fn ttl(&self) -> Option<Duration> {
        match self.lasts {
            Lasts::Ephemeral { ttl, .. } => ttl,
            Lasts::Own | Lasts::Beside => None,
        }
    }

    pub(super) fn shares_store(&self) -> bool {
        !self.is_ephemeral()
    }

    pub(super) fn computer(&self) -> &Computer {
        &self.computer
    }

    pub(super) fn computer_name(&self) -> Option<&str> {
        self.setup.computer.as_deref()
    }

    /// Whatever is under way ends, and nothing begins any more.
    pub(super) fn end(&self) {
        self.gone.send_replace(true);
    }

    /// Gives back what is kept ready of an account's authenticator.
    pub(super) fn release(&self, account: &str) {
        lock(&self.ready).remove(account);
    }

    /// Whether a page is told that there is a user-verifying platform authenticator: Hello is set up.
    ///
    /// # Errors
    ///
    /// [`AppError`] if the store cannot be read.
    pub async fn is_uvpaa(&self) -> Result<bool, AppError> {
        self.check_here()?;
        let profile = &self.profile().ctap;
        if !profile.platform {
            return Ok(false);
        }
        let account = self.computer.account(&self.account()).await?;
        Ok(match profile.user_verification {
            UserVerification::None => false,
            UserVerification::Always => true,
            UserVerification::Pin | UserVerification::Fingerprint => {
                self.computer.pin(&account).await?.is_some()
            }
        })
    }

    /// Replaces its user.
    ///
    /// # Errors
    ///
    /// [`AppError`] if it cannot be kept.
    pub async fn set_user(&self, user: UserScript) -> Result<(), AppError> {
        self.user.send_replace(user);
        self.changed().await
    }

    /// Signs another account in.
    ///
    /// # Errors
    ///
    /// [`AppError`] if there is no such account, or it cannot be kept.
    pub async fn sign_in(&self, account: &str) -> Result<(), AppError> {
        self.computer.account(account).await?;
        account.clone_into(&mut lock(&self.account));
        self.changed().await
    }

    /// Does these things wrong from the next ceremony on.
    pub fn set_faults(&self, faults: Faults) {
        *lock(&self.faults) = faults;
    }

    /// What it does wrong.
    pub fn faults(&self) -> Faults {
        *lock(&self.faults)
    }

    pub(super) async fn changed(&self) -> Result<(), AppError> {
        self.check_here()?;
        if self.lasts == Lasts::Beside {
            let name = document_name(&self.id);
            // One that is being removed does not come back.
            let kept =
                self.computer.store().document(DIRECTORY, &name).await?.ok_or_else(|| self.is_gone())?;
            let record = Record {
                profile: self.setup.profile.clone(),
                seed: self.setup.seed.clone(),
                user: self.user(),
                account: self.account(),
            };
            let value = serde_json::to_vec(&record).unwrap_or_default();
            let put = Change::PutDocument { name, value, expected: Expected::Revision(kept.revision) };
            self.computer.store().commit(DIRECTORY, ChangeSet::one(put)).await?;
        }
        self.common.tell(News::Changed(self.id.clone()));
        Ok(())
    }

    /// Cuts the power of its authenticators and gives it back.
    pub async fn power_cycle(&self) {
        let ready: Vec<OnTransport> = lock(&self.ready).values().cloned().collect();
        for ready in ready {
            ready.device.power_cycle().await;
        }
    }

    /// Carries an operation out at this device, for this account or the one that is signed in.
    ///
    /// # Errors
    ///
    /// [`AppError`] as the operation has it.
    pub async fn carry_out(&self, account: Option<&str>, operation: Operation) -> Result<Output, AppError> {
        self.check_here()?;
        let account = account.map_or_else(|| self.account(), str::to_owned);
        let losing = match &operation {
            Operation::ContainerDelete => Some(account.clone()),
            Operation::AccountRemove { name } => Some(name.clone()),
            _ => None,
        };
        // What loses its container does no ceremony meanwhile.
        let _turn = match &losing {
            Some(losing) => self.take_away(losing)?,
            None => None,
        };
        let only_looks = operation.only_looks();
        let carrier = Carrier {
            running: Some(&self.running),
            data: self.running.dir(),
            setup: Setup { account, ..self.setup.clone() },
            visitor: false,
            prompt: None,
            computer: &self.computer,
        };
        let carried_out = carrier.run(operation, &mut |_| {}).await;
        if let Some(losing) = &losing {
            // One that came in between has the container that is gone.
            self.release(losing);
        }
        let output = carried_out?;
        // Whoever hears of a change looks again, and would hear of that.
        if !only_looks {
            self.common.tell(News::Changed(self.id.clone()));
        }
        Ok(output)
    }

    /// Gives back what is kept ready of an account's authenticator, and its turn, so that no ceremony begins on it.
    fn take_away(&self, account: &str) -> Result<Option<OwnedMutexGuard<()>>, AppError> {
        let mut ready = lock(&self.ready);
        let Some(found) = ready.get(account) else { return Ok(None) };
        let Ok(turn) = Arc::clone(&found.turn).try_lock_owned() else {
            return Err(AppError::new(
                Exit::Refused,
                format!("a ceremony of `{account}` is under way"),
                "answer or abort it first",
            ));
        };
        ready.remove(account);
        Ok(Some(turn))
    }

    /// The account's credentials with their private keys, oldest first; those that are sealed into their ids are not
    /// stored.
    ///
    /// # Errors
    ///
    /// [`AppError`] if they cannot be read.
    pub async fn credentials(&self) -> Result<Vec<NewCredential>, AppError> {
        let account = self.computer.account(&self.account()).await?;
        let store = self.computer.store().as_ref();
        let exported =
            match softhello_storage::export_container(store, self.computer.container(&account)).await {
                Err(softhello_storage::StoreError::NoContainer(_)) => return Ok(Vec::new()),
                other => other?,
            };
        let credential = |exported: ExportedCredential| NewCredential {
            credential: exported.stored.credential,
            sign_count: exported.count,
        };
        Ok(exported.credentials.into_iter().map(credential).collect())
    }

    /// The credential that is sealed into this id, if it was made here for this RP.
    ///
    /// # Errors
    ///
    /// [`AppError`] if the container cannot be read.
    pub async fn unseal(&self, rp_id: &str, id: &[u8]) -> Result<Option<NewCredential>, AppError> {
        let account = self.computer.account(&self.account()).await?;
        let (store, container) = (self.computer.store(), self.computer.container(&account));
        let state = store.state(container).await?.value;
        let Some(credential) = softhello_ctap::open_sealed(&state.sealing_key, rp_id, id) else {
            return Ok(None);
        };
        let sign_count = store.counter(container, &credential.id).await?;
        Ok(Some(NewCredential { credential, sign_count }))
    }

    /// Puts a credential into the account's container. One of the same RP and user is replaced.
    ///
    /// # Errors
    ///
    /// [`AppError`] if it cannot be kept.
    pub async fn add_credential(&self, new: NewCredential) -> Result<(), AppError> {
        let account = self.account();
        let container = self.computer.device(&account).await?.container();
        let stored = StoredCredential {
            credential: new.credential,
            kind: Kind::Passkey,
            removable: true,
            blocking: false,
        };
        let exported = ExportedCredential { stored, count: new.sign_count };
        import_credentials(self.computer.store().as_ref(), container, &[exported]).await?;
        self.common.tell(News::Changed(self.id.clone()));
        Ok(())
    }

    /// Whether it was removed.
    pub fn has_ended(&self) -> bool {
        *self.gone.borrow()
    }

    pub(super) fn check_here(&self) -> Result<(), AppError> {
        if self.has_ended() { Err(self.is_gone()) } else { Ok(()) }
    }

    /// Becomes true when the device ends.
    pub(super) fn gone(&self) -> watch::Receiver<bool> {
        self.gone.subscribe()
    }

    pub(super) fn is_gone(&self) -> AppError {
        AppError {
            missing: true,
            ..AppError::refused(
                DomException::NotAllowedError,
                format!("the device `{}` was removed", self.id),
                "it was deleted, or its time to live is over",
            )
        }
    }

    pub(super) fn tell(&self, news: News) {
        self.common.tell(news);
    }

    /// What a list shows of it.
    ///
    /// # Errors
    ///
    /// [`AppError`] if the store cannot be read.
    pub async fn describe(&self) -> Result<Value, AppError> {
        let profile = &self.profile().ctap;
        Ok(json!({
            "id": self.id,
            "profile": profile.name,
            "description": profile.description,
            "aaguid": profile.aaguid.to_string(),
            "ephemeral": self.is_ephemeral(),
            "expires": self.expires().map(|expires| super::trace::time(Timestamp(expires))),
            "account": self.account(),
            "user": self.user(),
            "isUvpaa": self.is_uvpaa().await?,
            "attachment": if profile.platform { "platform" } else { "cross-platform" },
            "seeded": self.is_seeded(),
            "session": self.session,
        }))
    }

    /// What can be said of an account's container.
    ///
    /// # Errors
    ///
    /// [`AppError`] if there is no such account, or the store cannot be read.
    pub async fn container(&self, account: &str) -> Result<Value, AppError> {
        let found = self.computer.account(account).await?;
        Ok(json!({
            "id": self.computer.container(&found).to_string(),
            "account": found.name,
            "profile": self.profile().ctap.name,
            "pin": self.computer.pin_shown(&found).await?,
            "passkeys": self.computer.count(&found).await?,
        }))
    }

    /// Deletes one credential of the account; whether there was one.
    ///
    /// # Errors
    ///
    /// [`AppError`] if it may not be deleted, or the store fails.
    pub async fn delete_credential(&self, id: &CredentialId) -> Result<bool, AppError> {
        match self.computer.delete_passkey(&self.account(), id).await {
            Err(WindowsError::NoPasskey { .. }) => Ok(false),
            other => {
                other?;
                self.common.tell(News::Changed(self.id.clone()));
                Ok(true)
            }
        }
    }

    /// Gives the account's authenticator all its attempts at built-in verification back.
    ///
    /// # Errors
    ///
    /// [`AppError`] if the store fails.
    pub async fn restore_uv_retries(&self) -> Result<(), AppError> {
        let container = self.computer.device(&self.account()).await?.container();
        let retries = self.profile().ctap.max_uv_retries;
        Ok(self.computer.store().set_uv_retries(container, retries).await?)
    }

    /// The device's time.
    pub fn now(&self) -> Timestamp {
        self.setup.clock().now()
    }

    /// Whether a stored passkey of the account has this id.
    ///
    /// # Errors
    ///
    /// [`AppError`] if the store cannot be read.
    pub async fn has_stored(&self, id: &CredentialId) -> Result<bool, AppError> {
        let passkeys = self.computer.passkeys(&self.account()).await?;
        Ok(passkeys.iter().any(|passkey| passkey.stored.credential.id == *id))
    }
}

impl fmt::Debug for Served {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Served").field("id", &self.id).field("setup", &self.setup).finish_non_exhaustive()
    }
}

pub(super) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
