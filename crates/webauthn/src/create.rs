//! `navigator.credentials.create()`.
//!
//! Source: WebAuthn Level 3 §5.1.3.

use std::collections::HashSet;

use softhello_ctap::{Authenticator, Flags, Permissions, Status, Step, attestation_object, cose::PublicKey};

use crate::{
    AttestationConveyance, Client, ClientExtensionResults, CreationOptions, DomException, Failure,
    RegistrationResponse, ResidentKey, UserVerificationRequirement,
    authenticator_data::{AttestedCredentialData, AuthenticatorData},
    client_data::{self, Ceremony},
    connection::{Connection, malformed, not_allowed},
    credential_list,
    extensions::{CreationExtensions, app_id},
    info::AuthenticatorInfo,
    make_credential::{MakeCredential, NewCredential},
    rp_id::RpIdSteps,
    spki, u2f,
    user_verification::{self, Method, Verifier},
};

impl Client {
    /// Creates a credential on `authenticator`.
    ///
    /// # Errors
    ///
    /// [`Failure`] with the exception that a page would catch, among them `TypeError` (user id not 1 to 64 bytes),
    /// `SecurityError` (RP ID), `NotSupportedError` (algorithms), `ConstraintError` (no discoverable credentials or no
    /// verification, where required), `InvalidStateError` (already registered), `NotAllowedError` (declined, timed
    /// out, no such authenticator), `UnknownError` (a reply that is none).
    pub async fn create<A: Authenticator>(
        &self,
        authenticator: &mut A,
        options: &CreationOptions,
    ) -> Result<RegistrationResponse, Failure> {
        check_user_id(options)?;
        let rp_id = self.rp_id(options.rp.id.as_deref(), &RP_ID_STEPS)?;
        let algorithms = algorithms(options)?;
        CreationExtensions::check(&options.extensions)?;
        let app_id = options.extensions.appid_exclude.as_deref();
        let app_id =
            app_id.map(|id| app_id::determine(id, self.origin(), &app_id::APPID_EXCLUDE)).transpose()?;
        let client_data_json = self.client_data_json(Ceremony::Create, &options.challenge);

        let mut connection = self.connect(authenticator);
        let info = AuthenticatorInfo::get(&mut connection)
            .await
            .map_err(|error| error.at(&AVAILABLE, not_allowed))?;
        check_attachment(options, &info)?;
        let rk = resident_key(options, &info, self.who_enters_pins().is_some())?;
        let mut creation = Creation {
            client: self,
            options,
            rp_id,
            algorithms: &algorithms,
            info: &info,
            rk,
            extensions: CreationExtensions::new(&options.extensions, &info, rk)?,
            client_data_hash: client_data::hash(&client_data_json),
        };
        let method = creation.method()?;
        let excluded = credential_list::possible(&options.exclude_credentials, &info);
        if let Some(app_id) = app_id.as_deref().filter(|_| info.u2f) {
            exclude_by_u2f(&mut connection, app_id, &excluded, &app_id::EXCLUDED).await?;
        }
        let credential = match info.ctap2 {
            true => creation.make_credential(method, &excluded, &mut connection).await?,
            false => creation.register(&excluded, &mut connection).await?,
        };

        let wrong = |reason: String| malformed(&SUCCESS, &reason);
        let auth_data = AuthenticatorData::read(&credential.auth_data, rp_id).map_err(wrong)?;
        let attested =
            auth_data.attested.as_ref().ok_or_else(|| wrong("has no attested credential data".to_owned()))?;
        if !algorithms.iter().any(|alg| i64::from(*alg) == attested.alg) {
            return Err(wrong(format!(
                "has a key for the algorithm {}, which was not asked for",
                attested.alg
            )));
        }
        if options.authenticator_selection.user_verification == UserVerificationRequirement::Required
            && !auth_data.flags.has(Flags::UV)
        {
            const REASON: &str = "user verification is required, and the authenticator did not verify";
            return Err(Failure::new(DomException::NotAllowedError, &USER_VERIFICATION, REASON));
        }
        let results = ClientExtensionResults {
            appid_exclude: app_id.is_some().then_some(true),
            ..creation.extensions.results(&credential, &auth_data)
        };
        Ok(respond(options, &info, &credential, attested, client_data_json, results))
    }
}

/// One creation on its authenticator.
struct Creation<'a> {
    client: &'a Client,
    options: &'a CreationOptions,
    rp_id: &'a str,
    algorithms: &'a [i32],
    info: &'a AuthenticatorInfo,
    rk: bool,
    extensions: CreationExtensions<'a>,
    client_data_hash: [u8; 32],
}

impl Creation<'_> {
    fn method(&self) -> Result<Method, Failure> {
        let requirement = match self.options.authenticator_selection.user_verification {
            UserVerificationRequirement::Discouraged
                if CreationExtensions::need_verification(&self.options.extensions, self.info) =>
            {
                UserVerificationRequirement::Preferred
            }
            requirement => requirement,
        };
        let someone_enters_pins = self.client.who_enters_pins().is_some();
        user_verification::method(requirement, self.info, Ceremony::Create, self.rk, someone_enters_pins)
            .map_err(|reason| Failure::new(DomException::ConstraintError, &USER_VERIFICATION, reason))
    }

    /// By CTAP2.
    async fn make_credential<A: Authenticator>(
        &mut self,
        method: Method,
        excluded: &[&[u8]],
        connection: &mut Connection<'_, A>,
    ) -> Result<NewCredential, Failure> {
        let Self { options, info, rp_id, .. } = *self;
        let pre_flight = credential_list::needs_pre_flight(excluded, info);
        let verifier = Verifier {
            info,
            rp_id,
            // A pre-flight is an assertion.
            permissions: if pre_flight { Permissions::MC.with(Permissions::GA) } else { Permissions::MC },
            pin_entry: self.client.who_enters_pins(),
            step: &INVOKE,
        };
        let mut verification = verifier.verify(method, connection).await?;
        let found;
        let exclude_list = if pre_flight {
            found = credential_list::pre_flight(connection, rp_id, excluded, info, &verification)
                .await
                .map_err(|error| error.at(&EXCLUDE, not_allowed))?;
            found.as_slice()
        } else {
            excluded
        };
        let formats = attestation_formats(options, info);
        loop {
            // Anew each time: a wrong PIN ends what was agreed on before.
            self.extensions
                .prepare(info, method.verifies(info), connection)
                .await
                .map_err(|error| error.at(&INVOKE, not_allowed))?;
            let request = MakeCredential {
                client_data_hash: &self.client_data_hash,
                rp_id,
                rp_name: &options.rp.name,
                user: &options.user,
                algorithms: self.algorithms,
                exclude_list,
                extensions: self.extensions.sent(),
                rk: self.rk,
                verification: &verification,
                enterprise_attestation: options.attestation == AttestationConveyance::Enterprise && info.ep,
                attestation_formats_preference: &formats,
            };
            let refusal = match request.send(connection).await {
                Ok(credential) => return Ok(credential),
                Err(refusal) => refusal,
            };
            verification = match verifier.fall_back(&refusal, &verification, connection).await? {
                Some(verification) => verification,
                None => return Err(refusal.at(&INVOKE, name_of)),
            };
        }
    }

    /// By U2F, which makes non-discoverable ES256 credentials and verifies nobody.
    ///
    /// Source: CTAP 2.3 §10.1.
    async fn register<A: Authenticator>(
        &self,
        excluded: &[&[u8]],
        connection: &mut Connection<'_, A>,
    ) -> Result<NewCredential, Failure> {
        if !self.algorithms.contains(&ES256) {
            const REASON: &str =
                "the authenticator speaks U2F alone, which has no other algorithm than ES256";
            return Err(Failure::new(DomException::NotSupportedError, &PUB_KEY_CRED_PARAMS, REASON));
        }
        exclude_by_u2f(connection, self.rp_id, excluded, &EXCLUDE).await?;
        u2f::register(connection, self.rp_id, &self.client_data_hash)
            .await
            .map_err(|error| error.at(&INVOKE, not_allowed))
    }
}

/// Refuses if U2F knows one of the credentials; as a page learns of that, only after the user agreed.
///
/// Source: WebAuthn Level 3 §10.1.2; CTAP 2.3 §10.1.3.
async fn exclude_by_u2f<A: Authenticator>(
    connection: &mut Connection<'_, A>,
    rp_or_app_id: &str,
    excluded: &[&[u8]],
    step: &'static Step,
) -> Result<(), Failure> {
    for id in excluded {
        if u2f::has(connection, rp_or_app_id, id).await {
            u2f::touch(connection).await.map_err(|error| error.at(step, not_allowed))?;
            const REASON: &str = "a credential of `excludeCredentials` is on the authenticator";
            return Err(Failure::new(DomException::InvalidStateError, step, REASON));
        }
    }
    Ok(())
}

fn check_user_id(options: &CreationOptions) -> Result<(), Failure> {
    match options.user.id.len() {
        1..=64 => Ok(()),
        len => Err(Failure::new(
            DomException::TypeError,
            &USER_ID,
            format!("`user.id` has {len} bytes; it must have 1 to 64"),
        )),
    }
}

const ES256: i32 = -7;

/// The COSE algorithms of the entries that are of type `public-key`.
fn algorithms(options: &CreationOptions) -> Result<Vec<i32>, Failure> {
    const RS256: i32 = -257;
    if options.pub_key_cred_params.is_empty() {
        return Ok(vec![ES256, RS256]);
    }
    let usable = options.pub_key_cred_params.iter().filter(|parameters| parameters.type_ == "public-key");
    let algorithms: Vec<i32> = usable.map(|parameters| parameters.alg).collect();
    if algorithms.is_empty() {
        const REASON: &str = "no entry of `pubKeyCredParams` is of type `public-key`";
        return Err(Failure::new(DomException::NotSupportedError, &PUB_KEY_CRED_PARAMS, REASON));
    }
    Ok(algorithms)
}

fn check_attachment(options: &CreationOptions, info: &AuthenticatorInfo) -> Result<(), Failure> {
    match options.authenticator_selection.authenticator_attachment {
        Some(wanted) if wanted != info.attachment() => {
            let (wanted, is) = (wanted.as_str(), info.attachment().as_str());
            let reason = format!("no `{wanted}` authenticator is there; this one is `{is}`");
            Err(Failure::new(DomException::NotAllowedError, &ATTACHMENT, reason))
        }
        _ => Ok(()),
    }
}

/// The request's option `rk`. A platform authenticator is sent it also if the relying party would rather not, as by
/// Windows: Windows Hello's credentials are always discoverable, and `credProps` says so.
fn resident_key(
    options: &CreationOptions,
    info: &AuthenticatorInfo,
    someone_enters_pins: bool,
) -> Result<bool, Failure> {
    match options.authenticator_selection.effective_resident_key() {
        ResidentKey::Required if !info.rk => {
            const REASON: &str =
                "a discoverable credential is required, and the authenticator cannot make one";
            Err(Failure::new(DomException::ConstraintError, &RESIDENT_KEY, REASON))
        }
        ResidentKey::Required => Ok(true),
        ResidentKey::Discouraged if !info.plat => Ok(false),
        ResidentKey::Preferred | ResidentKey::Discouraged => {
            Ok(info.rk && user_verification::permits_rk(info, someone_enters_pins))
        }
    }
}

/// `attestationFormatsPreference`: what the relying party would like, then what the authenticator lists, so that one
/// that has no wanted format, or whose default is `none`, still attests.
fn attestation_formats(options: &CreationOptions, info: &AuthenticatorInfo) -> Vec<String> {
    if options.attestation == AttestationConveyance::None {
        return vec!["none".to_owned()];
    }
    let mut formats = options.attestation_formats.clone();
    if !formats.iter().any(|format| format == "none") {
        formats.extend(info.attestation_formats.iter().cloned());
    }
    let mut seen = HashSet::new();
    formats.retain(|format| seen.insert(format.clone()));
    formats
}

fn name_of(status: Status) -> DomException {
    match status {
        Status::CredentialExcluded => DomException::InvalidStateError,
        Status::UnsupportedAlgorithm => DomException::NotSupportedError,
        _ => DomException::NotAllowedError,
    }
}

fn respond(
    options: &CreationOptions,
    info: &AuthenticatorInfo,
    credential: &NewCredential,
    attested: &AttestedCredentialData<'_>,
    client_data_json: String,
    client_extension_results: ClientExtensionResults,
) -> RegistrationResponse {
    // WebAuthn Level 3 §5.1.3 step 22, `none`: self attestation under a zero AAGUID says nothing and stays.
    let anonymous = attested.aaguid == [0; 16] && credential.is_packed_without_x5c();
    let conveyed = match options.attestation {
        AttestationConveyance::None if !anonymous => credential.clone().without_attestation(),
        _ => credential.clone(),
    };
    let public_key = PublicKey::read(attested.public_key).ok().and_then(|(key, _)| spki::to_der(&key));
    RegistrationResponse {
        credential_id: attested.credential_id.to_vec(),
        attestation_object: attestation_object(&conveyed.fmt, &conveyed.att_stmt, &conveyed.auth_data),
        authenticator_data: conveyed.auth_data,
        client_data_json,
        public_key,
        public_key_algorithm: attested.alg,
        transports: info.sorted_transports(),
        authenticator_attachment: info.attachment(),
        client_extension_results,
    }
}

const RP_ID_STEPS: RpIdSteps =
    RpIdSteps { secure_context: &SECURE_CONTEXT, effective_domain: &EFFECTIVE_DOMAIN, rp_id: &RP_ID };

pub(crate) static SECURE_CONTEXT: Step = Step {
    section: "5.1",
    number: "SecureContext",
    rule: "The interface exists only where the page is a secure context.",
};
static USER_ID: Step =
    Step { section: "5.1.3", number: "5", rule: "The user's id has 1 to 64 bytes, or it is a TypeError." };
static EFFECTIVE_DOMAIN: Step = Step {
    section: "5.1.3",
    number: "7",
    rule: "The effective domain of the caller's origin is a domain, or it is a SecurityError.",
};
static RP_ID: Step = Step {
    section: "5.1.3",
    number: "8",
    rule: "The RP ID is the effective domain, a registrable suffix of it, or names the origin as related; \
           otherwise it is a SecurityError.",
};
static PUB_KEY_CRED_PARAMS: Step = Step {
    section: "5.1.3",
    number: "10",
    rule: "Entries of unknown types are skipped; if none is left it is a NotSupportedError. An empty list means \
           ES256 and RS256.",
};
static AVAILABLE: Step = Step {
    section: "5.1.3",
    number: "22.1",
    rule: "An authenticator that becomes available is a candidate, if it says what it is.",
};
static ATTACHMENT: Step = Step {
    section: "5.1.3",
    number: "22.2.1",
    rule: "An authenticator of another attachment than the one asked for is left out.",
};
static RESIDENT_KEY: Step = Step {
    section: "5.1.3",
    number: "22.2.2",
    rule: "An authenticator that cannot make a required discoverable credential is left out.",
};
pub(crate) static USER_VERIFICATION: Step = Step {
    section: "5.1.3",
    number: "22.2.3",
    rule: "An authenticator that cannot perform a required user verification is left out.",
};
static EXCLUDE: Step = Step {
    section: "5.1.3",
    number: "22.9",
    rule: "The credentials that must not be on the authenticator are collected for it.",
};
static INVOKE: Step = Step {
    section: "5.1.3",
    number: "22.10",
    rule: "authenticatorMakeCredential is invoked; an excluded credential is an InvalidStateError, another refusal \
           leaves the authenticator out.",
};
static SUCCESS: Step = Step {
    section: "5.1.3",
    number: "22",
    rule: "The credential that an authenticator made is handed over, its attestation as the relying party wants it.",
};
