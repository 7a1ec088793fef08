//! `navigator.credentials.create()`.
//!
//! Source: WebAuthn Level 3 §5.1.3.

use std::collections::HashSet;

use softhello_ctap::{Authenticator, Flags, Status, Step, attestation_object, cose::PublicKey};

use crate::{
    AttestationConveyance, Client, ClientExtensionResults, CreationOptions, CredentialProperties,
    DomException, Failure, RegistrationResponse, ResidentKey, UserVerificationRequirement,
    authenticator_data::{AttestedCredentialData, AuthenticatorData},
    client_data::{self, Ceremony},
    connection::{Connection, malformed, not_allowed},
    credential_list,
    info::AuthenticatorInfo,
    make_credential::{MakeCredential, NewCredential},
    rp_id::RpIdSteps,
    spki, user_verification,
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
        let client_data_json = self.client_data_json(Ceremony::Create, &options.challenge);

        let mut connection = Connection::new(authenticator, self.requests_from());
        let info = AuthenticatorInfo::get(&mut connection)
            .await
            .map_err(|error| error.at(&AVAILABLE, not_allowed))?;
        let selection = &options.authenticator_selection;
        check_attachment(options, &info)?;
        let rk = resident_key(options, &info)?;
        let uv = user_verification::option(selection.user_verification, &info, Ceremony::Create, rk)
            .map_err(|reason| Failure::new(DomException::ConstraintError, &USER_VERIFICATION, reason))?;
        let excluded = credential_list::possible(&options.exclude_credentials, &info);
        let exclude_list = credential_list::list(&mut connection, rp_id, excluded, &info)
            .await
            .map_err(|error| error.at(&EXCLUDE, not_allowed))?;
        let request = MakeCredential {
            client_data_hash: &client_data::hash(&client_data_json),
            rp_id,
            rp_name: &options.rp.name,
            user: &options.user,
            algorithms: &algorithms,
            exclude_list: &exclude_list,
            rk,
            uv,
            enterprise_attestation: options.attestation == AttestationConveyance::Enterprise && info.ep,
            attestation_formats_preference: &attestation_formats(options, &info),
        };
        let credential = request.send(&mut connection).await.map_err(|error| error.at(&INVOKE, name_of))?;

        let wrong = |reason: String| malformed(&SUCCESS, &reason);
        let auth_data = AuthenticatorData::read(&credential.auth_data, rp_id).map_err(wrong)?;
        let attested =
            auth_data.attested.ok_or_else(|| wrong("has no attested credential data".to_owned()))?;
        if !algorithms.iter().any(|alg| i64::from(*alg) == attested.alg) {
            return Err(wrong(format!(
                "has a key for the algorithm {}, which was not asked for",
                attested.alg
            )));
        }
        if selection.user_verification == UserVerificationRequirement::Required
            && !auth_data.flags.has(Flags::UV)
        {
            const REASON: &str = "user verification is required, and the authenticator did not verify";
            return Err(Failure::new(DomException::NotAllowedError, &USER_VERIFICATION, REASON));
        }
        Ok(respond(options, &info, rk, &credential, &attested, client_data_json))
    }
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

/// The COSE algorithms of the entries that are of type `public-key`.
fn algorithms(options: &CreationOptions) -> Result<Vec<i32>, Failure> {
    const ES256: i32 = -7;
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
fn resident_key(options: &CreationOptions, info: &AuthenticatorInfo) -> Result<bool, Failure> {
    match options.authenticator_selection.effective_resident_key() {
        ResidentKey::Required if !info.rk => {
            const REASON: &str =
                "a discoverable credential is required, and the authenticator cannot make one";
            Err(Failure::new(DomException::ConstraintError, &RESIDENT_KEY, REASON))
        }
        ResidentKey::Required => Ok(true),
        ResidentKey::Discouraged if !info.plat => Ok(false),
        ResidentKey::Preferred | ResidentKey::Discouraged => {
            Ok(info.rk && user_verification::permits_rk(info))
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
    rk: bool,
    credential: &NewCredential,
    attested: &AttestedCredentialData<'_>,
    client_data_json: String,
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
        client_extension_results: ClientExtensionResults {
            cred_props: (options.extensions.cred_props == Some(true)).then(|| CredentialProperties::new(rk)),
        },
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
static USER_VERIFICATION: Step = Step {
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
