//! The registration service: users, their methods, and what may be added when.

use std::{collections::BTreeMap, time::Duration};

use data_encoding::BASE64;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use softhello_ctap::Timestamp;
use uuid::Uuid;

use super::{
    log::{Activity, AuditEntry, SignInEntry},
    options::CreationOptionsShape,
    policy::{NotOffered, PasskeyPolicy, Presented, Refusal},
};
use crate::logs;

/// "This block might not apply once the user exceeds 50 total platform credentials": what that means is not documented.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Exemption {
    /// Nothing: the block always applies.
    #[default]
    Never,
    /// The user's methods in the tenant are counted. Above 50 `excludeCredentials` has the newest 50 passkeys and no keys of
    /// Windows Hello for Business, and Windows does not look for one either.
    User,
    /// Windows counts what is in its one container of the account; the tenant leaves the block to Windows, and lists
    /// passkeys only.
    Container,
}

/// A tenant.
#[derive(Debug)]
pub struct Tenant {
    /// Every policy that an administrator saved, and when, the oldest first.
    policies: Vec<(Timestamp, PasskeyPolicy)>,
    /// How long a saved policy takes until the service follows it. Microsoft does not document it ("a short while").
    propagation: Duration,
    /// Whether many credentials lift the block.
    pub exemption: Exemption,
    /// Which creation options it gives.
    pub creation_options: CreationOptionsShape,
    users: BTreeMap<String, User>,
    audit: Vec<AuditEntry>,
    sign_ins: Vec<SignInEntry>,
}

/// A user.
#[derive(Clone, Debug, Default)]
pub struct User {
    /// As it is written.
    pub upn: String,
    /// Groups by name.
    pub groups: Vec<String>,
    /// When the user last used multifactor authentication.
    pub last_mfa: Option<Timestamp>,
    /// What the user can sign in with.
    pub methods: Vec<Method>,
}

/// Something to sign in with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Method {
    /// A passkey.
    Passkey {
        /// Its id.
        #[serde(skip)]
        id: Vec<u8>,
        /// The name that the user gave it.
        name: String,
        /// Its model.
        aaguid: Uuid,
        /// Whether it is synced.
        synced: bool,
    },
    /// A key of Windows Hello for Business.
    Whfb {
        /// Its id.
        #[serde(skip)]
        id: Vec<u8>,
        /// The computer's name.
        device: String,
    },
}

/// A registration that was begun.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Begun {
    /// Ids of `excludeCredentials`, WHfB keys among them.
    pub exclude: Vec<Vec<u8>>,
    /// When the challenge expires.
    pub expires: Timestamp,
}

/// A response that an independent library verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// The credential's id.
    pub id: Vec<u8>,
    /// What the policy looks at.
    pub presented: Presented,
}

/// Why a passkey was not added.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAdded {
    /// No such user.
    #[error("there is no user {0}")]
    NoUser(String),
    /// The method is not offered to the user.
    #[error(transparent)]
    NotOffered(#[from] NotOffered),
    /// The last multifactor authentication is too long ago.
    #[error("the last multifactor authentication is more than {} minutes ago", Tenant::MFA_FOR_PASSKEYS.as_secs() / 60)]
    StaleMfa,
    /// The challenge is older than its lifetime.
    #[error("the challenge has expired")]
    Expired,
    /// The policy that was saved is not in effect yet.
    #[error("the policy that allows it is not in effect yet")]
    NotInEffect,
    /// The policy does not allow it.
    #[error("{0}")]
    Policy(Refusal),
}

/// Why a passkey does not sign in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotSignedIn {
    /// No user has it.
    #[error("no user has this credential")]
    Unknown,
    /// The method is not for the user any more.
    #[error(transparent)]
    NotOffered(#[from] NotOffered),
    /// The policy does not allow the model.
    #[error("{0}")]
    Policy(Refusal),
    /// Windows Hello for Business, in private mode.
    #[error("the browser in private mode has no state of the device")]
    NoDeviceState,
}

/// As administrators and logs name it.
const WHFB: &str = "Windows Hello for Business";

impl Method {
    /// As the administrator's page names it.
    pub fn name_for_administrators(&self) -> &'static str {
        match self {
            Self::Passkey { .. } => "Passkey",
            Self::Whfb { .. } => WHFB,
        }
    }

    /// As Security info names it to the user; WHfB is not visible there.
    pub fn name_on_security_info(&self) -> Option<&'static str> {
        match self {
            Self::Passkey { synced: false, .. } => Some("Passkey (Device bound)"),
            Self::Passkey { synced: true, .. } => Some("Passkey (Synced)"),
            Self::Whfb { .. } => None,
        }
    }

    /// As the sign-in log names it.
    pub fn name_in_sign_in_log(&self) -> &'static str {
        match self {
            Self::Passkey { synced: false, .. } => "Passkey (device-bound)",
            Self::Passkey { synced: true, .. } => "Passkey (synced)",
            Self::Whfb { .. } => WHFB,
        }
    }

    /// The credential's id.
    pub fn id(&self) -> &[u8] {
        match self {
            Self::Passkey { id, .. } | Self::Whfb { id, .. } => id,
        }
    }
}

impl User {
    /// A user without methods.
    pub fn new(upn: &str, groups: &[String]) -> Self {
        Self { upn: upn.to_owned(), groups: groups.to_vec(), ..Self::default() }
    }
}

impl Tenant {
    /// How recent multifactor authentication has to be for a passkey.
    pub const MFA_FOR_PASSKEYS: Duration = Duration::from_secs(5 * 60);

    /// The same for Windows Hello for Business.
    pub const MFA_FOR_WHFB: Duration = Duration::from_secs(10 * 60);

    /// How long a challenge lives.
    pub const CHALLENGE_LIFETIME: Duration = Duration::from_secs(5 * 60);

    /// The number that a user has to exceed for [`Exemption::User`]. A recorded `excludeCredentials` appears capped near it.
    pub const MAX_EXCLUDED: usize = 50;

    /// A tenant whose policy has been in effect for ever.
    pub fn new(policy: PasskeyPolicy, propagation: Duration) -> Self {
        Self {
            policies: vec![(Timestamp(0), policy)],
            propagation,
            exemption: Exemption::default(),
            creation_options: CreationOptionsShape::default(),
            users: BTreeMap::new(),
            audit: Vec::new(),
            sign_ins: Vec::new(),
        }
    }

    /// Adds a user.
    pub fn add_user(&mut self, user: User) {
        self.users.insert(user.upn.to_lowercase(), user);
    }

    /// A user.
    pub fn user(&self, upn: &str) -> Option<&User> {
        self.users.get(&upn.to_lowercase())
    }

    /// An administrator saves a policy.
    pub fn save_policy(&mut self, now: Timestamp, policy: PasskeyPolicy) {
        self.policies.push((now, policy));
    }

    /// The policy as the administrator's page and Security info show it.
    pub fn saved(&self) -> &PasskeyPolicy {
        let newest = self.policies.last().map(|(_, policy)| policy);
        newest.expect("there is one from the beginning")
    }

    /// The policy that the service follows.
    pub fn in_effect(&self, now: Timestamp) -> &PasskeyPolicy {
        let delay = u64::try_from(self.propagation.as_millis()).unwrap_or(u64::MAX);
        let follows = |saved: Timestamp| saved.0 == 0 || saved.0.saturating_add(delay) <= now.0;
        let newest = self.policies.iter().rev().find(|(saved, _)| follows(*saved)).map(|(_, policy)| policy);
        newest.expect("the first one is in effect")
    }

    /// The user used multifactor authentication.
    pub fn used_mfa(&mut self, upn: &str, now: Timestamp) {
        if let Some(user) = self.users.get_mut(&upn.to_lowercase()) {
            user.last_mfa = Some(now);
        }
    }

    /// Whether the user's last multifactor authentication is at most so old.
    pub fn has_mfa(&self, upn: &str, now: Timestamp, within: Duration) -> bool {
        let last = self.user(upn).and_then(|user| user.last_mfa);
        last.is_some_and(|last| u128::from(now.0.saturating_sub(last.0)) <= within.as_millis())
    }

    /// The user begins to add a passkey on Security info.
    ///
    /// # Errors
    ///
    /// [`NotAdded`].
    pub fn begin(&mut self, upn: &str, now: Timestamp) -> Result<Begun, NotAdded> {
        let user = self.user(upn).ok_or_else(|| NotAdded::NoUser(upn.to_owned()))?;
        self.saved().offered_to(&user.groups)?;
        let newest = user.methods.iter().rev();
        let ids =
            |methods: &mut dyn Iterator<Item = &Method>| methods.map(|method| method.id().to_vec()).collect();
        let exclude = match self.exemption {
            Exemption::Never => ids(&mut newest.into_iter()),
            Exemption::User if user.methods.len() > Self::MAX_EXCLUDED => {
                let passkeys = newest.filter(|method| matches!(method, Method::Passkey { .. }));
                ids(&mut passkeys.take(Self::MAX_EXCLUDED))
            }
            Exemption::User => ids(&mut newest.into_iter()),
            Exemption::Container => {
                ids(&mut newest.filter(|method| matches!(method, Method::Passkey { .. })))
            }
        };
        if !self.has_mfa(upn, now, Self::MFA_FOR_PASSKEYS) {
            return Err(NotAdded::StaleMfa);
        }
        self.write(now, upn, Activity::StartedSecurityInfo, None);
        self.write(now, upn, Activity::GetCreationOptions, None);
        let lifetime = u64::try_from(Self::CHALLENGE_LIFETIME.as_millis()).unwrap_or(u64::MAX);
        Ok(Begun { exclude, expires: Timestamp(now.0.saturating_add(lifetime)) })
    }

    /// The service takes a response that was verified.
    ///
    /// # Errors
    ///
    /// [`NotAdded`]. It is in no log.
    pub fn add_passkey(
        &mut self,
        upn: &str,
        begun: &Begun,
        verified: &Verified,
        name: &str,
        now: Timestamp,
    ) -> Result<(), NotAdded> {
        let user = self.user(upn).ok_or_else(|| NotAdded::NoUser(upn.to_owned()))?;
        if now > begun.expires {
            return Err(NotAdded::Expired);
        }
        let allows = |policy: &PasskeyPolicy| -> Result<(), NotAdded> {
            let profiles = policy.profiles_of(&user.groups)?;
            policy.registers(&profiles, verified.presented).map(drop).map_err(NotAdded::Policy)
        };
        if let Err(refused) = allows(self.in_effect(now)) {
            let will = allows(self.saved()).is_ok();
            return Err(if will { NotAdded::NotInEffect } else { refused });
        }
        let Presented { aaguid, synced, .. } = verified.presented;
        let method = Method::Passkey { id: verified.id.clone(), name: name.to_owned(), aaguid, synced };
        let activity = if synced { Activity::AddSynced } else { Activity::AddDeviceBound };
        let key_id = BASE64.encode(&verified.id);
        self.push(upn, method);
        self.write(now, upn, activity, Some(key_id));
        self.write(now, upn, Activity::RegisteredSecurityInfo, None);
        Ok(())
    }

    /// The user registers passkeys on so many other computers.
    pub fn add_elsewhere(&mut self, upn: &str, count: u32, aaguid: Uuid, now: Timestamp) {
        for number in 0..count {
            let known = self.user(upn).map_or(0, |user| user.methods.len());
            let id = Sha256::digest(format!("{upn} elsewhere {known}")).to_vec();
            let key_id = BASE64.encode(&id);
            let name = format!("Computer {}", number + 1);
            self.push(upn, Method::Passkey { id, name, aaguid, synced: false });
            self.write(now, upn, Activity::AddDeviceBound, Some(key_id));
            self.write(now, upn, Activity::RegisteredSecurityInfo, None);
        }
    }

    /// A WHfB key is registered, as a part of provisioning.
    pub fn add_whfb(&mut self, upn: &str, id: &[u8], device: &str, now: Timestamp) {
        self.push(upn, Method::Whfb { id: id.to_vec(), device: device.to_owned() });
        self.write(now, upn, Activity::AddWhfb, None);
    }

    /// The user sets phone sign-in up.
    pub fn add_phone_sign_in(&mut self, upn: &str, now: Timestamp) {
        self.write(now, upn, Activity::AddPhoneSignIn, None);
        self.write(now, upn, Activity::RegisteredSecurityInfo, None);
    }

    /// Whether the user has this credential.
    pub fn has(&self, upn: &str, id: &[u8]) -> bool {
        self.user(upn).is_some_and(|user| user.methods.iter().any(|method| method.id() == id))
    }

    /// Whether the user has so many methods that the block of [`Exemption::User`] does not apply.
    pub fn exempts(&self, upn: &str) -> bool {
        self.exemption == Exemption::User
            && self.user(upn).is_some_and(|user| user.methods.len() > Self::MAX_EXCLUDED)
    }

    /// An administrator deletes the methods of a user that `which` chooses. Gives their ids.
    pub fn delete_methods(
        &mut self,
        upn: &str,
        now: Timestamp,
        which: impl Fn(&Method) -> bool,
    ) -> Vec<Vec<u8>> {
        let Some(user) = self.users.get_mut(&upn.to_lowercase()) else { return Vec::new() };
        let deleted: Vec<_> = user.methods.extract_if(.., |method| which(method)).collect();
        for _ in &deleted {
            self.write(now, upn, Activity::DeletedSecurityInfo, None);
        }
        deleted.iter().map(|method| method.id().to_vec()).collect()
    }

    /// Whether a credential whose assertion was verified signs its user in at a site. Attestation is not looked at again,
    /// the model is. Windows Hello for Business is not governed by the passkey policy.
    ///
    /// # Errors
    ///
    /// [`NotSignedIn`], which is in the sign-in log where the user is known.
    pub fn sign_in(&mut self, id: &[u8], private_mode: bool, now: Timestamp) -> Result<String, NotSignedIn> {
        let (user, method) = self
            .users
            .values()
            .find_map(|user| Some((user, user.methods.iter().find(|method| method.id() == id)?)))
            .ok_or(NotSignedIn::Unknown)?;
        let verdict = match method {
            Method::Whfb { .. } if private_mode => Err(NotSignedIn::NoDeviceState),
            Method::Whfb { .. } => Ok(()),
            Method::Passkey { aaguid, .. } => {
                let policy = self.in_effect(now);
                policy.profiles_of(&user.groups).map_err(NotSignedIn::from).and_then(|profiles| {
                    policy.signs_in(&profiles, *aaguid).map(drop).map_err(NotSignedIn::Policy)
                })
            }
        };
        let (upn, name) = (user.upn.clone(), method.name_in_sign_in_log());
        self.write_sign_in(&upn, name, verdict.as_ref().err(), now);
        verdict.map(|()| upn)
    }

    /// Windows signed its user in with Windows Hello for Business.
    pub fn signed_in_by_whfb(&mut self, upn: &str, now: Timestamp) {
        self.write_sign_in(upn, WHFB, None, now);
    }

    /// The audit log, the oldest first.
    pub fn audit(&self) -> &[AuditEntry] {
        &self.audit
    }

    /// The sign-in log, the oldest first.
    pub fn sign_ins(&self) -> &[SignInEntry] {
        &self.sign_ins
    }

    fn push(&mut self, upn: &str, method: Method) {
        if let Some(user) = self.users.get_mut(&upn.to_lowercase()) {
            user.methods.push(method);
        }
    }

    fn write_sign_in(
        &mut self,
        upn: &str,
        method: &'static str,
        refused: Option<&NotSignedIn>,
        now: Timestamp,
    ) {
        self.sign_ins.push(SignInEntry {
            created_date_time: logs::rfc3339(now),
            user_principal_name: upn.to_owned(),
            authentication_method: method,
            failure_reason: refused.map(ToString::to_string),
        });
    }

    fn write(&mut self, now: Timestamp, upn: &str, what: Activity, target: Option<String>) {
        let upn = self.user(upn).map_or_else(|| upn.to_owned(), |user| user.upn.clone());
        self.audit.push(AuditEntry {
            activity_date_time: logs::rfc3339(now),
            activity_display_name: what,
            logged_by_service: what.service(),
            category: "UserManagement",
            user_principal_name: upn,
            target_display_name: target,
        });
    }
}
