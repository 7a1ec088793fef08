//! webauthn.h: what a browser asks Windows for.

use std::future::{Future, ready};

use softhello_ctap::{
    AuthData, CredentialId, Denied, Gesture, Status,
    cbor::Writer,
    message::{ATTESTATION_OBJECT, Members},
};
use softhello_device::{Device, Prompt, PromptAnswer, Script, User};
use softhello_storage::StoredCredential;
use softhello_webauthn::{
    AuthenticationResponse, Client, CreationOptions, Failure, LargeBlobInputs, RegistrationResponse,
    RequestOptions, ResidentKey,
};

use super::{Actor, Outcome, World, WorldError};
use crate::{
    Cause, HResult, WindowsError,
    hello::Turn,
    logs::{Entry, catalogue as log},
    pc::SessionKind,
    webauthn_h::{ApiVersion, CeremonyKind},
};

/// What the person does at Windows' dialog.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Behaviour {
    /// Verifies by PIN or biometrics.
    #[default]
    Approves,
    /// Closes the dialog.
    Declines,
    /// Does nothing until time is up.
    TimesOut,
    /// The page aborts meanwhile: `WebAuthNCancelCurrentOperation`.
    Cancels,
}

/// A ceremony that Windows refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The authenticator's reason by name, where it was asked.
    pub reason: Option<&'static str>,
    /// The authenticator's status, where it was asked.
    pub status: Option<Status>,
    /// What the caller gets.
    pub result: HResult,
    /// Why.
    pub cause: Cause,
}

/// `WEBAUTHN_CREDENTIAL_DETAILS`, as far as the API version has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CredentialDetails {
    /// The credential's id.
    pub id: CredentialId,
    /// The RP ID.
    pub rp_id: String,
    /// The user's name.
    pub user_name: String,
    /// `bRemovable`.
    pub removable: bool,
    /// `bBackedUp`.
    pub backed_up: Option<bool>,
    /// `pwszAuthenticatorName`.
    pub authenticator: Option<String>,
    /// `dwTransports`, in words.
    pub transports: Option<String>,
}

/// Why there is no list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListError {
    /// This version of the API has no such function.
    NoFunction,
    /// What the function gives.
    Result(HResult),
}

/// The functions of webauthn.h, for one account of a [`World`].
pub struct WebAuthn<'w> {
    pub(super) world: &'w mut World,
    account: String,
    person: Behaviour,
    fails_with: Option<HResult>,
    transaction: String,
}

impl World {
    /// The functions of webauthn.h, as a program that an account runs can call them.
    pub fn webauthn(&mut self, account: &str) -> WebAuthn<'_> {
        WebAuthn {
            world: self,
            account: account.to_owned(),
            person: Behaviour::default(),
            fails_with: None,
            transaction: String::new(),
        }
    }
}

impl WebAuthn<'_> {
    /// With a person who does this.
    #[must_use]
    pub fn with_person(mut self, person: Behaviour) -> Self {
        self.person = person;
        self
    }

    /// With an authenticator that Windows cannot use for this reason, which has no cause in the model.
    #[must_use]
    pub fn failing_with(mut self, result: Option<HResult>) -> Self {
        self.fails_with = result;
        self
    }

    /// `WebAuthNGetApiVersionNumber`.
    pub fn api_version(&mut self) -> ApiVersion {
        let version = self.world.pc.api();
        self.log(&log::API_VERSION, &[&version.0.to_string()]);
        version
    }

    /// `WebAuthNIsUserVerifyingPlatformAuthenticatorAvailable`, and why it is not.
    ///
    /// # Errors
    ///
    /// [`WorldError`].
    pub async fn is_user_verifying_platform_authenticator_available(
        &mut self,
    ) -> Result<Result<(), Cause>, WorldError> {
        let available = if !self.world.reaches_hello() {
            Err(Cause::RemoteSession)
        } else if !self.world.pc.has_hello() {
            Err(Cause::RequiresTpm)
        } else if !self.world.has_pin(&self.account).await? {
            Err(Cause::NoPin)
        } else {
            Ok(())
        };
        self.log(&log::IS_UVPA_AVAILABLE, &[if available.is_ok() { "true" } else { "false" }]);
        Ok(available)
    }

    /// `WebAuthNAuthenticatorMakeCredential`, for a page of this origin.
    ///
    /// # Errors
    ///
    /// [`WorldError`]; a refusal is no error.
    pub async fn make_credential(
        &mut self,
        origin: &str,
        options: &CreationOptions,
    ) -> Result<Result<RegistrationResponse, Refused>, WorldError> {
        // Source: webauthn.h: a large blob needs a resident key.
        let wants_large_blob = matches!(options.extensions.large_blob, Some(LargeBlobInputs { .. }));
        let is_resident = options.authenticator_selection.effective_resident_key() == ResidentKey::Required;
        if wants_large_blob && !is_resident {
            return Ok(Err(Refused::by_windows(HResult::NteInvalidParameter, Cause::InvalidRequest)));
        }
        let mut options = options.clone();
        options.attestation = self.world.pc.api().conveyance(options.attestation);
        // Windows asks its own authenticator for a resident key whatever the page asked for.
        options.authenticator_selection.resident_key = Some(ResidentKey::Required);
        self.begin();
        let rp_id = options.rp.id.clone().unwrap_or_default();
        let user = options.user.name.clone();
        let excluded = options.exclude_credentials.len().to_string();
        let parameters = options.pub_key_cred_params.len().to_string();
        self.note(&log::MAKE_STARTED, &[]);
        let resident = options.authenticator_selection.effective_resident_key() == ResidentKey::Required;
        self.note(
            &log::CBOR_MAKE_REQUEST,
            &[&rp_id, "SHA-256", if resident { "true" } else { "false" }, &excluded, &parameters],
        );
        self.note(&log::NGC_MAKE_STARTED, &[]);
        self.note(&log::NGC_MAKE_REQUEST, &[&rp_id, &user, &excluded, &parameters]);
        let made = match self.fails_with {
            Some(result) => Err(Refused::by_windows(result, Cause::WindowsFailed)),
            None => {
                let client = Client::new(origin)?;
                let mut device = self.device(&user).await?;
                let made = client.create(&mut device, &options).await;
                drop(device);
                made.map_err(|failure| self.refused(&failure))
            }
        };
        match &made {
            Ok(response) => {
                let key_type = self.world.pc.key_type();
                self.log(&log::KEY_CREATED, &[key_type, "0x0"]);
                let data = Shown::of(response.authenticator_data());
                let (format, id) =
                    (attestation_format(response.attestation_object()), hex(response.credential_id()));
                self.note(
                    &log::NGC_MAKE_RESPONSE,
                    &[
                        &format,
                        &data.rp_id_hash,
                        &data.flags,
                        &data.sign_count,
                        &data.aaguid,
                        &id,
                        &data.public_key,
                    ],
                );
                self.note(&log::NGC_MAKE_DONE, &[]);
                self.note(&log::MAKE_DONE, &[]);
            }
            Err(refused) => self.failed(refused, &log::NGC_MAKE_FAILED, &log::MAKE_FAILED),
        }
        self.end();
        Ok(made)
    }

    /// `WebAuthNAuthenticatorGetAssertion`, for a page of this origin.
    ///
    /// # Errors
    ///
    /// [`WorldError`]; a refusal is no error.
    pub async fn get_assertion(
        &mut self,
        origin: &str,
        options: &RequestOptions,
    ) -> Result<Result<AuthenticationResponse, Refused>, WorldError> {
        self.begin();
        let rp_id = options.rp_id.clone().unwrap_or_default();
        let allowed = options.allow_credentials.len().to_string();
        self.note(&log::GET_STARTED, &[]);
        self.note(&log::CBOR_GET_REQUEST, &[&rp_id, "SHA-256", &allowed]);
        self.note(&log::NGC_GET_STARTED, &[]);
        self.note(&log::NGC_GET_REQUEST, &[&rp_id, &allowed]);
        let got = match self.fails_with {
            Some(result) => Err(Refused::by_windows(result, Cause::WindowsFailed)),
            None => {
                let client = Client::new(origin)?;
                let mut device = self.device("").await?;
                let got = client.get(&mut device, options).await;
                drop(device);
                got.map_err(|failure| self.refused(&failure))
            }
        };
        match &got {
            Ok(response) => {
                let data = Shown::of(response.authenticator_data());
                let id = hex(response.credential_id());
                self.note(&log::NGC_GET_RESPONSE, &[&data.rp_id_hash, &data.flags, &data.sign_count, &id]);
                self.note(&log::NGC_GET_DONE, &[]);
                self.note(&log::GET_DONE, &[]);
            }
            Err(refused) => self.failed(refused, &log::NGC_GET_FAILED, &log::GET_FAILED),
        }
        self.end();
        Ok(got)
    }

    /// `WebAuthNGetPlatformCredentialList`, of one RP ID or of all, newest first.
    ///
    /// # Errors
    ///
    /// [`WorldError`]; that there is no list is no error.
    pub async fn platform_credentials(
        &mut self,
        rp_id: Option<&str>,
    ) -> Result<Result<Vec<CredentialDetails>, ListError>, WorldError> {
        let version = self.world.pc.api();
        if !version.lists_credentials() {
            return Ok(Err(ListError::NoFunction));
        }
        let computer = self.world.computer();
        let passkeys = computer.passkeys(&self.account).await?.into_iter().map(|passkey| passkey.stored);
        let details = |StoredCredential { credential, removable, .. }: StoredCredential| CredentialDetails {
            id: credential.id,
            rp_id: credential.rp_id,
            user_name: credential.user.name.unwrap_or_default(),
            removable,
            backed_up: version.tells_backup().then_some(credential.backed_up),
            authenticator: version.tells_authenticator().then(|| "Windows Hello".to_owned()),
            transports: version.tells_transports().then(|| "internal".to_owned()),
        };
        let list: Vec<_> = passkeys
            .map(details)
            .filter(|details| rp_id.is_none_or(|rp_id| details.rp_id == rp_id))
            .collect();
        Ok(if list.is_empty() { Err(ListError::Result(HResult::NteNotFound)) } else { Ok(list) })
    }

    /// `WebAuthNDeletePlatformCredential`. What it gives for a credential that is not removable is not documented:
    /// `NTE_PERM` is assumed.
    ///
    /// # Errors
    ///
    /// [`WorldError`]; a refusal is no error.
    pub async fn delete_platform_credential(
        &mut self,
        id: &CredentialId,
    ) -> Result<Result<(), ListError>, WorldError> {
        if !self.world.pc.api().lists_credentials() {
            return Ok(Err(ListError::NoFunction));
        }
        let key_name = hex(id.as_bytes());
        match self.world.computer().delete_passkey(&self.account, id).await {
            Ok(()) => {
                let key_type = self.world.pc.key_type();
                self.world.log(&log::KEY_DELETED, &[key_type, "FIDO", &key_name]);
                Ok(Ok(()))
            }
            Err(WindowsError::NoPasskey { .. }) => Ok(Err(ListError::Result(HResult::NteNotFound))),
            Err(WindowsError::NotRemovable) => {
                let code = format!("0x{:08X}", HResult::NtePerm.code());
                self.world.log(&log::KEY_NOT_DELETED, &["FIDO", &key_name, &code]);
                Ok(Err(ListError::Result(HResult::NtePerm)))
            }
            Err(other) => Err(other.into()),
        }
    }

    /// The account's Windows Hello, with the person before it. The conflict rule does not hold for a user whom the tenant
    /// exempts from it.
    async fn device(&self, user_name: &str) -> Result<Device, WorldError> {
        let is_exempt = self.world.tenant.as_ref().is_some_and(|tenant| tenant.exempts(user_name));
        let can_verify = self.world.person(&self.account)?.lockout.turn(self.world.now) == Turn::Pin;
        let user = match self.person {
            Behaviour::Cancels => User::Prompt(Box::new(Cancelled)),
            Behaviour::TimesOut => User::Script(Script::Timeout),
            Behaviour::Approves if can_verify => User::Script(Script::Approve),
            // Nobody can verify while Windows takes no PIN.
            Behaviour::Approves | Behaviour::Declines => User::Script(Script::Decline),
        };
        let computer = self.world.computer().with_conflict_rule(!is_exempt);
        Ok(computer.device(&self.account).await?.with_user(user))
    }

    fn refused(&self, failure: &Failure) -> Refused {
        let Some(status) = failure.status else {
            // The client ended it by itself.
            return Refused::by_windows(HResult::NteInvalidParameter, Cause::InvalidRequest);
        };
        let locked = self
            .world
            .person(&self.account)
            .is_ok_and(|person| person.lockout.turn(self.world.now) != Turn::Pin);
        let cause = match &failure.cause {
            Some(Denied::AlreadyRegistered { .. }) => Cause::WhfbConflict,
            Some(Denied::CredentialExcluded) => Cause::AlreadyRegistered,
            Some(Denied::NoCredentials) => Cause::NoPasskey,
            Some(Denied::NoAlgorithm { .. }) => Cause::NoAlgorithm,
            _ if status == Status::UserActionTimeout => Cause::TimedOut,
            _ if status == Status::KeepaliveCancel => Cause::Cancelled,
            _ if locked => Cause::PinLockout,
            _ if status == Status::OperationDenied => Cause::Declined,
            _ => Cause::WindowsFailed,
        };
        Refused {
            reason: failure.cause.as_ref().map(Denied::name),
            status: Some(status),
            result: HResult::of(status, failure.cause.as_ref()),
            cause,
        }
    }

    /// A ceremony begins.
    fn begin(&mut self) {
        self.world.transactions += 1;
        self.transaction = format!("{{00000000-0000-4000-8000-{:012x}}}", self.world.transactions);
        if self.world.pc.session == SessionKind::RemoteRedirected {
            self.note(&log::REMOTE_REQUEST, &[]);
        }
    }

    /// It ended.
    fn end(&mut self) {
        if self.world.pc.session == SessionKind::RemoteRedirected {
            self.note(&log::REMOTE_RESPONSE, &[]);
        }
    }

    fn failed(&mut self, refused: &Refused, ngc: &'static Entry, whole: &'static Entry) {
        let (code, message) = (format!("0x{:08X}", refused.result.code()), refused.result.message());
        self.note(ngc, &[&code, message]);
        self.note(whole, &[&code, message]);
    }

    /// An event of the ceremony.
    fn note(&mut self, entry: &'static Entry, values: &[&str]) {
        let transaction = self.transaction.clone();
        let values: Vec<&str> = [transaction.as_str()].into_iter().chain(values.iter().copied()).collect();
        self.log(entry, &values);
    }

    /// An event, which is not written for a browser in private mode that could tell Windows so.
    fn log(&mut self, entry: &'static Entry, values: &[&str]) {
        if !(self.world.private_mode && self.world.pc.api().knows_private_mode()) {
            self.world.log(entry, values);
        }
    }
}

impl Refused {
    /// A refusal without the authenticator.
    fn by_windows(result: HResult, cause: Cause) -> Self {
        Self { reason: None, status: None, result, cause }
    }

    /// Writes every layer's name for it into an outcome.
    pub(super) fn show(&self, ceremony: CeremonyKind, outcome: &mut Outcome) {
        outcome.reason = self.reason;
        if let Some(status) = self.status {
            outcome.ctap = Some(status.to_string());
            outcome.says(Actor::Hello, Actor::Windows, status.to_string());
        }
        outcome.results(self.result, ceremony);
        outcome.says(Actor::Windows, Actor::Browser, self.result.to_string());
        outcome.fails(self.cause);
    }
}

/// Whoever sits before a device whose operation is cancelled meanwhile.
struct Cancelled;

impl Prompt for Cancelled {
    fn ask<'a>(
        &'a mut self,
        _gesture: Gesture<'a>,
        _wants_pin: bool,
    ) -> std::pin::Pin<Box<dyn Future<Output = PromptAnswer> + Send + 'a>> {
        Box::pin(ready(PromptAnswer::Cancelled))
    }
}

/// Authenticator data as events show it.
#[derive(Default)]
struct Shown {
    rp_id_hash: String,
    flags: String,
    sign_count: String,
    aaguid: String,
    public_key: String,
}

impl Shown {
    fn of(data: &[u8]) -> Self {
        let Ok(data) = AuthData::parse(data) else { return Self::default() };
        let attested = data.attested.as_ref();
        let public_key = attested.map(|attested| {
            let mut out = Writer::default();
            attested.public_key.write(&mut out);
            hex(&out.into_bytes())
        });
        Self {
            rp_id_hash: hex(&data.rp_id_hash),
            flags: format!("0x{:02X}", data.flags.0),
            sign_count: data.sign_count.to_string(),
            aaguid: attested.map(|attested| format!("{{{}}}", attested.aaguid)).unwrap_or_default(),
            public_key: public_key.unwrap_or_default(),
        }
    }
}

/// `fmt` of an attestation object.
fn attestation_format(object: &[u8]) -> String {
    let members = Members::read(&ATTESTATION_OBJECT, object);
    members.ok().and_then(|members| members.text("fmt").map(str::to_owned)).unwrap_or_default()
}

/// As events show bytes.
pub(super) fn hex(bytes: &[u8]) -> String {
    data_encoding::HEXUPPER.encode(bytes)
}
