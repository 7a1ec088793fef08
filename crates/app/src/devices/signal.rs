//! What a page signals of its passkeys.
//!
//! Source: WebAuthn Level 3 §5.1.10, "signal methods".

use data_encoding::BASE64URL_NOPAD;
use serde::Deserialize;
use serde_json::Value;
use softhello_storage::{Change, ChangeSet, Expected, Kind, StoreError};
use softhello_webauthn::Client;
use softhello_windows::WindowsError;

use super::{News, Served};
use crate::AppError;

/// Which signal method was called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum SignalMethod {
    /// `signalUnknownCredential()`: the RP does not know this credential.
    UnknownCredential,
    /// `signalAllAcceptedCredentials()`: the RP knows only these credentials of this user.
    AllAcceptedCredentials,
    /// `signalCurrentUserDetails()`: what this user is called now.
    CurrentUserDetails,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct UnknownCredential {
    rp_id: String,
    credential_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AllAcceptedCredentials {
    rp_id: String,
    user_id: String,
    all_accepted_credential_ids: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CurrentUserDetails {
    rp_id: String,
    user_id: String,
    name: String,
    display_name: String,
}

impl Served {
    /// Does to the passkeys of the account that is signed in what a page signals. What it signals of passkeys that are not
    /// there does nothing, so that a page learns nothing.
    ///
    /// # Errors
    ///
    /// [`AppError`] with the exception that a page would catch: the options are none, or the RP ID is not the page's.
    pub async fn signal(&self, origin: &str, method: SignalMethod, options: &Value) -> Result<(), AppError> {
        self.check_here()?;
        let client = Client::new(origin)?;
        match method {
            SignalMethod::UnknownCredential => {
                let UnknownCredential { rp_id, credential_id } = read(options)?;
                client.check_rp_id(&rp_id)?;
                let unknown = bytes("credentialId", &credential_id)?;
                self.forget(&rp_id, |_, id| id == unknown).await
            }
            SignalMethod::AllAcceptedCredentials => {
                let AllAcceptedCredentials { rp_id, user_id, all_accepted_credential_ids } = read(options)?;
                client.check_rp_id(&rp_id)?;
                let user_id = bytes("userId", &user_id)?;
                let accepted = all_accepted_credential_ids.iter();
                let accepted = accepted.map(|id| bytes("allAcceptedCredentialIds", id));
                let accepted = accepted.collect::<Result<Vec<_>, _>>()?;
                self.forget(&rp_id, |user, id| user == user_id && !accepted.iter().any(|known| known == id))
                    .await
            }
            SignalMethod::CurrentUserDetails => {
                let CurrentUserDetails { rp_id, user_id, name, display_name } = read(options)?;
                client.check_rp_id(&rp_id)?;
                self.rename(&rp_id, &bytes("userId", &user_id)?, &name, &display_name).await
            }
        }
    }

    async fn forget(&self, rp_id: &str, unknown: impl Fn(&[u8], &[u8]) -> bool) -> Result<(), AppError> {
        let account = self.account();
        for passkey in self.computer().passkeys(&account).await? {
            let stored = passkey.stored;
            let credential = &stored.credential;
            if stored.kind == Kind::Passkey
                && credential.rp_id == rp_id
                && unknown(&credential.user.id, credential.id.as_bytes())
            {
                match self.computer().delete_passkey(&account, &credential.id).await {
                    // Gone meanwhile, or not a page's to delete.
                    Err(WindowsError::NoPasskey { .. } | WindowsError::NotRemovable) => {}
                    other => other?,
                }
            }
        }
        self.tell(News::Changed(self.id().to_owned()));
        Ok(())
    }

    async fn rename(&self, rp_id: &str, user: &[u8], name: &str, display: &str) -> Result<(), AppError> {
        let account = self.computer().account(&self.account()).await?;
        let (store, container) = (self.computer().store(), self.computer().container(&account));
        for passkey in self.computer().passkeys(&account.name).await? {
            let stored = passkey.stored;
            if stored.kind != Kind::Passkey
                || stored.credential.rp_id != rp_id
                || stored.credential.user.id != user
            {
                continue;
            }
            let loaded = match store.load(container, &stored.credential.id).await {
                Err(StoreError::NotFound) => continue,
                other => other?,
            };
            let mut stored = loaded.value;
            stored.credential.user.name = Some(truncated(name));
            stored.credential.user.display_name = Some(truncated(display));
            let expected = Expected::Revision(loaded.revision);
            let update = Change::UpdateCredential { credential: Box::new(stored), expected };
            match store.commit(container, ChangeSet::one(update)).await {
                // It was deleted or changed meanwhile, which says more than this.
                Err(StoreError::NotFound | StoreError::Conflict) => {}
                other => other?,
            }
        }
        self.tell(News::Changed(self.id().to_owned()));
        Ok(())
    }
}

/// As authenticators keep names: at most 64 bytes, of whole characters (CTAP 2.3 §6.1.2).
fn truncated(name: &str) -> String {
    name.get(..name.floor_char_boundary(64)).unwrap_or(name).to_owned()
}

fn read<T: for<'de> Deserialize<'de>>(options: &Value) -> Result<T, AppError> {
    T::deserialize(options).map_err(|error| AppError {
        name: Some("TypeError".to_owned()),
        ..AppError::usage(error.to_string(), "correct the named member of the options")
    })
}

fn bytes(member: &str, text: &str) -> Result<Vec<u8>, AppError> {
    BASE64URL_NOPAD.decode(text.as_bytes()).map_err(|_| AppError {
        name: Some("TypeError".to_owned()),
        ..AppError::usage(format!("{member} is not base64url"), "write it as base64url without padding")
    })
}
