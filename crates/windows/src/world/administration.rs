//! What an administrator does in the Entra admin center, and what users do there about their methods.

use sha2::{Digest as _, Sha256};

use super::{Actor, Outcome, World, WorldError, screens};
use crate::{
    WindowsError,
    tenant::{Enforcement, Group, HELLO_AAGUIDS, Method, PasskeyPolicy, PasskeyProfile},
    webauthn_h::ApiVersion,
};

/// A kind of method.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum MethodKind {
    /// Windows Hello for Business.
    Whfb,
    /// Passkeys.
    Passkey,
}

/// The page of the passkey policy.
const POLICY_PAGE: &str = "Entra admin center > Passkey (FIDO2)";

impl World {
    /// An administrator saves a policy.
    ///
    /// # Errors
    ///
    /// [`WorldError::Missing`] without a tenant, [`WorldError::Tenant`] for a policy that cannot be.
    pub fn save_policy(&mut self, policy: PasskeyPolicy) -> Result<Outcome, WorldError> {
        policy.check()?;
        let mut outcome = Outcome::default();
        outcome.says(Actor::Person, Actor::RelyingParty, "saves a passkey policy");
        let yes = |is: bool| if is { "Yes" } else { "No" };
        outcome.sees(format!(
            "{POLICY_PAGE} > Enable: {}; Allow self-service set up: {}",
            yes(policy.enabled),
            yes(policy.self_service)
        ));
        for profile in &policy.profiles {
            outcome.sees(format!("{POLICY_PAGE} > {}", described(profile)));
        }
        for target in &policy.include {
            let names: Vec<&str> = policy
                .profiles
                .iter()
                .filter(|profile| target.profiles.contains(&profile.id))
                .map(|profile| profile.name.as_str())
                .collect();
            outcome.sees(format!("{POLICY_PAGE} > Target > {}: {}", title(&target.group), names.join(", ")));
        }
        for group in &policy.exclude {
            outcome.sees(format!("{POLICY_PAGE} > Exclude > {}", title(group)));
        }
        let now = self.now;
        self.tenant_mut()?.save_policy(now, policy);
        Ok(outcome)
    }

    /// A user's authentication methods, as an administrator sees them.
    ///
    /// # Errors
    ///
    /// [`WorldError::Missing`].
    pub fn methods_page(&self, account: &str) -> Result<Outcome, WorldError> {
        let upn = self.upn(account)?;
        let mut outcome = Outcome::default();
        for method in self.methods_of(&upn) {
            outcome.sees(format!(
                "Entra admin center > Authentication methods: {}",
                method.name_for_administrators()
            ));
        }
        Ok(outcome)
    }

    /// Security info, as the user sees it. Windows Hello for Business is not visible there.
    ///
    /// # Errors
    ///
    /// [`WorldError::Missing`].
    pub fn security_info_page(&self, account: &str) -> Result<Outcome, WorldError> {
        let upn = self.upn(account)?;
        let mut outcome = Outcome::default();
        for method in self.methods_of(&upn) {
            if let (Some(name), Method::Passkey { name: given, .. }) =
                (method.name_on_security_info(), method)
            {
                outcome.sees(format!("{}: {name} Windows Hello, named \"{given}\"", screens::SECURITY_INFO));
            }
        }
        Ok(outcome)
    }

    /// An administrator deletes methods of a user. The WHfB keys of the tenant go; the one on the computer stays, is not
    /// removable, and blocks nothing any more.
    ///
    /// # Errors
    ///
    /// [`WorldError::Missing`] or [`WorldError::Windows`].
    pub async fn delete_method(&mut self, account: &str, kind: MethodKind) -> Result<Outcome, WorldError> {
        let mark = self.mark();
        let (upn, now) = (self.upn(account)?, self.now);
        let is = |method: &Method| matches!(method, Method::Whfb { .. }) == (kind == MethodKind::Whfb);
        let deleted = self.tenant_mut()?.delete_methods(&upn, now, is);
        let rp_id = self.entra_rp_id();
        for id in &deleted {
            self.rp(rp_id)?.forget(id);
        }
        if kind == MethodKind::Whfb {
            match self.computer().remove_whfb(account, &upn).await {
                // It is on this computer no more.
                Ok(()) | Err(WindowsError::NotProvisioned { .. }) => {}
                Err(other) => return Err(other.into()),
            }
        }
        let name = match kind {
            MethodKind::Whfb => "Windows Hello for Business",
            MethodKind::Passkey => "Passkey",
        };
        let mut outcome = Outcome::default();
        outcome.says(Actor::Person, Actor::RelyingParty, format!("deletes the method {name}"));
        outcome.sees(format!(
            "Entra admin center > Authentication methods > {name} > Delete: {} deleted",
            deleted.len()
        ));
        Ok(self.since(mark, outcome))
    }

    /// A user uses multifactor authentication.
    ///
    /// # Errors
    ///
    /// [`WorldError::Missing`].
    pub fn use_mfa(&mut self, account: &str, user: Option<&str>) -> Result<Outcome, WorldError> {
        let upn = match user {
            Some(user) => user.to_owned(),
            None => self.upn(account)?,
        };
        let now = self.now;
        self.tenant_mut()?.used_mfa(&upn, now);
        let mut outcome = Outcome::default();
        outcome.says(Actor::Person, Actor::RelyingParty, "multifactor authentication");
        outcome.sees(format!("{upn}: approved in an authenticator app"));
        Ok(outcome)
    }

    /// A user sets phone sign-in up.
    ///
    /// # Errors
    ///
    /// [`WorldError::Missing`].
    pub fn add_phone_sign_in(&mut self, account: &str) -> Result<Outcome, WorldError> {
        let mark = self.mark();
        let (upn, now) = (self.upn(account)?, self.now);
        self.tenant_mut()?.add_phone_sign_in(&upn, now);
        let mut outcome = Outcome::default();
        outcome.sees(format!("{}: phone sign-in", screens::SECURITY_INFO));
        Ok(self.since(mark, outcome))
    }

    /// A user registers passkeys on so many other computers, and has Windows Hello for Business on so many.
    ///
    /// # Errors
    ///
    /// [`WorldError::Missing`].
    pub fn use_other_computers(
        &mut self,
        account: &str,
        passkeys: u32,
        whfb: u32,
    ) -> Result<Outcome, WorldError> {
        let mark = self.mark();
        let (upn, now) = (self.upn(account)?, self.now);
        let [_, _, software] = HELLO_AAGUIDS;
        let tenant = self.tenant_mut()?;
        tenant.add_elsewhere(&upn, passkeys, software, now);
        for number in 1..=whfb {
            let device = format!("Computer {number}");
            tenant.add_whfb(&upn, &Sha256::digest(format!("{upn} {device}")), &device, now);
        }
        let outcome = Outcome::default();
        Ok(self.since(mark, outcome))
    }

    /// A program asks for the version of webauthn.h.
    pub fn api_version(&mut self, account: &str) -> Outcome {
        let mark = self.mark();
        let newest = self.webauthn(account).api_version();
        let mut outcome = Outcome::default();
        for version in (1..=newest.0).map(ApiVersion) {
            if let Some(added) = version.added() {
                outcome.sees(format!("webauthn.h {}: {added}", version.0));
            }
        }
        self.since(mark, outcome)
    }

    /// A user's methods as an administrator names them, in the order in which they were added.
    pub fn methods(&self, upn: &str) -> Vec<&'static str> {
        self.methods_of(upn).iter().map(Method::name_for_administrators).collect()
    }

    fn methods_of(&self, upn: &str) -> &[Method] {
        let user = self.tenant.as_ref().and_then(|tenant| tenant.user(upn));
        user.map(|user| user.methods.as_slice()).unwrap_or_default()
    }
}

/// A profile as its page shows it. Since the page lists Windows Hello's AAGUIDs by a name, so does this.
fn described(profile: &PasskeyProfile) -> String {
    let types: Vec<&str> = [(profile.device_bound, "Device-bound"), (profile.synced, "Synced")]
        .into_iter()
        .filter_map(|(is, name)| is.then_some(name))
        .collect();
    let models = profile.key_restrictions.as_ref().map_or_else(
        || "not targeted".to_owned(),
        |keys| {
            let names: Vec<String> = keys
                .aaguids
                .iter()
                .map(|aaguid| match HELLO_AAGUIDS.contains(aaguid) {
                    true => "Windows Hello (preview)".to_owned(),
                    false => aaguid.to_string(),
                })
                .collect();
            let behaviour = if keys.enforcement == Enforcement::Allow { "Allow" } else { "Block" };
            format!("{behaviour} {}", names.join(", "))
        },
    );
    let attestation = if profile.attestation_enforced { "Yes" } else { "No" };
    format!(
        "{}: Enforce attestation: {attestation}; Passkey types: {}; Target specific AAGUIDs: {models}",
        profile.name,
        types.join(", ")
    )
}

fn title(group: &Group) -> String {
    match group {
        Group::AllUsers => "All users".to_owned(),
        Group::Named(name) => name.clone(),
    }
}
