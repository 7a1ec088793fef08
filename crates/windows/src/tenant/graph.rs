//! The policy in Microsoft Graph's own JSON: `fido2AuthenticationMethodConfiguration`.
//!
//! Source: Microsoft Graph, fido2AuthenticationMethodConfiguration and passkeyProfile.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::TenantError;
use super::policy::{Enforcement, Era, Group, KeyRestrictions, PasskeyPolicy, PasskeyProfile, Target};

/// The JSON. Members that Graph adds (`@odata.context`, links) and that say nothing here are passed over.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Configuration {
    #[serde(rename = "@odata.type", default, skip_serializing_if = "Option::is_none")]
    kind: Option<String>,
    id: String,
    state: State,
    is_self_service_registration_allowed: bool,
    /// Deprecated, and of the time before profiles: it stands for the default profile's where there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    is_attestation_enforced: Option<bool>,
    /// Deprecated, as [`Self::is_attestation_enforced`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    key_restrictions: Option<Restrictions>,
    #[serde(default)]
    include_targets: Vec<IncludeTarget>,
    #[serde(default)]
    exclude_targets: Vec<ExcludeTarget>,
    #[serde(default)]
    passkey_profiles: Vec<Profile>,
}

#[derive(PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum State {
    Enabled,
    Disabled,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct IncludeTarget {
    target_type: TargetType,
    id: String,
    #[serde(default)]
    is_registration_required: bool,
    #[serde(default)]
    allowed_passkey_profiles: Vec<Uuid>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ExcludeTarget {
    target_type: TargetType,
    id: String,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum TargetType {
    Group,
    User,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Profile {
    id: Uuid,
    name: String,
    /// As `deviceBound,synced`.
    passkey_types: String,
    attestation_enforcement: AttestationEnforcement,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    key_restrictions: Option<Restrictions>,
}

#[derive(PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum AttestationEnforcement {
    Disabled,
    RegistrationOnly,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Restrictions {
    is_enforced: bool,
    enforcement_type: Enforcement,
    #[serde(default)]
    aa_guids: BTreeSet<Uuid>,
}

/// Graph's name for everybody.
const ALL_USERS: &str = "all_users";

impl PasskeyPolicy {
    /// Reads Graph's JSON. Groups are named by their ids.
    ///
    /// # Errors
    ///
    /// [`TenantError::Graph`] if it is not such JSON or too long, [`TenantError::Policy`] if it contradicts itself.
    pub fn from_graph(json: &str, era: Era) -> Result<Self, TenantError> {
        let invalid = |reason: String| TenantError::Graph { reason };
        if json.len() > Self::MAX_SIZE {
            return Err(invalid(format!("it has {} bytes, more than {}", json.len(), Self::MAX_SIZE)));
        }
        let read: Configuration = serde_json::from_str(json).map_err(|error| invalid(error.to_string()))?;
        if !read.id.eq_ignore_ascii_case("fido2") {
            return Err(invalid(format!("its id is `{}`, not `Fido2`", read.id)));
        }
        let mut profiles = read.passkey_profiles.into_iter().map(profile).collect::<Result<Vec<_>, _>>()?;
        if profiles.is_empty() {
            profiles.push(PasskeyProfile {
                attestation_enforced: read.is_attestation_enforced.unwrap_or(false),
                key_restrictions: read.key_restrictions.and_then(restrictions),
                ..PasskeyProfile::default_profile()
            });
        }
        let only = match profiles.as_slice() {
            [only] => Some(only.id),
            _ => None,
        };
        let policy = Self {
            enabled: read.state == State::Enabled,
            self_service: read.is_self_service_registration_allowed,
            era,
            include: read
                .include_targets
                .into_iter()
                .map(|target| Target {
                    group: group(target.id),
                    // Of the time before profiles.
                    profiles: match target.allowed_passkey_profiles {
                        ids if ids.is_empty() => only.into_iter().collect(),
                        ids => ids,
                    },
                })
                .collect(),
            exclude: read.exclude_targets.into_iter().map(|target| group(target.id)).collect(),
            profiles,
        };
        policy.check()?;
        Ok(policy)
    }

    /// Graph's JSON of it.
    pub fn to_graph(&self) -> String {
        let id = |group: &Group| match group {
            Group::AllUsers => ALL_USERS.to_owned(),
            Group::Named(name) => name.clone(),
        };
        let written = Configuration {
            kind: Some("#microsoft.graph.fido2AuthenticationMethodConfiguration".to_owned()),
            id: "Fido2".to_owned(),
            state: if self.enabled { State::Enabled } else { State::Disabled },
            is_self_service_registration_allowed: self.self_service,
            is_attestation_enforced: None,
            key_restrictions: None,
            include_targets: self
                .include
                .iter()
                .map(|target| IncludeTarget {
                    target_type: TargetType::Group,
                    id: id(&target.group),
                    is_registration_required: false,
                    allowed_passkey_profiles: target.profiles.clone(),
                })
                .collect(),
            exclude_targets: self
                .exclude
                .iter()
                .map(|group| ExcludeTarget { target_type: TargetType::Group, id: id(group) })
                .collect(),
            passkey_profiles: self.profiles.iter().map(written).collect(),
        };
        serde_json::to_string_pretty(&written).expect("texts, lists and named members only")
    }
}

fn group(id: String) -> Group {
    if id == ALL_USERS { Group::AllUsers } else { Group::Named(id) }
}

fn profile(read: Profile) -> Result<PasskeyProfile, TenantError> {
    let (mut device_bound, mut synced) = (false, false);
    for kind in read.passkey_types.split(',').map(str::trim) {
        match kind {
            "deviceBound" => device_bound = true,
            "synced" => synced = true,
            other => {
                let reason = format!("`{other}` is no passkey type; there are deviceBound and synced");
                return Err(TenantError::Graph { reason });
            }
        }
    }
    Ok(PasskeyProfile {
        id: read.id,
        name: read.name,
        device_bound,
        synced,
        attestation_enforced: read.attestation_enforcement == AttestationEnforcement::RegistrationOnly,
        key_restrictions: read.key_restrictions.and_then(restrictions),
    })
}

fn restrictions(read: Restrictions) -> Option<KeyRestrictions> {
    read.is_enforced.then_some(KeyRestrictions { enforcement: read.enforcement_type, aaguids: read.aa_guids })
}

fn written(profile: &PasskeyProfile) -> Profile {
    let types = [(profile.device_bound, "deviceBound"), (profile.synced, "synced")];
    let types: Vec<&str> = types.into_iter().filter(|(on, _)| *on).map(|(_, name)| name).collect();
    Profile {
        id: profile.id,
        name: profile.name.clone(),
        passkey_types: types.join(","),
        attestation_enforcement: match profile.attestation_enforced {
            true => AttestationEnforcement::RegistrationOnly,
            false => AttestationEnforcement::Disabled,
        },
        key_restrictions: profile.key_restrictions.as_ref().map(|keys| Restrictions {
            is_enforced: true,
            enforcement_type: keys.enforcement,
            aa_guids: keys.aaguids.clone(),
        }),
    }
}
