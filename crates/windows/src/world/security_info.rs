//! Security info: a user adds a passkey for the own work account. And the pages of other relying parties.

use softhello_webauthn::{CreationOptions, ResidentKey};
use uuid::Uuid;

use super::{Actor, Behaviour, Outcome, World, WorldError, screens};
use crate::{
    Cause, HResult,
    rp::Registration,
    tenant::{NotAdded, NotOffered, Presented, Unmet, Verified, for_browser},
    webauthn_h::CeremonyKind,
};

/// How a user adds a passkey on Security info.
#[derive(Clone, Debug)]
pub struct AddPasskey<'a> {
    /// The user, if it is not the one of the Windows account.
    pub user: Option<&'a str>,
    /// The passkey's name.
    pub name: &'a str,
    /// Windows Hello is set up meanwhile, with this PIN: after the page asked for options, before it goes on.
    pub set_up: Option<&'a str>,
    /// Minutes that the user takes to name the passkey.
    pub minutes_to_name: u64,
    /// What the user does at Windows' dialog.
    pub person: Behaviour,
    /// Windows cannot use its authenticator for this reason.
    pub fails_with: Option<HResult>,
}

/// What another relying party asks for.
#[derive(Clone, Debug)]
pub struct RegisterElsewhere<'a> {
    /// The RP ID.
    pub rp_id: &'a str,
    /// COSE algorithms, the most wanted first.
    pub algorithms: &'a [i64],
    /// The attestation conveyance.
    pub attestation: &'a str,
    /// Whether a resident key is required.
    pub resident_key: bool,
    /// Whether a large blob is wanted.
    pub large_blob: bool,
    /// What the user does at Windows' dialog.
    pub person: Behaviour,
    /// Windows cannot use its authenticator for this reason.
    pub fails_with: Option<HResult>,
}

impl World {
    /// A user adds a passkey on Security info.
    ///
    /// # Errors
    ///
    /// [`WorldError`].
    pub async fn add_passkey(
        &mut self,
        account: &str,
        request: &AddPasskey<'_>,
    ) -> Result<Outcome, WorldError> {
        let mark = self.mark();
        let mut outcome = Outcome::default();
        self.security_info(account, request, &mut outcome).await?;
        Ok(self.since(mark, outcome))
    }

    async fn security_info(
        &mut self,
        account: &str,
        request: &AddPasskey<'_>,
        outcome: &mut Outcome,
    ) -> Result<(), WorldError> {
        let upn = match request.user {
            Some(user) => user.to_owned(),
            None => self.upn(account)?,
        };
        let now = self.now;
        outcome.says(Actor::Person, Actor::Browser, "adds a passkey on Security info");
        outcome.sees(format!("{} > Add sign-in method", screens::SECURITY_INFO));
        let begun = match self.tenant_mut()?.begin(&upn, now) {
            Ok(begun) => begun,
            Err(refused) => {
                let (screen, cause) = not_begun(&refused).ok_or_else(|| missing(&refused))?;
                outcome.says(Actor::RelyingParty, Actor::Browser, refused.to_string());
                outcome.sees(screen);
                outcome.fails(cause);
                return Ok(());
            }
        };
        outcome.sees("Passkey > information, or create it on another device > Next");
        let shape = self.tenant()?.creation_options;
        let library = self.rp(shape.rp_id())?.creation_options(&upn, shape.registration())?;
        let options = CreationOptions::from_json(&for_browser(shape.reply(&library, &begun.exclude)))?;
        outcome.says(
            Actor::RelyingParty,
            Actor::Browser,
            format!("creation options, {} excluded", options.exclude_credentials.len()),
        );
        if let Some(pin) = request.set_up {
            self.is_offered(account, outcome).await?;
            outcome.cause = None;
            outcome.sees(format!("{} > PIN (Windows Hello) > Set up", screens::SIGN_IN_OPTIONS));
            self.new_pin(account, pin, outcome).await?;
            // That Windows Hello for Business was not provisioned is nothing that keeps the page from going on.
            if self.has_pin(account).await? {
                outcome.cause = None;
            } else {
                return Ok(());
            }
        }
        if !self.is_offered(account, outcome).await? {
            return Ok(());
        }
        let gestures = self.person(account)?.gestures.names();
        outcome.sees(format!("Windows Security: {} (change) > Continue > {gestures}", screens::THIS_DEVICE));
        let origin = format!("https://{}", shape.rp_id());
        let Some(response) =
            self.create(account, &origin, &options, request.person, request.fails_with, outcome).await?
        else {
            // What the page knows: the exception, and whether it listed any credentials.
            let is_excluded = outcome.hresult == Some(HResult::NteExists);
            let screen = match (is_excluded, options.exclude_credentials.is_empty()) {
                (true, true) => screens::FIRST_ATTEMPT,
                (true, false) => screens::ALREADY_REGISTERED,
                (false, _) => screens::SOMETHING_WENT_WRONG,
            };
            outcome.sees(format!("{}: {screen}", screens::SECURITY_INFO));
            return Ok(());
        };
        outcome.sees(format!("{}: name your passkey", screens::SECURITY_INFO));
        self.wait(std::time::Duration::from_secs(60 * request.minutes_to_name));
        if !(1..=MAX_NAME).contains(&request.name.chars().count()) {
            outcome.sees(format!("{}: {}", screens::SECURITY_INFO, screens::PASSKEY_NAME));
            outcome.fails(Cause::PasskeyName);
            return Ok(());
        }
        let verified = match self.rp(shape.rp_id())?.register(&response) {
            Ok(registered) => {
                outcome.says(
                    Actor::Browser,
                    Actor::RelyingParty,
                    format!("the passkey, attestation {}", registered.format),
                );
                let presented = Presented {
                    aaguid: Uuid::from_bytes(registered.aaguid),
                    synced: registered.backup_eligible,
                    // The formats that the library verifies, none and packed without certificates, have no chain to
                    // the FIDO Metadata Service.
                    attested: false,
                };
                Verified { id: registered.credential_id, presented }
            }
            Err(refused) => return Err(refused.into()),
        };
        let now = self.now;
        match self.tenant_mut()?.add_passkey(&upn, &begun, &verified, request.name, now) {
            Ok(()) => {
                outcome.rp = Some("added".to_owned());
                outcome.says(Actor::RelyingParty, Actor::Browser, "added");
                outcome.sees(format!(
                    "{}: Passkey (Device bound) Windows Hello, named \"{}\"",
                    screens::SECURITY_INFO,
                    request.name
                ));
            }
            Err(refused) => {
                let (screen, cause) = not_added(&refused).ok_or_else(|| missing(&refused))?;
                outcome.rp = Some(format!("refused: {refused}"));
                outcome.says(Actor::RelyingParty, Actor::Browser, format!("refused: {refused}"));
                outcome.sees(format!("{}: {screen}", screens::SECURITY_INFO));
                outcome.fails(cause);
                // The library took it; the tenant does not have it.
                self.rp(shape.rp_id())?.forget(&verified.id);
            }
        }
        Ok(())
    }

    /// A user registers a passkey at another relying party.
    ///
    /// # Errors
    ///
    /// [`WorldError`].
    pub async fn register_elsewhere(
        &mut self,
        account: &str,
        request: &RegisterElsewhere<'_>,
    ) -> Result<Outcome, WorldError> {
        let mark = self.mark();
        let mut outcome = Outcome::default();
        outcome.says(Actor::Person, Actor::Browser, format!("adds a passkey at {}", request.rp_id));
        let asked = Registration { algorithms: request.algorithms, attestation: request.attestation };
        let library = self.rp(request.rp_id)?.creation_options(account, asked)?;
        let mut options = CreationOptions::from_json(&library)?;
        if !request.resident_key {
            options.authenticator_selection.resident_key = Some(ResidentKey::Discouraged);
        }
        options.extensions.large_blob = request.large_blob.then(Default::default);
        if self.is_offered(account, &mut outcome).await? {
            let gestures = self.person(account)?.gestures.names();
            outcome
                .sees(format!("Windows Security: {} (change) > Continue > {gestures}", screens::THIS_DEVICE));
            let origin = format!("https://{}", request.rp_id);
            let made = self
                .create(account, &origin, &options, request.person, request.fails_with, &mut outcome)
                .await?;
            if let Some(response) = made {
                let registered = self.rp(request.rp_id)?.register(&for_library(&response))?;
                outcome.says(
                    Actor::Browser,
                    Actor::RelyingParty,
                    format!("the passkey, attestation {}", registered.format),
                );
                let algorithm = if registered.algorithm == RS256 { "RS256" } else { "ES256" };
                outcome.rp = Some(format!("added: {algorithm}, attestation {}", registered.format));
            }
        }
        Ok(self.since(mark, outcome))
    }

    /// `navigator.credentials.create()` at Windows, as far as the person agrees.
    async fn create(
        &mut self,
        account: &str,
        origin: &str,
        options: &CreationOptions,
        person: Behaviour,
        fails_with: Option<HResult>,
        outcome: &mut Outcome,
    ) -> Result<Option<String>, WorldError> {
        outcome.says(Actor::Browser, Actor::Windows, "WebAuthNAuthenticatorMakeCredential");
        let mut windows = self.webauthn(account).with_person(person).failing_with(fails_with);
        let made = windows.make_credential(origin, options).await?;
        match made {
            Ok(response) => {
                outcome.says(Actor::Windows, Actor::Hello, "authenticatorMakeCredential");
                outcome.ctap = Some(softhello_ctap::Status::Ok.to_string());
                outcome.says(Actor::Hello, Actor::Windows, "a new passkey");
                outcome.results(HResult::SOk, CeremonyKind::Create);
                outcome.says(Actor::Windows, Actor::Browser, HResult::SOk.to_string());
                Ok(Some(response.to_json()))
            }
            Err(refused) => {
                if refused.status.is_some() {
                    outcome.says(Actor::Windows, Actor::Hello, "authenticatorMakeCredential");
                }
                refused.show(CeremonyKind::Create, outcome);
                Ok(None)
            }
        }
    }

    /// Whether Windows offers itself as a place for a passkey.
    pub(super) async fn is_offered(
        &mut self,
        account: &str,
        outcome: &mut Outcome,
    ) -> Result<bool, WorldError> {
        let mut windows = self.webauthn(account);
        let version = windows.api_version();
        let Err(cause) = windows.is_user_verifying_platform_authenticator_available().await? else {
            return Ok(true);
        };
        let others = if version.has_hybrid() {
            "iPhone, iPad or Android device; Security key"
        } else {
            "Security key"
        };
        outcome.sees(format!("Windows Security: {others}; {} is not offered", screens::THIS_DEVICE));
        if cause == Cause::NoPin && self.pc.windows.has_passkeys_page() {
            outcome.sees(format!("{}: {}", screens::PASSKEYS, screens::SET_UP_PIN));
        }
        outcome.fails(cause);
        Ok(false)
    }
}

/// COSE's identifier.
const RS256: i64 = -257;

/// The longest name of a passkey, in characters: the page does not take more.
const MAX_NAME: usize = 30;

/// What a user sees where no registration begins. None for a user who does not exist.
fn not_begun(refused: &NotAdded) -> Option<(String, Cause)> {
    Some(match refused {
        NotAdded::StaleMfa => (format!("Passkey > Next: {}", screens::BACK_TO_SIGN_IN), Cause::StaleMfa),
        NotAdded::NotOffered(why) => (screens::NO_PASSKEY_METHOD.to_owned(), not_offered(why)),
        _ => return None,
    })
}

/// The cause of a method that a user does not have.
pub(super) fn not_offered(why: &NotOffered) -> Cause {
    match why {
        NotOffered::SelfServiceOff => Cause::SelfServiceOff,
        NotOffered::Excluded(_) => Cause::Excluded,
        NotOffered::Disabled | NotOffered::NotTargeted => Cause::NotTargeted,
    }
}

/// What a user sees of a passkey that the tenant does not take. None for a user who does not exist.
fn not_added(refused: &NotAdded) -> Option<(&'static str, Cause)> {
    Some(match refused {
        NotAdded::NotInEffect => (screens::NOT_REGISTERED, Cause::NotInEffect),
        NotAdded::Expired => (screens::SOMETHING_WENT_WRONG, Cause::ChallengeExpired),
        NotAdded::Policy(refusal) => match refusal.nearest()? {
            Unmet::NotAllowed(_) | Unmet::NotExplicit(_) => (screens::BLOCKED, Cause::AaguidNotAllowed),
            Unmet::Blocked(_) => (screens::BLOCKED, Cause::AaguidBlocked),
            Unmet::Attestation => (screens::NOT_REGISTERED, Cause::AttestationEnforced),
            Unmet::Type { .. } => (screens::NOT_REGISTERED, Cause::TypeNotAllowed),
        },
        NotAdded::NotOffered(why) => (screens::NOT_REGISTERED, not_offered(why)),
        NotAdded::StaleMfa | NotAdded::NoUser(_) => return None,
    })
}

fn missing(refused: &NotAdded) -> WorldError {
    WorldError::Missing(format!("registration: {refused}"))
}

/// The response without what the relying party's library has no name for: whether there are large blobs is the page's.
fn for_library(response: &str) -> String {
    let mut response: serde_json::Value = serde_json::from_str(response).unwrap_or_default();
    let results = response.get_mut("clientExtensionResults").and_then(serde_json::Value::as_object_mut);
    results.map(|results| results.remove("largeBlob"));
    response.to_string()
}
