//! A scenario's TOML.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::Deserialize;
use serde_spanned::Spanned;
use uuid::Uuid;

use super::{
    action::Action,
    expect::{Expect, near},
};
use crate::{
    AccountKind,
    hello::PinPolicy,
    pc::{Join, SessionKind, Tpm, WindowsVersion},
    tenant::{
        CreationOptionsShape, Enforcement, Era, Exemption, Group, HELLO_AAGUIDS, KeyRestrictions,
        PasskeyPolicy, PasskeyProfile, Target,
    },
};

/// A situation with a computer and a tenant, what people do, and what has to come of it.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Scenario {
    /// What happens, in a line.
    pub title: String,
    /// Where it comes from: keys of the sources that `docs/windows.md` lists, or texts.
    #[serde(default)]
    pub sources: Vec<String>,
    /// The facts that it reproduces, by their ids in `crates/windows/facts.toml`.
    #[serde(default)]
    pub facts: Vec<String>,
    /// What had to be assumed, because no document says it.
    #[serde(default)]
    pub assumed: Vec<String>,
    /// When it begins, as `2026-07-15T09:00:00Z`; absent, a day of the tenant's era.
    #[schemars(with = "Option<String>")]
    pub starts: Option<Spanned<String>>,
    /// The computer.
    #[serde(default)]
    #[schemars(with = "Device")]
    pub device: Device,
    /// The Windows accounts on it.
    #[serde(rename = "account")]
    #[schemars(with = "Vec<Account>")]
    pub accounts: Vec<Spanned<Account>>,
    /// The tenant; absent, there is none.
    #[schemars(with = "Option<TenantFile>")]
    pub tenant: Option<Spanned<TenantFile>>,
    /// What happens, in order.
    #[serde(rename = "step")]
    #[schemars(with = "Vec<Step>")]
    pub steps: Vec<Spanned<Step>>,
}

/// The computer.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Device {
    /// Its name.
    pub name: Option<String>,
    /// How it belongs to an organisation.
    pub join: Join,
    /// Its Windows.
    #[schemars(with = "WindowsVersion")]
    pub windows: Option<Spanned<WindowsVersion>>,
    /// The version of its webauthn.h, 1 to 9, if it is newer than that of its Windows.
    #[schemars(with = "Option<u32>")]
    pub api: Option<Spanned<u32>>,
    /// What protects its keys.
    pub tpm: Tpm,
    /// A policy wants hardware.
    pub requires_tpm: bool,
    /// The policy for Windows Hello for Business is enabled.
    #[schemars(with = "bool")]
    pub whfb_policy: Option<Spanned<bool>>,
    /// Where the user sits.
    pub session: SessionKind,
    /// Which PINs are taken.
    pub pin_policy: PinPolicy,
    /// WHfB keys sign in at sites without an allow list. Documents contradict each other; true unless said.
    pub whfb_keys_sign_in: Option<bool>,
}

/// A Windows account on the computer.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Account {
    /// Its name.
    pub name: String,
    /// Its kind.
    #[serde(default)]
    pub kind: AccountKind,
    /// Who uses it, in the tenant.
    pub upn: Option<String>,
    /// Groups of that user in the tenant.
    #[serde(default)]
    pub groups: Vec<String>,
}

/// The tenant.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct TenantFile {
    /// How many minutes a saved policy takes to be in effect.
    pub propagation_minutes: u64,
    /// Whether many credentials lift the block by Windows Hello for Business.
    pub exempt_above_50: Exemption,
    /// Which creation options it gives.
    pub creation_options: CreationOptionsShape,
    /// Users besides those of the accounts.
    #[serde(rename = "user")]
    pub users: Vec<UserFile>,
    /// The policy from the beginning.
    #[schemars(with = "PolicyFile")]
    pub policy: Option<Spanned<PolicyFile>>,
}

/// A user who has no Windows account on the computer.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct UserFile {
    /// The user principal name.
    pub upn: String,
    /// Groups.
    #[serde(default)]
    pub groups: Vec<String>,
}

/// The passkey policy. A plain one lets everybody register device-bound passkeys.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct PolicyFile {
    /// Whose documents hold.
    pub era: Era,
    /// Microsoft Graph's own JSON, instead of everything below.
    pub graph: Option<String>,
    /// Whether the method is enabled.
    pub enabled: bool,
    /// Whether users register by themselves.
    pub self_service: bool,
    /// Groups that are excluded.
    pub exclude: Vec<String>,
    /// The profiles; the default one if there is none.
    pub profiles: Vec<ProfileFile>,
}

/// A passkey profile.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct ProfileFile {
    /// Its name.
    pub name: String,
    /// Device-bound passkeys are allowed.
    pub device_bound: bool,
    /// Synced ones are.
    pub synced: bool,
    /// Attestation is enforced.
    pub attestation_enforced: bool,
    /// These models only, as AAGUIDs. `windows-hello` stands for its three.
    pub allow: Option<Vec<String>>,
    /// All models but these.
    pub block: Option<Vec<String>>,
    /// Who has it; everybody if there is none.
    pub groups: Vec<String>,
}

/// Something that happens, and what each layer then has to show.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Step {
    /// On which Windows account; the first one if absent.
    pub account: Option<String>,
    /// What.
    #[serde(rename = "do")]
    pub action: Action,
    /// How often, with the outcome of the last time.
    pub times: Option<u32>,
    /// What has to come of it. What is absent is not looked at.
    #[serde(default)]
    #[schemars(with = "Expect")]
    pub expect: Option<Spanned<Expect>>,
}

impl Default for PolicyFile {
    fn default() -> Self {
        Self {
            era: Era::default(),
            graph: None,
            enabled: true,
            self_service: true,
            exclude: Vec::new(),
            profiles: Vec::new(),
        }
    }
}

impl Default for ProfileFile {
    fn default() -> Self {
        Self {
            name: PasskeyProfile::default_profile().name,
            device_bound: true,
            synced: false,
            attestation_enforced: false,
            allow: None,
            block: None,
            groups: Vec::new(),
        }
    }
}

impl TenantFile {
    /// The policy from the beginning.
    pub(super) fn policy(&self) -> PolicyFile {
        self.policy.as_ref().map(|policy| policy.get_ref().clone()).unwrap_or_default()
    }
}

impl PolicyFile {
    /// The policy.
    ///
    /// # Errors
    ///
    /// Why it is none.
    pub fn policy(&self) -> Result<PasskeyPolicy, String> {
        if let Some(graph) = &self.graph {
            let plain = Self { era: self.era, graph: self.graph.clone(), ..Self::default() };
            if *self != plain {
                return Err("`graph` is the whole policy: nothing else than `era` goes beside it".to_owned());
            }
            return PasskeyPolicy::from_graph(graph, self.era).map_err(|error| error.to_string());
        }
        let mut files = self.profiles.clone();
        if files.is_empty() {
            files.push(ProfileFile::default());
        }
        let (mut profiles, mut include) = (Vec::new(), Vec::<Target>::new());
        for (number, file) in (1..).zip(&files) {
            let profile = file.profile(Uuid::from_u128(number))?;
            let groups = match file.groups.as_slice() {
                [] => vec![Group::AllUsers],
                names => names.iter().cloned().map(Group::Named).collect(),
            };
            for group in groups {
                match include.iter_mut().find(|target| target.group == group) {
                    Some(target) => target.profiles.push(profile.id),
                    None => include.push(Target { group, profiles: vec![profile.id] }),
                }
            }
            profiles.push(profile);
        }
        let policy = PasskeyPolicy {
            enabled: self.enabled,
            self_service: self.self_service,
            era: self.era,
            include,
            exclude: self.exclude.iter().cloned().map(Group::Named).collect(),
            profiles,
        };
        policy.check().map_err(|error| error.to_string())?;
        Ok(policy)
    }
}

impl ProfileFile {
    fn profile(&self, id: Uuid) -> Result<PasskeyProfile, String> {
        let restrictions = match (&self.allow, &self.block) {
            (None, None) => None,
            (Some(list), None) => Some((Enforcement::Allow, list)),
            (None, Some(list)) => Some((Enforcement::Block, list)),
            (Some(_), Some(_)) => {
                return Err(format!("the profile `{}` both allows and blocks models", self.name));
            }
        };
        let key_restrictions = restrictions
            .map(|(enforcement, list)| {
                Ok::<_, String>(KeyRestrictions { enforcement, aaguids: aaguids(list)? })
            })
            .transpose()?;
        Ok(PasskeyProfile {
            id,
            name: self.name.clone(),
            device_bound: self.device_bound,
            synced: self.synced,
            attestation_enforced: self.attestation_enforced,
            key_restrictions,
        })
    }
}

fn aaguids(list: &[String]) -> Result<BTreeSet<Uuid>, String> {
    let mut found = BTreeSet::new();
    for name in list {
        match name.as_str() {
            "windows-hello" => found.extend(HELLO_AAGUIDS),
            "windows-hello-hardware" => found.extend(HELLO_AAGUIDS.first()),
            "windows-hello-vbs" => found.extend(HELLO_AAGUIDS.get(1)),
            "windows-hello-software" => found.extend(HELLO_AAGUIDS.get(2)),
            other => {
                let aaguid = Uuid::try_parse(other)
                    .map_err(|_| format!("`{other}` is no AAGUID; `windows-hello` stands for its three"))?;
                found.insert(aaguid);
            }
        }
    }
    Ok(found)
}

/// Whether a name of a list is meant by this one, for a hint.
pub(super) fn hint_of(name: &str, known: &[String]) -> String {
    match near(name, known.iter().map(String::as_str)) {
        Some(meant) => format!("do you mean `{meant}`?"),
        None if known.is_empty() => "there are none".to_owned(),
        None => format!("there are {}", known.join(", ")),
    }
}

/// Event ids and the fields that they have to have.
pub type Fields = BTreeMap<String, BTreeMap<String, String>>;
