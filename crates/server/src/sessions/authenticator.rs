//! A virtual authenticator: an ephemeral device of a session.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use serde_json::Value;
use softhello_app::{AppError, Faults, NewCredential, NewDevice, Operation, Served, UserChoice};
use softhello_ctap::CredentialId;

use super::{Options, Session, credential::CredentialParameters, credential::Unfit};
use crate::{Shared, lock};

/// A virtual authenticator.
pub(crate) struct Authenticator {
    device: Arc<Served>,
    options: Options,
    /// How its user is, which the options say at first.
    user: Mutex<VirtualUser>,
    /// The credentials that are sealed into their ids. The device keeps nothing of them, so that one is removed by no
    /// longer telling the device of it.
    sealed: Mutex<HashMap<Vec<u8>, Sealed>>,
}

#[derive(Clone, Copy)]
struct VirtualUser {
    presence: Presence,
    is_verified: bool,
}

/// What a virtual user does where presence is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Presence {
    Consents,
    /// WebDriver's `isUserConsenting` is false.
    Declines,
    /// CDP's `automaticPresenceSimulation` is false: ceremonies wait until time is up.
    Absent,
}

/// A credential that is sealed into its id.
#[derive(Clone)]
struct Sealed {
    rp_id: String,
    user: softhello_ctap::User,
    removed: bool,
}

/// How many sealed credentials are remembered.
const MAX_SEALED: usize = 10_000;

impl VirtualUser {
    fn does(self) -> UserChoice {
        match self {
            Self { presence: Presence::Declines, .. } => UserChoice::Decline,
            Self { presence: Presence::Absent, .. } => UserChoice::Timeout,
            Self { presence: Presence::Consents, is_verified: false } => UserChoice::WrongPin,
            Self { presence: Presence::Consents, is_verified: true } => UserChoice::Approve,
        }
    }
}

impl Authenticator {
    /// Makes one in a session. The options were checked.
    pub(crate) async fn add(
        shared: &Shared,
        session: &Session,
        options: Options,
    ) -> Result<Arc<Self>, AppError> {
        let user = VirtualUser { presence: options.presence, is_verified: options.is_user_verified };
        let profile = options.profile(shared.sessions.profile())?;
        let new = NewDevice {
            made: Some(Box::new(profile)),
            user: user.does().into(),
            session: Some(session.name.clone()),
            ..NewDevice::default()
        };
        let device = shared.devices.add(new).await?;
        let made = Self { device, options, user: Mutex::new(user), sealed: Mutex::default() };
        match session.keep(made) {
            Ok(kept) => Ok(kept),
            // Another one came first, or the session ended meanwhile.
            Err((made, reason)) => {
                shared.devices.remove(made.id()).await?;
                Err(AppError::usage(reason, "remove another one first"))
            }
        }
    }

    pub(crate) fn id(&self) -> &str {
        self.device.id()
    }

    pub(crate) fn device(&self) -> &Arc<Served> {
        &self.device
    }

    pub(crate) fn options(&self) -> &Options {
        &self.options
    }

    pub(crate) fn is_uvpaa(&self) -> bool {
        self.options.is_internal() && self.options.has_user_verification
    }

    pub(crate) async fn set_user_verified(&self, is_verified: bool) -> Result<(), AppError> {
        // However often a virtual user failed, from now on verification does what is said.
        self.device.restore_uv_retries().await?;
        self.set_user(|user| user.is_verified = is_verified).await
    }

    /// With `false` nobody is there, as CDP has it: ceremonies wait until time is up.
    pub(crate) async fn set_present(&self, present: bool) -> Result<(), AppError> {
        let presence = if present { Presence::Consents } else { Presence::Absent };
        self.set_user(|user| user.presence = presence).await
    }

    async fn set_user(&self, change: impl FnOnce(&mut VirtualUser)) -> Result<(), AppError> {
        let user = {
            let mut user = lock(&self.user);
            change(&mut user);
            *user
        };
        self.device.set_user(user.does().into()).await
    }

    pub(crate) fn set_faults(&self, faults: Faults) {
        self.device.set_faults(faults);
    }

    /// Puts a credential on it.
    pub(crate) async fn add_credential(&self, parameters: CredentialParameters) -> Result<(), Unfit> {
        const RESIDENT: &str = "The Authenticator does not support Resident Credentials.";
        if parameters.is_resident_credential
            && (!self.options.has_resident_key || !self.device.profile().ctap.speaks_ctap2())
        {
            return Err(Unfit::Invalid(RESIDENT));
        }
        let credential = parameters.into_credential(self.device.now())?;
        if self.credential(credential.credential.id.as_bytes()).await.is_ok_and(|found| found.is_some()) {
            return Err(Unfit::Unmakeable);
        }
        self.device.add_credential(credential).await.map_err(|_| Unfit::Unmakeable)
    }

    /// Its credentials in the order of their ids, those that are sealed among them.
    pub(crate) async fn credentials(&self) -> Result<Vec<NewCredential>, AppError> {
        let mut credentials = self.device.credentials().await?;
        let sealed: Vec<(Vec<u8>, Sealed)> = {
            let sealed = lock(&self.sealed);
            let live = sealed.iter().filter(|(_, sealed)| !sealed.removed);
            live.map(|(id, sealed)| (id.clone(), sealed.clone())).collect()
        };
        for (id, Sealed { rp_id, user, .. }) in sealed {
            if let Some(mut found) = self.device.unseal(&rp_id, &id).await? {
                found.credential.user = user;
                credentials.push(found);
            }
        }
        credentials.sort_by(|a, b| a.credential.id.cmp(&b.credential.id));
        Ok(credentials)
    }

    pub(crate) async fn credential(&self, id: &[u8]) -> Result<Option<NewCredential>, AppError> {
        let credentials = self.credentials().await?;
        Ok(credentials.into_iter().find(|found| found.credential.id.as_bytes() == id))
    }

    /// Removes a credential; whether there was one.
    pub(crate) async fn remove_credential(&self, id: &[u8]) -> Result<bool, AppError> {
        {
            let mut sealed = lock(&self.sealed);
            if let Some(sealed) = sealed.get_mut(id).filter(|sealed| !sealed.removed) {
                sealed.removed = true;
                return Ok(true);
            }
        }
        let Ok(id) = CredentialId::try_from(id) else { return Ok(false) };
        self.device.delete_credential(&id).await
    }

    pub(crate) async fn clear_credentials(&self) -> Result<Vec<Vec<u8>>, AppError> {
        let mut removed = Vec::new();
        for found in self.credentials().await? {
            let id = found.credential.id.as_bytes().to_vec();
            if self.remove_credential(&id).await? {
                removed.push(id);
            }
        }
        Ok(removed)
    }

    /// Changes a credential in its place; whether there was one.
    pub(crate) async fn set_properties(
        &self,
        id: &[u8],
        backup_eligible: Option<bool>,
        backed_up: Option<bool>,
        sign_count: Option<u32>,
    ) -> Result<bool, AppError> {
        if self.credential(id).await?.is_none() {
            return Ok(false);
        }
        let set = Operation::PasskeysSet {
            id: data_encoding::BASE64URL_NOPAD.encode(id),
            backup_eligible,
            backed_up,
            sign_count,
            breaking: softhello_app::Rule::ALL.to_vec(),
        };
        self.device.carry_out(None, set).await?;
        Ok(true)
    }

    /// Remembers what a page made, if it is sealed into its id.
    pub(super) async fn made(&self, rp_id: &str, options: &Value, response: &Value) {
        let member = |name: &str| {
            let text = response.get(name)?.as_str()?;
            data_encoding::BASE64URL_NOPAD.decode(text.as_bytes()).ok()
        };
        let Some(id) = member("rawId") else { return };
        let stored = match CredentialId::try_from(id.as_slice()) {
            Ok(id) => self.device.has_stored(&id).await.unwrap_or(true),
            Err(_) => true,
        };
        if stored {
            return;
        }
        let text = |pointer: &str| options.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
        let user_id =
            text("/user/id").and_then(|id| data_encoding::BASE64URL_NOPAD.decode(id.as_bytes()).ok());
        let user = softhello_ctap::User {
            id: user_id.unwrap_or_default(),
            name: text("/user/name"),
            display_name: text("/user/displayName"),
        };
        let mut sealed = lock(&self.sealed);
        // A page that makes more than anybody lists makes them all the same, unlisted.
        if sealed.len() < MAX_SEALED {
            sealed.insert(id, Sealed { rp_id: rp_id.to_owned(), user, removed: false });
        }
    }

    /// Whether a credential that is sealed into this id was removed.
    pub(super) fn has_removed(&self, id: &[u8]) -> bool {
        lock(&self.sealed).get(id).is_some_and(|sealed| sealed.removed)
    }
}
