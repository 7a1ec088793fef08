//! The passkey (FIDO2) policy of a tenant: who may register which passkeys, and sign in with them.
//!
//! Several profiles of passkeys can be assigned to one user; a passkey is allowed if it fully satisfies at least one.
//! Source: Microsoft Learn, "Enable passkeys (FIDO2)" (2026-03-08), and what [`Era`] names.

use std::{collections::BTreeSet, fmt};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use softhello_ctap::Timestamp;
use uuid::Uuid;

use super::{HELLO_AAGUIDS, TenantError};

/// Microsoft's documents on Windows Hello in this policy contradict each other over time. An era is one answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Era {
    /// February to April 2026: Windows Hello's AAGUIDs have to be allowed by name; at most 3 profiles.
    Preview,
    /// Since the end of April 2026: a device-bound profile without enforced attestation is enough.
    #[default]
    Ga,
    /// As Microsoft Learn of 2026-07-06 says again: Windows Hello's AAGUIDs "must be explicitly allowed".
    #[serde(rename = "learn-2026-07")]
    Learn202607,
}

/// The policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PasskeyPolicy {
    /// Whether the method is enabled at all.
    pub enabled: bool,
    /// Whether users register passkeys by themselves, on Security info. It holds for all profiles.
    pub self_service: bool,
    /// Whose documents hold.
    pub era: Era,
    /// Who may use passkeys, and of which profiles.
    pub include: Vec<Target>,
    /// Groups that may not. They beat what is included.
    pub exclude: Vec<Group>,
    /// The profiles, the default one first.
    pub profiles: Vec<PasskeyProfile>,
}

/// A group of users with its profiles.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Who.
    pub group: Group,
    /// The ids of the profiles.
    pub profiles: Vec<Uuid>,
}

/// Users of a tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Group {
    /// Everybody.
    AllUsers,
    /// The members of the group of this name.
    Named(String),
}

/// What a passkey has to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PasskeyProfile {
    /// Its id.
    pub id: Uuid,
    /// Its name.
    pub name: String,
    /// Device-bound ones are allowed.
    pub device_bound: bool,
    /// Synced ones are allowed.
    pub synced: bool,
    /// Attestation is enforced, at registration.
    pub attestation_enforced: bool,
    /// Which models are allowed, at registration and at every sign-in.
    pub key_restrictions: Option<KeyRestrictions>,
}

/// Models that are allowed or blocked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRestrictions {
    /// Whether the list allows or blocks.
    pub enforcement: Enforcement,
    /// The AAGUIDs.
    pub aaguids: BTreeSet<Uuid>,
}

/// What a list of models does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Enforcement {
    /// Only these.
    Allow,
    /// All but these.
    Block,
}

/// A passkey, as the policy looks at it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Presented {
    /// Its model.
    pub aaguid: Uuid,
    /// Whether it is synced: the bit BE.
    pub synced: bool,
    /// Whether it was attested by a chain to the FIDO Metadata Service.
    pub attested: bool,
}

/// Why a user has no method "Passkey".
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotOffered {
    /// The method is off.
    #[error("the passkey policy is not enabled")]
    Disabled,
    /// A group of the user is excluded.
    #[error("the user is in {0}, which the passkey policy excludes")]
    Excluded(Group),
    /// No group of the user is included.
    #[error("no group of the user is included in the passkey policy")]
    NotTargeted,
    /// Users may not register by themselves.
    #[error("self-service registration is off")]
    SelfServiceOff,
}

/// Why a passkey does not satisfy one profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unmet {
    /// Its kind is not allowed.
    #[error("{} passkeys are not allowed", if *.synced { "synced" } else { "device-bound" })]
    Type {
        /// Which kind.
        synced: bool,
    },
    /// It is not attested.
    #[error(
        "attestation is enforced, and the passkey is not attested by a chain to the FIDO Metadata Service"
    )]
    Attestation,
    /// Its model is not on the list of those that are allowed.
    #[error("the AAGUID {0} is not allowed")]
    NotAllowed(Uuid),
    /// Its model is on the list of those that are blocked.
    #[error("the AAGUID {0} is blocked")]
    Blocked(Uuid),
    /// It is Windows Hello, which the era wants by name.
    #[error("the AAGUID {0} is Windows Hello's, which has to be allowed by name")]
    NotExplicit(Uuid),
}

/// Why no profile of a user allows a passkey: each with its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal(pub Vec<(String, Unmet)>);

impl Era {
    /// How many profiles a policy may have.
    pub fn max_profiles(self) -> usize {
        match self {
            Self::Preview => 3,
            Self::Ga | Self::Learn202607 => 10,
        }
    }

    /// When it begins, and when it is over.
    pub fn days(self) -> (Timestamp, Option<Timestamp>) {
        match self {
            // 2026-02-01 to 2026-05-01.
            Self::Preview => (Self::PREVIEW, Some(Timestamp(1_777_593_600_000))),
            // 2026-04-20, "late April": the page of July says otherwise again, the notice was never taken back.
            Self::Ga => (Timestamp(1_776_643_200_000), None),
            // 2026-07-06.
            Self::Learn202607 => (Timestamp(1_783_296_000_000), None),
        }
    }

    /// When Entra takes passkeys of Windows Hello for the first time: 2026-02-01.
    pub const PREVIEW: Timestamp = Timestamp(1_769_904_000_000);

    /// Whether Windows Hello is allowed only where an allow list names its AAGUID.
    pub fn wants_hello_by_name(self) -> bool {
        matches!(self, Self::Preview | Self::Learn202607)
    }
}

impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AllUsers => f.write_str("all users"),
            Self::Named(name) => write!(f, "the group `{name}`"),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let profiles: Vec<String> =
            self.0.iter().map(|(name, unmet)| format!("profile `{name}`: {unmet}")).collect();
        f.write_str(&profiles.join("; "))
    }
}

impl Refusal {
    /// The reason of the profile that comes nearest to allowing it. Profiles have no order, so the reason decides: the model,
    /// then attestation, then the type.
    pub fn nearest(&self) -> Option<Unmet> {
        let distance = |unmet: &Unmet| match unmet {
            Unmet::NotAllowed(_) | Unmet::Blocked(_) | Unmet::NotExplicit(_) => 0,
            Unmet::Attestation => 1,
            Unmet::Type { .. } => 2,
        };
        self.0.iter().map(|(_, unmet)| *unmet).min_by_key(distance)
    }
}

impl Group {
    fn has(&self, groups: &[String]) -> bool {
        match self {
            Self::AllUsers => true,
            Self::Named(name) => groups.contains(name),
        }
    }
}

impl KeyRestrictions {
    fn check(&self, aaguid: Uuid) -> Result<(), Unmet> {
        match (self.enforcement, self.aaguids.contains(&aaguid)) {
            (Enforcement::Allow, false) => Err(Unmet::NotAllowed(aaguid)),
            (Enforcement::Block, true) => Err(Unmet::Blocked(aaguid)),
            (Enforcement::Allow, true) | (Enforcement::Block, false) => Ok(()),
        }
    }

    fn names(&self, aaguid: Uuid) -> bool {
        self.enforcement == Enforcement::Allow && self.aaguids.contains(&aaguid)
    }
}

impl PasskeyProfile {
    /// Microsoft's id of the default profile, which cannot be deleted.
    pub const DEFAULT_ID: Uuid = Uuid::from_u128(1);

    /// The default profile as it is at first: device-bound, no attestation, no restrictions.
    pub fn default_profile() -> Self {
        Self {
            id: Self::DEFAULT_ID,
            name: "Default passkey profile".to_owned(),
            device_bound: true,
            synced: false,
            attestation_enforced: false,
            key_restrictions: None,
        }
    }

    /// Whether a passkey may be registered under this profile alone.
    fn registers(&self, era: Era, passkey: Presented) -> Result<(), Unmet> {
        let allowed = if passkey.synced { self.synced } else { self.device_bound };
        if !allowed {
            return Err(Unmet::Type { synced: passkey.synced });
        }
        if self.attestation_enforced && !passkey.attested {
            return Err(Unmet::Attestation);
        }
        self.signs_in(passkey.aaguid)?;
        let by_name = || self.key_restrictions.as_ref().is_some_and(|keys| keys.names(passkey.aaguid));
        if era.wants_hello_by_name() && HELLO_AAGUIDS.contains(&passkey.aaguid) && !by_name() {
            return Err(Unmet::NotExplicit(passkey.aaguid));
        }
        Ok(())
    }

    /// Whether a passkey may sign in under this profile alone: attestation is looked at only at registration.
    fn signs_in(&self, aaguid: Uuid) -> Result<(), Unmet> {
        self.key_restrictions.as_ref().map_or(Ok(()), |keys| keys.check(aaguid))
    }
}

impl PasskeyPolicy {
    /// The longest policy in bytes, as Microsoft Graph's JSON.
    pub const MAX_SIZE: usize = 20 * 1024;

    /// Whether it is a policy that a tenant can have.
    ///
    /// # Errors
    ///
    /// [`TenantError::Policy`] with the first contradiction.
    pub fn check(&self) -> Result<(), TenantError> {
        let impossible = |reason: String| Err(TenantError::Policy { reason });
        let size = self.to_graph().len();
        if size > Self::MAX_SIZE {
            return impossible(format!("it has {size} bytes, more than {}", Self::MAX_SIZE));
        }
        let max = self.era.max_profiles();
        if self.profiles.len() > max {
            let count = self.profiles.len();
            return impossible(format!("there are {count} profiles; a tenant of this era has at most {max}"));
        }
        if !self.profiles.iter().any(|profile| profile.id == PasskeyProfile::DEFAULT_ID) {
            return impossible("the default profile is missing, which cannot be deleted".to_owned());
        }
        for (at, profile) in self.profiles.iter().enumerate() {
            let name = &profile.name;
            if self.profiles.iter().take(at).any(|other| other.id == profile.id || other.name == *name) {
                return impossible(format!("two profiles are `{name}`"));
            }
            if !(profile.device_bound || profile.synced) {
                return impossible(format!("the profile `{name}` allows no passkeys"));
            }
            if profile.attestation_enforced && profile.synced {
                return impossible(format!(
                    "the profile `{name}` enforces attestation, which excludes synced passkeys"
                ));
            }
        }
        for target in &self.include {
            if target.profiles.is_empty() {
                return impossible(format!("no profile is assigned to {}", target.group));
            }
            for id in &target.profiles {
                if !self.profiles.iter().any(|profile| profile.id == *id) {
                    return impossible(format!(
                        "{} has the profile {id}, which does not exist",
                        target.group
                    ));
                }
            }
        }
        Ok(())
    }

    /// The profiles of a user with these groups.
    ///
    /// # Errors
    ///
    /// [`NotOffered`] if the user may not use passkeys.
    pub fn profiles_of(&self, groups: &[String]) -> Result<Vec<&PasskeyProfile>, NotOffered> {
        if !self.enabled {
            return Err(NotOffered::Disabled);
        }
        if let Some(excluded) = self.exclude.iter().find(|group| group.has(groups)) {
            return Err(NotOffered::Excluded(excluded.clone()));
        }
        let ids: Vec<Uuid> = self
            .include
            .iter()
            .filter(|target| target.group.has(groups))
            .flat_map(|target| target.profiles.iter().copied())
            .collect();
        let found: Vec<_> = self.profiles.iter().filter(|profile| ids.contains(&profile.id)).collect();
        if found.is_empty() { Err(NotOffered::NotTargeted) } else { Ok(found) }
    }

    /// The same for Security info, where a user registers by himself.
    ///
    /// # Errors
    ///
    /// [`NotOffered`].
    pub fn offered_to(&self, groups: &[String]) -> Result<Vec<&PasskeyProfile>, NotOffered> {
        let profiles = self.profiles_of(groups)?;
        if self.self_service { Ok(profiles) } else { Err(NotOffered::SelfServiceOff) }
    }

    /// The first of these profiles that allows the passkey to be registered.
    ///
    /// # Errors
    ///
    /// [`Refusal`] with what each profile lacks.
    pub fn registers<'a>(
        &self,
        profiles: &[&'a PasskeyProfile],
        passkey: Presented,
    ) -> Result<&'a PasskeyProfile, Refusal> {
        first(profiles, |profile| profile.registers(self.era, passkey))
    }

    /// The first of these profiles that allows the model to sign in.
    ///
    /// # Errors
    ///
    /// [`Refusal`] with what each profile lacks.
    pub fn signs_in<'a>(
        &self,
        profiles: &[&'a PasskeyProfile],
        aaguid: Uuid,
    ) -> Result<&'a PasskeyProfile, Refusal> {
        first(profiles, |profile| profile.signs_in(aaguid))
    }
}

fn first<'a>(
    profiles: &[&'a PasskeyProfile],
    check: impl Fn(&PasskeyProfile) -> Result<(), Unmet>,
) -> Result<&'a PasskeyProfile, Refusal> {
    let mut unmet = Vec::new();
    for profile in profiles {
        match check(profile) {
            Ok(()) => return Ok(profile),
            Err(reason) => unmet.push((profile.name.clone(), reason)),
        }
    }
    Err(Refusal(unmet))
}
