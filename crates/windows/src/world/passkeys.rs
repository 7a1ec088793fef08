//! The page Settings > Accounts > Passkeys, and programs that list and delete passkeys through webauthn.h.

use super::{Actor, CredentialDetails, ListError, Outcome, World, WorldError, screens};
use crate::{Cause, HResult};

/// One of several passkeys of an RP ID.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Which {
    /// The newest.
    Newest,
    /// The oldest.
    Oldest,
}

impl World {
    /// The page.
    ///
    /// # Errors
    ///
    /// [`WorldError`].
    pub async fn passkeys_page(&mut self, account: &str) -> Result<Outcome, WorldError> {
        let mut outcome = Outcome::default();
        outcome.says(Actor::Person, Actor::Windows, format!("opens {}", screens::PASSKEYS));
        if !self.pc.windows.has_passkeys_page() {
            outcome.sees(screens::NO_PASSKEYS_PAGE);
            outcome.fails(Cause::NoNativeList);
            return Ok(outcome);
        }
        outcome.sees(screens::PASSKEYS);
        if !self.has_pin(account).await? {
            outcome.sees(screens::SET_UP_PIN);
        }
        for passkey in self.computer().passkeys(account).await? {
            let credential = passkey.stored.credential;
            outcome.sees(format!("{} {}", credential.rp_id, credential.user.name.unwrap_or_default()));
        }
        Ok(outcome)
    }

    /// `… > Delete passkey` on that page.
    ///
    /// # Errors
    ///
    /// [`WorldError`]; that Windows refuses is no error.
    pub async fn delete_on_page(
        &mut self,
        account: &str,
        rp_id: &str,
        which: Which,
    ) -> Result<Outcome, WorldError> {
        let mark = self.mark();
        let mut outcome = Outcome::default();
        let id = self.chosen(account, rp_id, which).await?.id;
        outcome.says(Actor::Person, Actor::Windows, "deletes a passkey");
        outcome.sees(format!("{} > {rp_id} > … > Delete passkey", screens::PASSKEYS));
        match self.webauthn(account).delete_platform_credential(&id).await? {
            Ok(()) => outcome.sees("the passkey is deleted"),
            Err(_) => {
                outcome.sees(screens::NOT_REMOVABLE);
                outcome.fails(Cause::NotRemovable);
            }
        }
        Ok(self.since(mark, outcome))
    }

    /// A program calls `WebAuthNGetPlatformCredentialList`, as a browser does before it offers passkeys by itself.
    ///
    /// # Errors
    ///
    /// [`WorldError`]; that there is no list is no error.
    pub async fn list_credentials(
        &mut self,
        account: &str,
        rp_id: Option<&str>,
    ) -> Result<Outcome, WorldError> {
        let mut outcome = Outcome::default();
        outcome.says(Actor::Browser, Actor::Windows, "WebAuthNGetPlatformCredentialList");
        match self.webauthn(account).platform_credentials(rp_id).await? {
            Ok(list) => {
                outcome.hresult = Some(HResult::SOk);
                for details in list {
                    outcome.sees(details.to_string());
                }
            }
            Err(error) => error.show(&mut outcome),
        }
        Ok(outcome)
    }

    /// A program calls `WebAuthNDeletePlatformCredential`, as Chromium does for `signalUnknownCredential()`.
    ///
    /// # Errors
    ///
    /// [`WorldError`]; that Windows refuses is no error.
    pub async fn delete_credential(
        &mut self,
        account: &str,
        rp_id: &str,
        which: Which,
    ) -> Result<Outcome, WorldError> {
        let mark = self.mark();
        let mut outcome = Outcome::default();
        outcome.says(Actor::Browser, Actor::Windows, "WebAuthNDeletePlatformCredential");
        let id = self.chosen(account, rp_id, which).await?.id;
        match self.webauthn(account).delete_platform_credential(&id).await? {
            Ok(()) => outcome.hresult = Some(HResult::SOk),
            Err(error) => error.show(&mut outcome),
        }
        Ok(self.since(mark, outcome))
    }

    async fn chosen(
        &self,
        account: &str,
        rp_id: &str,
        which: Which,
    ) -> Result<softhello_ctap::Credential, WorldError> {
        let passkeys = self.computer().passkeys(account).await?.into_iter();
        let mut of_rp =
            passkeys.map(|passkey| passkey.stored.credential).filter(|credential| credential.rp_id == rp_id);
        let chosen = match which {
            Which::Newest => of_rp.next(),
            Which::Oldest => of_rp.last(),
        };
        chosen.ok_or_else(|| WorldError::Missing(format!("passkey for {rp_id} in the account `{account}`")))
    }
}

impl ListError {
    fn show(self, outcome: &mut Outcome) {
        match self {
            Self::NoFunction => {
                outcome.sees(screens::NO_FUNCTION);
                outcome.fails(Cause::NoNativeList);
            }
            Self::Result(result) => {
                outcome.hresult = Some(result);
                outcome.fails(if result == HResult::NtePerm {
                    Cause::NotRemovable
                } else {
                    Cause::NoPasskey
                });
            }
        }
    }
}

impl std::fmt::Display for CredentialDetails {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let truth = |is: bool| if is { "TRUE" } else { "FALSE" };
        write!(f, "{} {} bRemovable={}", self.rp_id, self.user_name, truth(self.removable))?;
        if let Some(backed_up) = self.backed_up {
            write!(f, " bBackedUp={}", truth(backed_up))?;
        }
        if let Some(authenticator) = &self.authenticator {
            write!(f, " pwszAuthenticatorName={authenticator}")?;
        }
        if let Some(transports) = &self.transports {
            write!(f, " dwTransports={transports}")?;
        }
        Ok(())
    }
}
