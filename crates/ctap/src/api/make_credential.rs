//! authenticatorMakeCredential (0x01). Source: CTAP 2.3 §6.1.

use sha2::{Digest as _, Sha256};

use super::{
    built_in_uv, descriptors, ok,
    pin_uv_auth::{self, Param, authorize_for_rp},
    presence, refuse,
    verification::Verification,
};
use crate::{
    Algorithm, AttestationStatement, AttestedCredential, AuthData, Change, ChangeSet, ConfigCommand,
    Credential, CredentialId, Denied, Flags, Format, Gesture, Host, Outcome, Permissions, Piece, PrivateKey,
    Profile, Protection, Query, Session, Setting, State, Steps, User,
    extension::{self, Creation, CreationOutputs},
    message::{
        Items, MAKE_CREDENTIAL, MAKE_CREDENTIAL_RESPONSE, MapWriter, Members, MessageError, PARAMETERS,
    },
    sealed,
    settings::drawn,
    step::steps,
};

/// The request's members, read.
struct Request<'a> {
    client_data_hash: &'a [u8; 32],
    rp_id: &'a str,
    rp_id_hash: [u8; 32],
    user: Members<'a>,
    pub_key_cred_params: Items<'a>,
    exclude_list: Option<Items<'a>>,
    extensions: Option<&'a [u8]>,
    options: Options,
    enterprise_attestation: Option<u64>,
    attestation_formats_preference: Option<Items<'a>>,
}

#[derive(Default)]
struct Options {
    rk: Option<bool>,
    up: Option<bool>,
    uv: Option<bool>,
}

/// How the user is to be verified: `pinUvAuthParam`, or built-in means where `uv` is true.
#[derive(Clone, Copy)]
struct Asked<'a> {
    param: Option<Param<'a>>,
    uv: bool,
}

impl Asked<'_> {
    fn for_verification(self) -> bool {
        self.uv || self.param.is_some()
    }
}

pub(super) async fn run(
    host: &mut impl Host,
    profile: &Profile,
    session: &mut Session,
    parameters: &[u8],
) -> Result<Vec<u8>, Denied> {
    let members =
        Members::read(&MAKE_CREDENTIAL, parameters).map_err(|error| refuse(host, &READ, error.into()))?;
    let request = Request::read(&members).map_err(|error| refuse(host, &READ, error.into()))?;
    let param = pin_uv_auth::check(host, &PIN_UV_AUTH, profile, &members, request.rp_id).await?;
    let algorithm = choose_algorithm(host, profile, request.pub_key_cred_params.clone())?;
    let state = host.state().await?;
    let (rk, uv) = process_options(host, profile, &state, &request.options, param.is_some())?;
    let exclude_ids = match request.exclude_list.clone() {
        Some(list) => descriptors::ids(host, &LIST_LIMIT, profile, "excludeList", list)?,
        None => Vec::new(),
    };
    let asked = apply_always_uv(host, profile, &state, Asked { param, uv })?;
    check_uv_required(host, profile, &state, rk, asked)?;
    let enterprise = grants_enterprise_attestation(host, profile, &state, &request)?;

    let mut flags = verify(host, profile, session, &state, &request, rk, asked).await?;
    let present = flags.has(Flags::UP)
        || param.and_then(|param| session.token(param.protocol)).is_some_and(|token| token.user_present);
    check_exclude_list(host, &state, &request, &exclude_ids, flags, present).await?;
    if flags.has(Flags::UP) {
        host.note(&INTERACTION, Outcome::Passed);
    } else {
        host.note(&INTERACTION, Outcome::Skipped("there was no built-in verification"));
        if present {
            host.note(&PRESENCE, Outcome::Skipped("the token remembers it"));
        } else {
            presence::ask(host, profile, &PRESENCE, request.rp_id).await?;
        }
        flags = flags.with(Flags::UP, true);
        session.consume_tokens();
    }

    let nonce = (!rk).then(|| drawn(&mut |out| host.random(out)));
    let creation = Creation {
        profile,
        state: &state,
        rp_id: request.rp_id,
        nonce: nonce.as_ref(),
        flags,
        extensions: request.extensions,
    };
    let outputs = extension::create(host, session, &creation)?;
    host.note(&EXTENSIONS, Outcome::Passed);
    let key = host.generate(algorithm).await?;
    host.note(&GENERATE, Outcome::Chose(algorithm.name()));
    let flags = flags.with(Flags::BE, profile.backup.eligible).with(Flags::BS, profile.backup.backed_up);
    let credential = new_credential(host, profile, &state, &request, nonce, key, flags, &outputs)?;
    let answer = attest(host, profile, &request, &credential, flags, outputs, enterprise)?;
    if rk {
        keep(host, profile, credential).await?;
    } else {
        host.note(&SEAL, Outcome::Passed);
    }
    Ok(answer)
}

/// Step 17.
async fn keep(host: &mut impl Host, profile: &Profile, credential: Credential) -> Result<(), Denied> {
    let room = profile.max_credentials;
    let mut changes = ChangeSet::one(Change::Create { credential: Box::new(credential), room });
    if profile.per_cred_mgmt_ro {
        changes.0.push(Change::Set(Setting::CredStoreState(drawn(&mut |out| host.random(out)))));
    }
    host.commit(changes).await.map_err(|error| refuse(host, &STORE, error.into()))?;
    host.note(&STORE, Outcome::Passed);
    Ok(())
}

impl<'a> Request<'a> {
    fn read(members: &Members<'a>) -> Result<Self, MessageError> {
        let missing = |member: &str| MessageError::Missing { member: member.to_owned() };
        let options = members.table("options").map_or_else(Options::default, |options| Options {
            rk: options.bool("rk"),
            up: options.bool("up"),
            uv: options.bool("uv"),
        });
        let rp_id = rp_id(members.table("rp").and_then(|rp| rp.text("id")).ok_or_else(|| missing("rp"))?)?;
        Ok(Self {
            client_data_hash: members
                .bytes("clientDataHash")
                .and_then(|hash| hash.try_into().ok())
                .ok_or_else(|| missing("clientDataHash"))?,
            rp_id,
            rp_id_hash: Sha256::digest(rp_id).into(),
            user: members.table("user").ok_or_else(|| missing("user"))?,
            pub_key_cred_params: members
                .array("pubKeyCredParams")
                .ok_or_else(|| missing("pubKeyCredParams"))?,
            exclude_list: members.array("excludeList"),
            extensions: members.raw("extensions"),
            options,
            enterprise_attestation: members.uint("enterpriseAttestation"),
            attestation_formats_preference: members.array("attestationFormatsPreference"),
        })
    }

    fn user(&self) -> User {
        User {
            id: self.user.bytes("id").unwrap_or_default().to_vec(),
            name: self.user.text("name").map(truncated),
            display_name: self.user.text("displayName").map(truncated),
        }
    }
}

/// An RP ID is a domain name, which has at most 253 characters.
fn rp_id(text: &str) -> Result<&str, MessageError> {
    match text.len() {
        0..=253 => Ok(text),
        len => Err(MessageError::Length { member: "rp.id".to_owned(), len, min: 0, max: 253 }),
    }
}

/// The longest name and display name that are kept, in bytes. At least 64 have to be.
const MAX_NAME: usize = 256;

/// A name, cut at the end of a character if it is too long to be kept.
pub(super) fn truncated(name: &str) -> String {
    name.get(..name.floor_char_boundary(MAX_NAME)).unwrap_or(name).to_owned()
}

/// Step 3. Reading the message has validated every element already, also those after the chosen one.
fn choose_algorithm(
    host: &mut impl Steps,
    profile: &Profile,
    params: Items<'_>,
) -> Result<Algorithm, Denied> {
    for param in params {
        let param = Members::read(&PARAMETERS, param)?;
        let algorithm = param.int("alg").and_then(Algorithm::from_cose_id);
        if let Some(algorithm) = algorithm.filter(|algorithm| profile.algorithms.contains(algorithm))
            && param.text("type") == Some("public-key")
        {
            host.note(&ALGORITHM, Outcome::Chose(algorithm.name()));
            return Ok(algorithm);
        }
    }
    Err(refuse(host, &ALGORITHM, Denied::NoAlgorithm { supported: profile.algorithm_names() }))
}

/// Step 5: the effective `rk` and `uv`.
fn process_options(
    host: &mut impl Steps,
    profile: &Profile,
    state: &State,
    options: &Options,
    has_param: bool,
) -> Result<(bool, bool), Denied> {
    let uv = options.uv.unwrap_or(false);
    host.note(&OPTION_UV_DEFAULT, Outcome::Chose(if uv { "uv" } else { "no uv" }));
    let uv = uv && !has_param;
    host.note(&OPTION_UV_PARAM, if has_param { Outcome::Passed } else { Outcome::Skipped("there is none") });
    if uv && !state.uv_configured(profile) {
        return Err(refuse(host, &OPTION_UV, Denied::UvNotConfigured));
    }
    host.note(&OPTION_UV, Outcome::Passed);
    if !profile.discoverable && options.rk == Some(true) {
        return Err(refuse(host, &OPTION_RK, Denied::RkUnsupported));
    }
    host.note(&OPTION_RK, Outcome::Passed);
    // CTAP 2.0 §5.1 has no `up` here, which makes any an option that is known and not valid.
    if options.up.is_some_and(|up| !up || profile.is_of_ctap_2_0()) {
        return Err(refuse(host, &OPTION_UP, Denied::UpFalse));
    }
    host.note(&OPTION_UP, Outcome::Passed);
    Ok((options.rk.unwrap_or(false) || profile.always_discoverable, uv))
}

/// Step 6.
fn apply_always_uv<'a>(
    host: &mut impl Steps,
    profile: &Profile,
    state: &State,
    asked: Asked<'a>,
) -> Result<Asked<'a>, Denied> {
    let verification = Verification::new(profile, state);
    if !verification.always() {
        host.note(&ALWAYS_UV, Outcome::Skipped("this authenticator verifies only when asked"));
        return Ok(asked);
    }
    if !verification.is_protected() {
        return Err(refuse(host, &ALWAYS_UV, verification.required_where_pin_is_supported()));
    }
    let uv = asked.uv || asked.param.is_none() && verification.built_in();
    let asked = Asked { uv, ..asked };
    if !asked.for_verification() {
        return Err(refuse(host, &ALWAYS_UV, verification.required_where_pin_is_supported()));
    }
    host.note(&ALWAYS_UV, Outcome::Passed);
    Ok(asked)
}

/// Whether non-discoverable credentials may be made without verification.
fn uv_not_required(profile: &Profile, state: &State) -> bool {
    profile.make_cred_uv_not_rqd && !state.settings.always_uv(profile)
}

/// Steps 7 and 8.
fn check_uv_required(
    host: &mut impl Steps,
    profile: &Profile,
    state: &State,
    rk: bool,
    asked: Asked<'_>,
) -> Result<(), Denied> {
    let verification = Verification::new(profile, state);
    let not_required = uv_not_required(profile, state);
    let step = if not_required { &UV_FOR_RK } else { &UV_ALWAYS_NEEDED };
    if verification.is_protected() && !asked.for_verification() && (rk || !not_required) {
        return Err(refuse(host, step, verification.required_where_pin_is_set()));
    }
    host.note(step, Outcome::Passed);
    Ok(())
}

/// Step 9: whether an enterprise attestation is granted.
fn grants_enterprise_attestation(
    host: &mut impl Steps,
    profile: &Profile,
    state: &State,
    request: &Request<'_>,
) -> Result<bool, Denied> {
    let Some(wanted) = request.enterprise_attestation else {
        host.note(&ENTERPRISE, Outcome::Skipped("it was not asked for"));
        return Ok(false);
    };
    let capable = profile.can_configure(ConfigCommand::EnableEnterpriseAttestation);
    if !capable || !state.settings.enterprise_attestation {
        return Err(refuse(host, &ENTERPRISE_CAPABLE, Denied::NoEnterpriseAttestation));
    }
    host.note(&ENTERPRISE_CAPABLE, Outcome::Passed);
    if ![1, 2].contains(&wanted) {
        return Err(refuse(host, &ENTERPRISE_VALUE, Denied::EnterpriseAttestationValue(wanted)));
    }
    host.note(&ENTERPRISE_VALUE, Outcome::Passed);
    let granted = wanted == 2 || profile.enterprise_rp_ids.iter().any(|known| known == request.rp_id);
    host.note(&ENTERPRISE_GRANT, Outcome::Chose(if granted { "granted" } else { "not granted" }));
    host.note(&ENTERPRISE, Outcome::Passed);
    Ok(granted)
}

/// Steps 10 and 11: UV, and UP where built-in verification showed it.
async fn verify(
    host: &mut impl Host,
    profile: &Profile,
    session: &mut Session,
    state: &State,
    request: &Request<'_>,
    rk: bool,
    asked: Asked<'_>,
) -> Result<Flags, Denied> {
    let verification = Verification::new(profile, state);
    if !rk && !asked.for_verification() && uv_not_required(profile, state) {
        host.note(&UV_NOT_NEEDED, Outcome::Passed);
        return Ok(Flags(0));
    }
    host.note(&UV_NOT_NEEDED, Outcome::Skipped("verification is asked for or needed where it is set up"));
    if !verification.is_protected() {
        host.note(&VERIFY, Outcome::Skipped("neither a PIN nor another verification is set up"));
        return Ok(Flags(0));
    }
    if let Some(param) = asked.param {
        let hash = request.client_data_hash;
        authorize_for_rp(host, &VERIFY, session, param, hash, Permissions::MC, request.rp_id)?;
        return Ok(Flags(Flags::UV));
    }
    if asked.uv {
        if let Err(denied) = built_in_uv::perform(host, profile, state, Some(request.rp_id), true).await {
            return Err(refuse(host, &VERIFY, verification.after_failure(denied)));
        }
        host.note(&VERIFY, Outcome::Passed);
        return Ok(Flags(Flags::UV | Flags::UP));
    }
    host.note(&VERIFY, Outcome::Skipped("user verification was not asked for"));
    Ok(Flags(0))
}

/// Step 12.
async fn check_exclude_list(
    host: &mut impl Host,
    state: &State,
    request: &Request<'_>,
    ids: &[&[u8]],
    flags: Flags,
    present: bool,
) -> Result<(), Denied> {
    if ids.is_empty() {
        host.note(&EXCLUDE, Outcome::Skipped("there is no list"));
        return Ok(());
    }
    let stored = host.find(Query::Ids { rp_id_hash: &request.rp_id_hash, ids }).await?;
    let mut protections = stored.iter().map(|handle| handle.protection).chain(
        ids.iter()
            .filter_map(|id| sealed::open(&state.sealing_key, &request.rp_id_hash, id))
            .map(|credential| credential.protection),
    );
    let hit = protections.any(|protection| protection != Protection::Required || flags.has(Flags::UV));
    if !hit {
        host.note(&EXCLUDE, Outcome::Passed);
        return Ok(());
    }
    if !present {
        // Whatever the user does, the answer is the same; only a cancel ends the command by its own path.
        let answer = host.ask(Gesture::Presence { rp_id: request.rp_id }).await;
        if answer == crate::Answer::Cancelled {
            return Err(refuse(host, &EXCLUDE, Denied::Cancelled));
        }
    }
    Err(refuse(host, &EXCLUDE, Denied::CredentialExcluded))
}

/// Steps 17 and 18: the new credential, with an id under which it is stored, or into which it is sealed.
#[expect(clippy::too_many_arguments, reason = "everything that goes into a credential")]
fn new_credential(
    host: &mut impl Host,
    profile: &Profile,
    state: &State,
    request: &Request<'_>,
    nonce: Option<[u8; 12]>,
    key: PrivateKey,
    flags: Flags,
    outputs: &CreationOutputs,
) -> Result<Credential, Denied> {
    let created = host.now();
    let protection = outputs.protection;
    let id = match nonce {
        None => {
            let mut id = vec![0; usize::from(profile.credential_id_length)];
            host.random(&mut id);
            CredentialId::try_from(id).ok()
        }
        Some(nonce) => {
            let third_party_payment = outputs.data.third_party_payment;
            let content =
                sealed::Content { key: &key, protection, backup: flags, third_party_payment, created };
            sealed::seal(&state.sealing_key, nonce, &request.rp_id_hash, &content)
        }
    };
    let too_long = || MessageError::Value { member: "credential id".to_owned(), rule: "is too long" };
    Ok(Credential {
        id: id.ok_or_else(too_long)?,
        rp_id: request.rp_id.to_owned(),
        user: request.user(),
        key,
        discoverable: nonce.is_none(),
        protection,
        backup_eligible: flags.has(Flags::BE),
        backed_up: flags.has(Flags::BS),
        created,
        extensions: outputs.data.clone(),
    })
}

/// Step 19: the response, attested in the format that the platform prefers.
fn attest(
    host: &mut impl Host,
    profile: &Profile,
    request: &Request<'_>,
    credential: &Credential,
    flags: Flags,
    outputs: CreationOutputs,
    enterprise: bool,
) -> Result<Vec<u8>, Denied> {
    let format = match enterprise {
        // A granted enterprise attestation outranks the preference.
        true => Format::Packed,
        false => choose_format(profile, request.attestation_formats_preference.clone()),
    };
    host.note(&ATTEST, Outcome::Chose(format.identifier()));
    let auth_data = AuthData {
        attested: Some(AttestedCredential {
            aaguid: profile.aaguid,
            id: credential.id.clone(),
            public_key: credential.key.public_key(),
        }),
        extensions: outputs.signed,
        ..AuthData::new(request.rp_id_hash, flags, 0)
    };
    let mut auth_data = auth_data.to_bytes();
    host.shape(Piece::AuthData, &mut auth_data);
    let mut statement = match format {
        Format::None => AttestationStatement::None,
        Format::Packed => {
            let batch = profile.attestation.as_deref().filter(|_| enterprise || !profile.self_attestation);
            let (key, x5c) = match batch {
                Some(batch) if enterprise => (&batch.key, batch.enterprise_x5c.as_slice()),
                Some(batch) => (&batch.key, batch.x5c.as_slice()),
                None => (&credential.key, [].as_slice()),
            };
            AttestationStatement::packed(key, x5c, &auth_data, request.client_data_hash)?
        }
    };
    if let AttestationStatement::Packed { sig, .. } = &mut statement {
        host.shape(Piece::Signature, sig);
    }
    let large_blob_key =
        credential.extensions.large_blob_key.as_ref().filter(|_| outputs.tells_large_blob_key);
    let optional = [enterprise, large_blob_key.is_some(), outputs.unsigned.is_some()];
    let members = 3 + optional.into_iter().filter(|present| *present).count();
    let unsigned = outputs.unsigned.as_deref().unwrap_or_default();
    let mut out = ok(auth_data.len() + statement.room() + unsigned.len() + 80);
    let mut map = MapWriter::new(&MAKE_CREDENTIAL_RESPONSE, members, &mut out);
    map.member("fmt").text(statement.format().identifier());
    map.member("authData").bytes(&auth_data);
    statement.write(map.member("attStmt"));
    if enterprise {
        map.member("epAtt").bool(true);
    }
    if let Some(key) = large_blob_key {
        map.member("largeBlobKey").bytes(&key.0);
    }
    if outputs.unsigned.is_some() {
        map.member("unsignedExtensionOutputs").raw(unsigned);
    }
    Ok(out.into_bytes())
}

fn choose_format(profile: &Profile, preference: Option<Items<'_>>) -> Format {
    preference
        .into_iter()
        .flatten()
        .filter_map(|item| crate::cbor::Reader::new(item).text().ok())
        .find_map(|identifier| {
            let mut supported = profile.attestation_formats.iter().copied().chain([Format::None]);
            supported.find(|format| format.identifier() == identifier)
        })
        .unwrap_or(profile.default_format)
}

static PIN_UV_AUTH: pin_uv_auth::Citations = pin_uv_auth::Citations { probe: &PROBE, protocol: &PROTOCOL };

steps! {
    READ = "6.1.2" "0" "clientDataHash, rp, user and pubKeyCredParams are there and every known member has its type";
    PROBE = "6.1.2" "1" "an empty pinUvAuthParam asks only for a touch, and whether a PIN is set";
    PROTOCOL = "6.1.2" "2" "pinUvAuthParam needs a pinUvAuthProtocol that is supported";
    ALGORITHM = "6.1.2" "3" "the first supported algorithm of pubKeyCredParams wins, in the RP's order";
    OPTION_UV_DEFAULT = "6.1.2" "5.1" "uv absent is false";
    OPTION_UV_PARAM = "6.1.2" "5.2" "with pinUvAuthParam uv is false";
    OPTION_UV = "6.1.2" "5.3" "uv true where no built-in verification is configured is INVALID_OPTION";
    OPTION_RK = "6.1.2" "5.4" "rk where it is not supported is UNSUPPORTED_OPTION";
    OPTION_UP = "6.1.2" "5.5" "up false is INVALID_OPTION; in CTAP 2.0 any up is";
    LIST_LIMIT = "6.1.2" "5.6" "an excludeList longer than maxCredentialCountInList is refused before the user is asked";
    ALWAYS_UV = "6.1.2" "6" "with alwaysUv the user is verified whatever the request says, and is refused where nothing is set up";
    UV_FOR_RK = "6.1.2" "7" "with makeCredUvNotRqd, a discoverable credential still needs verification where it is set up";
    UV_ALWAYS_NEEDED = "6.1.2" "8" "without makeCredUvNotRqd, every credential needs verification where it is set up";
    ENTERPRISE = "6.1.2" "9" "enterpriseAttestation asks for an attestation that names this one device";
    ENTERPRISE_CAPABLE = "6.1.2" "9.1" "where it is not available or not enabled it is INVALID_PARAMETER";
    ENTERPRISE_VALUE = "6.1.2" "9.2" "a value other than 1 or 2 is INVALID_OPTION";
    ENTERPRISE_GRANT = "6.1.2" "9.3" "platform managed is granted, vendor facilitated for the RP IDs that were burned in";
    UV_NOT_NEEDED = "6.1.2" "10" "a non-discoverable credential with makeCredUvNotRqd is made without verification";
    VERIFY = "6.1.2" "11" "pinUvAuthParam is verified with a token that may mc for this RP, or uv true verifies the user by built-in means";
    EXCLUDE = "6.1.2" "12" "a credential of excludeList that is here ends the command, after the user showed presence";
    INTERACTION = "6.1.2" "13" "built-in verification showed presence as well";
    PRESENCE = "6.1.2" "14" "the user shows presence, unless the token remembers it; the token's flags and permissions are cleared";
    EXTENSIONS = "6.1.2" "15" "the extensions that were asked for are processed";
    GENERATE = "6.1.2" "16" "a new key pair is made";
    STORE = "6.1.2" "17" "a discoverable credential is stored and replaces one of the same RP and user";
    SEAL = "6.1.2" "18" "a non-discoverable credential can be found by its id only";
    ATTEST = "6.1.2" "19" "the attestation format that stands first in attestationFormatsPreference and is supported, else the default";
}
