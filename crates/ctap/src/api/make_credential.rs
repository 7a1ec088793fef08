//! authenticatorMakeCredential (0x01). Source: CTAP 2.3 §6.1.

use super::{built_in_uv, descriptors, ok, pin_uv_auth, presence, refuse};
use crate::{
    Algorithm, AttestationStatement, AttestedCredential, AuthData, Change, ChangeSet, Credential,
    CredentialId, Denied, Flags, Format, Gesture, Host, Outcome, Piece, PrivateKey, Profile, Protection,
    Query, State, Step, Steps, User,
    message::{
        Items, MAKE_CREDENTIAL, MAKE_CREDENTIAL_RESPONSE, MapWriter, Members, MessageError, PARAMETERS,
    },
    sealed,
};

/// The request's members, read.
struct Request<'a> {
    client_data_hash: &'a [u8; 32],
    rp_id: &'a str,
    user: Members<'a>,
    pub_key_cred_params: Items<'a>,
    exclude_list: Option<Items<'a>>,
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

pub(super) async fn run(
    host: &mut impl Host,
    profile: &Profile,
    parameters: &[u8],
) -> Result<Vec<u8>, Denied> {
    let members =
        Members::read(&MAKE_CREDENTIAL, parameters).map_err(|error| refuse(host, &READ, error.into()))?;
    pin_uv_auth::check(host, &PIN_UV_AUTH, &members)?;
    let request = Request::read(&members)?;
    let algorithm = choose_algorithm(host, profile, request.pub_key_cred_params.clone())?;
    let state = host.state().await?;
    let (rk, uv) = process_options(host, profile, &state, &request.options)?;
    let exclude_ids = match request.exclude_list.clone() {
        Some(list) => descriptors::ids(host, &LIST_LIMIT, profile, "excludeList", list)?,
        None => Vec::new(),
    };
    let uv = apply_always_uv(host, profile, &state, uv)?;
    check_uv_required(host, profile, &state, rk, uv)?;
    if request.enterprise_attestation.is_some() {
        return Err(refuse(host, &ENTERPRISE, Denied::NoEnterpriseAttestation));
    }

    let mut flags = Flags(0);
    if state.uv_configured && uv {
        built_in_uv::perform(host, profile, &state, request.rp_id).await?;
        host.note(&VERIFY, Outcome::Passed);
        // Step 13: built-in verification is user interaction as well.
        flags = flags.with(Flags::UV | Flags::UP, true);
    } else {
        host.note(&VERIFY, Outcome::Skipped("user verification was not asked for"));
    }
    check_exclude_list(host, &state, &request, &exclude_ids, flags).await?;
    if flags.has(Flags::UP) {
        host.note(&PRESENCE, Outcome::Skipped("user verification showed it"));
    } else {
        presence::ask(host, &PRESENCE, request.rp_id).await?;
        flags = flags.with(Flags::UP, true);
    }

    let key = host.generate(algorithm).await?;
    host.note(&GENERATE, Outcome::Chose(algorithm.name()));
    let flags = flags.with(Flags::BE, profile.backup.eligible).with(Flags::BS, profile.backup.backed_up);
    let credential = new_credential(host, profile, &state, &request, key, rk, flags)?;
    let answer = attest(host, profile, &request, &credential, flags)?;
    if rk {
        let change = Change::Create { credential: Box::new(credential), room: profile.max_credentials };
        let committed = host.commit(ChangeSet::one(change)).await;
        committed.map_err(|error| match Denied::from(error) {
            failed @ Denied::Host(_) => failed,
            denied => refuse(host, &STORE, denied),
        })?;
        host.note(&STORE, Outcome::Passed);
    } else {
        host.note(&SEAL, Outcome::Passed);
    }
    Ok(answer)
}

impl<'a> Request<'a> {
    fn read(members: &Members<'a>) -> Result<Self, MessageError> {
        let missing = |member: &str| MessageError::Missing { member: member.to_owned() };
        let options = members.table("options").map_or_else(Options::default, |options| Options {
            rk: options.bool("rk"),
            up: options.bool("up"),
            uv: options.bool("uv"),
        });
        Ok(Self {
            client_data_hash: members
                .bytes("clientDataHash")
                .and_then(|hash| hash.try_into().ok())
                .ok_or_else(|| missing("clientDataHash"))?,
            rp_id: rp_id(members.table("rp").and_then(|rp| rp.text("id")).ok_or_else(|| missing("rp"))?)?,
            user: members.table("user").ok_or_else(|| missing("user"))?,
            pub_key_cred_params: members
                .array("pubKeyCredParams")
                .ok_or_else(|| missing("pubKeyCredParams"))?,
            exclude_list: members.array("excludeList"),
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
fn truncated(name: &str) -> String {
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
) -> Result<(bool, bool), Denied> {
    let uv = options.uv.unwrap_or(false);
    if uv && !state.uv_configured {
        return Err(refuse(host, &OPTION_UV, Denied::UvNotConfigured));
    }
    if !profile.discoverable && options.rk == Some(true) {
        return Err(refuse(host, &OPTION_RK, Denied::RkUnsupported));
    }
    if options.up == Some(false) {
        return Err(refuse(host, &OPTION_UP, Denied::UpFalse));
    }
    host.note(&OPTION_UP, Outcome::Passed);
    Ok((options.rk.unwrap_or(false) || profile.always_discoverable, uv))
}

/// Step 6.
fn apply_always_uv(
    host: &mut impl Steps,
    profile: &Profile,
    state: &State,
    uv: bool,
) -> Result<bool, Denied> {
    if !profile.always_verifies {
        host.note(&ALWAYS_UV, Outcome::Skipped("this authenticator verifies only when asked"));
        return Ok(uv);
    }
    if !state.uv_configured {
        return Err(refuse(host, &ALWAYS_UV, Denied::NotSetUp));
    }
    host.note(&ALWAYS_UV, Outcome::Passed);
    Ok(true)
}

/// Steps 7 and 8. There is no clientPin here, so the refusal is always OPERATION_DENIED.
fn check_uv_required(
    host: &mut impl Steps,
    profile: &Profile,
    state: &State,
    rk: bool,
    uv: bool,
) -> Result<(), Denied> {
    let step = if profile.make_cred_uv_not_rqd { &UV_FOR_RK } else { &UV_ALWAYS_NEEDED };
    if state.uv_configured && !uv && (rk || !profile.make_cred_uv_not_rqd) {
        return Err(refuse(host, step, Denied::UvRequired));
    }
    host.note(step, Outcome::Passed);
    Ok(())
}

/// Step 12.
async fn check_exclude_list(
    host: &mut impl Host,
    state: &State,
    request: &Request<'_>,
    ids: &[&[u8]],
    flags: Flags,
) -> Result<(), Denied> {
    if ids.is_empty() {
        return Ok(());
    }
    let stored = host.find(Query::Ids { rp_id: request.rp_id, ids }).await?;
    let mut protections = stored.iter().map(|handle| handle.protection).chain(
        ids.iter()
            .filter_map(|id| sealed::open(&state.sealing_key, request.rp_id, id))
            .map(|credential| credential.protection),
    );
    let hit = protections.any(|protection| protection != Protection::Required || flags.has(Flags::UV));
    if !hit {
        host.note(&EXCLUDE, Outcome::Passed);
        return Ok(());
    }
    if !flags.has(Flags::UP) {
        // Whatever the user does, the answer is the same; only a cancel ends the command by its own path.
        let answer = host.ask(Gesture::Presence { rp_id: request.rp_id }).await;
        if answer == crate::Answer::Cancelled {
            return Err(refuse(host, &EXCLUDE, Denied::Cancelled));
        }
    }
    Err(refuse(host, &EXCLUDE, Denied::CredentialExcluded))
}

/// Steps 17 and 18: the new credential, with an id under which it is stored, or into which it is sealed.
fn new_credential(
    host: &mut impl Host,
    profile: &Profile,
    state: &State,
    request: &Request<'_>,
    key: PrivateKey,
    rk: bool,
    flags: Flags,
) -> Result<Credential, Denied> {
    let created = host.now();
    let protection = Protection::Optional;
    let id = if rk {
        let mut id = vec![0; usize::from(profile.credential_id_length)];
        host.random(&mut id);
        CredentialId::try_from(id).ok()
    } else {
        let mut nonce = [0; 12];
        host.random(&mut nonce);
        let content = sealed::Content { key: &key, protection, backup: flags, created };
        sealed::seal(&state.sealing_key, nonce, request.rp_id, &content)
    };
    let too_long = || MessageError::Value { member: "credential id".to_owned(), rule: "is too long" };
    Ok(Credential {
        id: id.ok_or_else(too_long)?,
        rp_id: request.rp_id.to_owned(),
        user: request.user(),
        key,
        discoverable: rk,
        protection,
        backup_eligible: flags.has(Flags::BE),
        backed_up: flags.has(Flags::BS),
        created,
    })
}

/// Step 19: the response, attested in the format that the platform prefers.
fn attest(
    host: &mut impl Host,
    profile: &Profile,
    request: &Request<'_>,
    credential: &Credential,
    flags: Flags,
) -> Result<Vec<u8>, Denied> {
    let format = choose_format(profile, request.attestation_formats_preference.clone());
    host.note(&ATTEST, Outcome::Chose(format.identifier()));
    let auth_data = AuthData {
        attested: Some(AttestedCredential {
            aaguid: profile.aaguid,
            id: credential.id.clone(),
            public_key: credential.key.public_key(),
        }),
        ..AuthData::new(request.rp_id, flags, 0)
    };
    let mut auth_data = auth_data.to_bytes();
    host.shape(Piece::AuthData, &mut auth_data);
    let statement = match format {
        Format::None => AttestationStatement::None,
        Format::PackedSelf => {
            let mut statement =
                AttestationStatement::packed_self(&credential.key, &auth_data, request.client_data_hash)?;
            if let AttestationStatement::PackedSelf { sig, .. } = &mut statement {
                host.shape(Piece::Signature, sig);
            }
            statement
        }
    };
    let mut out = ok(auth_data.len() + 400);
    let mut map = MapWriter::new(&MAKE_CREDENTIAL_RESPONSE, 3, &mut out);
    map.member("fmt").text(statement.format().identifier());
    map.member("authData").bytes(&auth_data);
    statement.write(map.member("attStmt"));
    Ok(out.into_bytes())
}

fn choose_format(profile: &Profile, preference: Option<Items<'_>>) -> Format {
    let Some(preference) = preference.filter(|list| list.remaining() > 0) else {
        return profile.default_format;
    };
    preference
        .filter_map(|item| crate::cbor::Reader::new(item).text().ok())
        .find_map(|identifier| {
            let mut supported = profile.attestation_formats.iter().copied().chain([Format::None]);
            supported.find(|format| format.identifier() == identifier)
        })
        .unwrap_or(profile.default_format)
}

static READ: Step = Step {
    section: "6.1.2",
    number: "0",
    rule: "clientDataHash, rp, user and pubKeyCredParams are there and every known member has its type",
};
static PIN_UV_AUTH: pin_uv_auth::Citations = pin_uv_auth::Citations {
    probe: Step { section: "6.1.2", number: "1", rule: "an empty pinUvAuthParam asks only for a touch" },
    protocol: Step {
        section: "6.1.2",
        number: "2",
        rule: "pinUvAuthParam needs a pinUvAuthProtocol that is supported",
    },
};
static ALGORITHM: Step = Step {
    section: "6.1.2",
    number: "3",
    rule: "the first supported algorithm of pubKeyCredParams wins, in the RP's order",
};
static OPTION_UV: Step = Step {
    section: "6.1.2",
    number: "5.3",
    rule: "uv true where no built-in verification is configured is INVALID_OPTION",
};
static OPTION_RK: Step =
    Step { section: "6.1.2", number: "5.4", rule: "rk where it is not supported is UNSUPPORTED_OPTION" };
static OPTION_UP: Step = Step { section: "6.1.2", number: "5.5", rule: "up false is INVALID_OPTION" };
static LIST_LIMIT: Step = Step {
    section: "6.1.2",
    number: "5.6",
    rule: "an excludeList longer than maxCredentialCountInList is refused before the user is asked",
};
static ALWAYS_UV: Step = Step {
    section: "6.1.2",
    number: "6",
    rule: "with alwaysUv the user is verified whatever the request says, and is refused where nothing is set up",
};
static UV_FOR_RK: Step = Step {
    section: "6.1.2",
    number: "7",
    rule: "with makeCredUvNotRqd, a discoverable credential still needs verification where it is set up",
};
static UV_ALWAYS_NEEDED: Step = Step {
    section: "6.1.2",
    number: "8",
    rule: "without makeCredUvNotRqd, every credential needs verification where it is set up",
};
static ENTERPRISE: Step = Step {
    section: "6.1.2",
    number: "9",
    rule: "enterpriseAttestation where it is not available is INVALID_PARAMETER",
};
static VERIFY: Step =
    Step { section: "6.1.2", number: "11", rule: "uv true verifies the user by built-in means" };
static EXCLUDE: Step = Step {
    section: "6.1.2",
    number: "12",
    rule: "a credential of excludeList that is here ends the command, after the user showed presence",
};
static PRESENCE: Step =
    Step { section: "6.1.2", number: "14", rule: "the user shows presence, unless verification showed it" };
static GENERATE: Step = Step { section: "6.1.2", number: "16", rule: "a new key pair is made" };
static STORE: Step = Step {
    section: "6.1.2",
    number: "17",
    rule: "a discoverable credential is stored and replaces one of the same RP and user",
};
static SEAL: Step = Step {
    section: "6.1.2",
    number: "18",
    rule: "a non-discoverable credential can be found by its id only",
};
static ATTEST: Step = Step {
    section: "6.1.2",
    number: "19",
    rule: "the attestation format that stands first in attestationFormatsPreference and is supported, else the default",
};
