//! A user signs in at a site: at Entra, at another relying party, in a remote session.

use softhello_webauthn::RequestOptions;

use super::{Actor, Behaviour, Outcome, World, WorldError, screens, security_info::not_offered};
use crate::{Cause, HResult, rp::RpError, tenant::NotSignedIn, webauthn_h::CeremonyKind};

/// How a user signs in.
#[derive(Clone, Debug, Default)]
pub struct SignIn<'a> {
    /// At another relying party than Entra.
    pub rp_id: Option<&'a str>,
    /// To a Remote Desktop session of another computer of the company, by "Use a web account to sign in to the remote
    /// computer".
    pub remote_computer: bool,
    /// What the user does at Windows' dialog.
    pub person: Behaviour,
    /// Windows cannot use its authenticator for this reason.
    pub fails_with: Option<HResult>,
}

impl World {
    /// A user signs in with whatever credential of the computer answers.
    ///
    /// # Errors
    ///
    /// [`WorldError`].
    pub async fn sign_in(&mut self, account: &str, request: &SignIn<'_>) -> Result<Outcome, WorldError> {
        let mark = self.mark();
        let mut outcome = Outcome::default();
        self.get(account, request, &mut outcome).await?;
        Ok(self.since(mark, outcome))
    }

    /// A page calls `isUserVerifyingPlatformAuthenticatorAvailable()`.
    ///
    /// # Errors
    ///
    /// [`WorldError`].
    pub async fn ask_availability(&mut self, account: &str) -> Result<Outcome, WorldError> {
        let mark = self.mark();
        let mut outcome = Outcome::default();
        outcome.says(Actor::Browser, Actor::Windows, "WebAuthNIsUserVerifyingPlatformAuthenticatorAvailable");
        let available = self.webauthn(account).is_user_verifying_platform_authenticator_available().await?;
        outcome.rp = Some(available.is_ok().to_string());
        outcome.cause = available.err();
        Ok(self.since(mark, outcome))
    }

    async fn get(
        &mut self,
        account: &str,
        request: &SignIn<'_>,
        outcome: &mut Outcome,
    ) -> Result<(), WorldError> {
        let rp_id = match request.rp_id {
            Some(rp_id) => rp_id.to_owned(),
            None => self.tenant()?.creation_options.rp_id().to_owned(),
        };
        outcome.says(Actor::Person, Actor::Browser, format!("signs in at {rp_id}"));
        if request.remote_computer {
            outcome.sees("Remote Desktop: Use a web account to sign in to the remote computer");
        }
        outcome.sees(match request.rp_id {
            Some(rp_id) => format!("{rp_id}: sign in with a passkey"),
            None => screens::sign_in(self.now),
        });
        if !self.is_offered(account, outcome).await? {
            return Ok(());
        }
        let options = RequestOptions::from_json(&self.rp(&rp_id)?.request_options(None)?)?;
        outcome.says(Actor::RelyingParty, Actor::Browser, "request options");
        let gestures = self.person(account)?.gestures.names();
        outcome.sees(screens::windows_security(self.now, gestures));
        outcome.says(Actor::Browser, Actor::Windows, "WebAuthNAuthenticatorGetAssertion");
        let mut windows = self.webauthn(account).with_person(request.person).failing_with(request.fails_with);
        let response = match windows.get_assertion(&format!("https://{rp_id}"), &options).await? {
            Ok(response) => response,
            Err(refused) => {
                if refused.status.is_some() {
                    outcome.says(Actor::Windows, Actor::Hello, "authenticatorGetAssertion");
                }
                refused.show(CeremonyKind::Get, outcome);
                outcome.sees(screens::NOT_SIGNED_IN);
                return Ok(());
            }
        };
        outcome.says(Actor::Windows, Actor::Hello, "authenticatorGetAssertion");
        outcome.ctap = Some(softhello_ctap::Status::Ok.to_string());
        outcome.says(Actor::Hello, Actor::Windows, "an assertion");
        outcome.results(HResult::SOk, CeremonyKind::Get);
        outcome.says(Actor::Windows, Actor::Browser, HResult::SOk.to_string());
        outcome.says(Actor::Browser, Actor::RelyingParty, "the assertion");
        let verified = match self.rp(&rp_id)?.sign_in(&response.to_json()) {
            Ok(signed_in) => Ok(signed_in),
            Err(RpError::UnknownCredential) => Err(NotSignedIn::Unknown),
            Err(other) => return Err(other.into()),
        };
        let (now, private_mode) = (self.now, self.private_mode);
        let verdict = match (request.rp_id, verified) {
            (Some(_), Ok(signed_in)) => Ok(signed_in.user_name),
            (None, Ok(signed_in)) => {
                let user = self.tenant_mut()?.sign_in(&signed_in.credential_id, private_mode, now);
                // The library's user and the tenant's are the same one.
                user.and_then(|upn| {
                    let is_same = upn.eq_ignore_ascii_case(&signed_in.user_name);
                    if is_same { Ok(upn) } else { Err(NotSignedIn::Unknown) }
                })
            }
            (_, Err(refused)) => Err(refused),
        };
        match verdict {
            Ok(user) => {
                outcome.rp = Some("signed in".to_owned());
                outcome.says(Actor::RelyingParty, Actor::Browser, "signed in");
                outcome.sees(format!("signed in as {user}"));
            }
            Err(refused) => {
                outcome.rp = Some(format!("refused: {refused}"));
                outcome.says(Actor::RelyingParty, Actor::Browser, format!("refused: {refused}"));
                outcome.sees(screens::CANNOT_SIGN_IN);
                outcome.fails(match &refused {
                    NotSignedIn::Unknown => Cause::UnknownToTenant,
                    NotSignedIn::NotOffered(why) => not_offered(why),
                    NotSignedIn::Policy(_) => Cause::AaguidRemoved,
                    NotSignedIn::NoDeviceState => Cause::PrivateMode,
                });
            }
        }
        Ok(())
    }
}
