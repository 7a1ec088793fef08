//! Windows Hello for Business: what has to hold for it, and its key.
//!
//! Sources: Windows Hello for Business, how provisioning works; the manifests of the two providers; the order of events is
//! that of recorded logs. What becomes of a computer that is only registered is documented in a sentence ("prompted if the
//! policy enables it"): which of the two accounts is looked at follows from the names of events 8201 and 8211.

use sha2::{Digest as _, Sha256};
use softhello_ctap::cose::PublicKey;
use softhello_storage::Kind;
use uuid::Uuid;

use super::{Actor, Outcome, World, WorldError, screens};
use crate::{
    AccountKind, Cause,
    logs::{Entry, catalogue as log},
    pc::{Join, SessionKind},
    rp::RsaKey,
    tenant::Tenant,
};

/// The IdP in the name of a WHfB key.
const IDP: &str = "login.windows.net";

/// The registration service wants multifactor authentication: `DSREG_E_MFA_REQUIRED`.
const MFA_REQUIRED: &str = "0x801C03ED";

impl World {
    /// Windows looks whether to provision WHfB, as after a sign-in, and does if everything holds.
    ///
    /// # Errors
    ///
    /// [`WorldError::Windows`] or [`WorldError::Missing`].
    pub async fn provision_whfb(&mut self, account: &str) -> Result<Outcome, WorldError> {
        let mark = self.mark();
        let mut outcome = Outcome::default();
        if let Some(upn) = self.whfb_user(account, &mut outcome).await? {
            self.log(&log::PROCESSING_STARTED, &["Enrollment"]);
            if !self.has_mfa_for_whfb(&upn, &mut outcome)? {
                return Ok(self.since(mark, outcome));
            }
            if self.has_pin(account).await? {
                self.create_whfb_key(account, &upn, &mut outcome).await?;
            } else {
                outcome.sees(screens::USE_HELLO);
                self.log(&log::PROCESSING_FAILED, &["0x80090011"]);
                outcome.fails(Cause::NoPin);
            }
        }
        Ok(self.since(mark, outcome))
    }

    /// Whose WHfB key Windows will make, if it will. A computer that no organisation knows does not look, and neither does
    /// one that has the key.
    pub(super) async fn whfb_user(
        &mut self,
        account: &str,
        outcome: &mut Outcome,
    ) -> Result<Option<String>, WorldError> {
        if !self.pc.is_managed() {
            return Ok(None);
        }
        let person = self.person(account)?;
        let (kind, upn) = (person.kind, person.upn.clone().unwrap_or_default());
        if self.computer().account(account).await?.whfb_of(&upn).is_some_and(|key| key.in_tenant) {
            return Ok(None);
        }
        let is_registered = self.pc.join == Join::EntraRegistered;
        // On a joined computer the account itself has to be Entra's; local accounts are not supported.
        let has_credentials = !upn.is_empty() && (is_registered || kind == AccountKind::Entra);
        let is_local_session = self.pc.session == SessionKind::Local;
        let account_check: [&'static Entry; 2] = if is_registered {
            [&log::SECONDARY_ACCOUNT, &log::NO_SECONDARY_ACCOUNT]
        } else {
            [&log::SIGNED_IN_TO_ENTRA, &log::NOT_SIGNED_IN_TO_ENTRA]
        };
        self.log(&log::PREREQUISITES_STARTED, &[]);
        let mut holds = true;
        for (is_met, [met, unmet]) in [
            (is_local_session, [&log::NOT_REMOTE_SESSION, &log::REMOTE_SESSION]),
            (has_credentials, account_check),
        ] {
            self.log(if is_met { met } else { unmet }, &[]);
            holds &= is_met;
        }
        // Whatever is managed is registered.
        self.log(&log::REGISTERED, &[]);
        for (is_met, [met, unmet]) in [
            (self.pc.has_hello(), [&log::HARDWARE, &log::NO_HARDWARE]),
            (self.pc.whfb_policy, [&log::WHFB_ENABLED, &log::WHFB_DISABLED]),
        ] {
            self.log(if is_met { met } else { unmet }, &[]);
            holds &= is_met;
        }
        let yes = |is: bool| if is { "Yes" } else { "No" };
        let report = [
            yes(self.pc.is_joined()),
            yes(has_credentials),
            yes(self.pc.whfb_policy),
            "Yes",
            yes(self.pc.has_hello()),
            yes(is_local_session),
            "No",
            "none",
        ];
        if holds {
            self.log(&log::PREREQUISITES_PASSED, &[]);
            self.log(&log::WILL_PROVISION, &report);
            return Ok(Some(upn));
        }
        self.log(&log::PREREQUISITES_FAILED, &["0x80070032"]);
        self.log(&log::WILL_NOT_PROVISION, &report);
        outcome.fails(if is_local_session { Cause::WhfbNotProvisioned } else { Cause::WhfbInRemoteSession });
        Ok(None)
    }

    /// Whether the user's multifactor authentication is recent enough for a key: it comes before PIN and key.
    pub(super) fn has_mfa_for_whfb(&mut self, upn: &str, outcome: &mut Outcome) -> Result<bool, WorldError> {
        let now = self.now;
        let has_mfa = self.tenant()?.has_mfa(upn, now, Tenant::MFA_FOR_WHFB);
        if !has_mfa {
            outcome.sees(screens::MORE_INFORMATION);
            self.log(&log::NGC_KEY_NOT_REGISTERED, &[MFA_REQUIRED]);
            self.log(&log::PROCESSING_FAILED, &[MFA_REQUIRED]);
            outcome.fails(Cause::StaleMfaForWhfb);
        }
        Ok(has_mfa)
    }

    /// The key: made in the container, registered in the tenant.
    pub(super) async fn create_whfb_key(
        &mut self,
        account: &str,
        upn: &str,
        outcome: &mut Outcome,
    ) -> Result<(), WorldError> {
        let now = self.now;
        let (_, domain) = upn.split_once('@').unwrap_or(("", upn));
        let (sid, guid, tenant_id) = (sid(account), guid("key", account), guid("tenant", domain));
        let key_name = format!("{sid}/{guid}/{IDP}/{tenant_id}/{upn}");
        let key_type = self.pc.key_type();
        self.log(&log::NGC_CONTAINER_CREATED, &[&sid, IDP, domain]);
        self.log(&log::USER_KEY_STARTED, &[]);
        self.computer().provision_whfb(account, upn).await?;
        self.log(&log::KEY_CREATED, &[key_type, "0x0"]);
        self.log(&log::KEY_CERTIFICATE, &[&key_name, "Self-signed"]);
        self.log(&log::USER_KEY_DONE, &[]);
        self.log(&log::NGC_KEY_CREATED, &[&key_name]);
        self.log(&log::REGISTRATION_STARTED, &[]);
        let missing = || WorldError::Missing(format!("WHfB key of {upn}"));
        let key = self.whfb_key(account, upn).await?.ok_or_else(missing)?;
        let device = self.pc.name.clone();
        self.tenant_mut()?.add_whfb(upn, &key.id, &device, now);
        let id = super::webauthn::hex(&key.id);
        self.rp(self.entra_rp_id())?.know(upn, key)?;
        self.log(&log::REGISTRATION_DONE, &[]);
        let attestation = if key_type == "software" { "ATT_SOFT" } else { "ATT_HARD" };
        self.log(&log::NGC_KEY_REGISTERED, &[&id, upn, attestation]);
        self.log(&log::PROCESSING_DONE, &[]);
        outcome.says(Actor::Hello, Actor::RelyingParty, "registers the key of Windows Hello for Business");
        outcome.sees(format!("{}: {} {upn}", screens::PASSKEYS, self.entra_rp_id()));
        Ok(())
    }

    /// What the registration service gets of the newest WHfB key of a user, if there is one.
    pub(super) async fn whfb_key(&self, account: &str, upn: &str) -> Result<Option<RsaKey>, WorldError> {
        let passkeys = self.computer().passkeys(account).await?;
        let newest = passkeys.into_iter().map(|passkey| passkey.stored).find(|stored| {
            stored.kind == Kind::Managed && stored.credential.user.name.as_deref() == Some(upn)
        });
        Ok(newest.and_then(|stored| match stored.credential.key.public_key() {
            PublicKey::Rs256 { n, e } => Some(RsaKey {
                id: stored.credential.id.as_bytes().to_vec(),
                user_handle: stored.credential.user.id.clone(),
                n,
                e,
            }),
            _ => None,
        }))
    }
}

/// A stand-in for the security identifier of an account.
fn sid(account: &str) -> String {
    let digest = Sha256::digest(format!("softhello account {account}"));
    let mut sid = "S-1-12-1".to_owned();
    for part in digest.chunks_exact(4).take(4) {
        sid.push_str(&format!("-{}", part.iter().fold(0_u32, |number, byte| number << 8 | u32::from(*byte))));
    }
    sid
}

/// A stand-in for an identifier.
fn guid(of: &str, name: &str) -> Uuid {
    let digest = Sha256::digest(format!("softhello {of} {name}"));
    let bytes = digest.first_chunk::<16>().copied().unwrap_or_default();
    uuid::Builder::from_random_bytes(bytes).into_uuid()
}
