//! authenticatorGetAssertion (0x02). Source: CTAP 2.3 §6.2.

use sha2::{Digest as _, Sha256};

use super::{
    built_in_uv, descriptors, ok,
    pin_uv_auth::{self, Param, authorize_for_rp},
    presence, refuse,
    verification::Verification,
};
use crate::{
    AuthData, Channel, CounterPolicy, Credential, Denied, Flags, Host, Outcome, Permissions, Piece, Profile,
    Protection, Query, Session, State, Steps,
    cbor::Writer,
    extension::AssertionInputs,
    message::{DESCRIPTOR, GET_ASSERTION, GET_ASSERTION_RESPONSE, MapWriter, Members, MessageError, USER},
    sealed,
    session::{Authorization, Candidate, RememberedAssertions},
    step::steps,
};

/// The request's members, read.
struct Request<'a> {
    rp_id: &'a str,
    rp_id_hash: [u8; 32],
    client_data_hash: &'a [u8; 32],
    /// The ids of its `public-key` entries.
    allow_list: Option<Vec<&'a [u8]>>,
    extensions: Option<&'a [u8]>,
    up: bool,
    param: Option<Param<'a>>,
}

pub(super) async fn run(
    host: &mut impl Host,
    profile: &Profile,
    session: &mut Session,
    from: Channel,
    parameters: &[u8],
) -> Result<Vec<u8>, Denied> {
    let members =
        Members::read(&GET_ASSERTION, parameters).map_err(|error| refuse(host, &READ, error.into()))?;
    let (rp_id, client_data_hash) =
        rp_and_hash(&members).map_err(|error| refuse(host, &READ, error.into()))?;
    let param = pin_uv_auth::check(host, &PIN_UV_AUTH, profile, &members, rp_id).await?;
    let state = host.state().await?;
    let (up, uv) = process_options(host, profile, &state, &members, param.is_some())?;
    let allow_list = match members.array("allowList") {
        Some(list) if list.remaining() == 0 && profile.empty_allow_list_is_absent => None,
        Some(list) => Some(descriptors::ids(host, &LIST_LIMIT, profile, "allowList", list)?),
        None => None,
    };
    let request = Request {
        rp_id,
        rp_id_hash: Sha256::digest(rp_id).into(),
        client_data_hash,
        allow_list,
        extensions: members.raw("extensions"),
        up,
        param,
    };
    let uv = apply_always_uv(host, profile, &state, &request, uv)?;
    let (mut flags, authorization) = verify(host, profile, session, &state, &request, uv).await?;
    let mut candidates = locate(host, &state, &request, flags).await?;
    if flags.has(Flags::UP) {
        host.note(&INTERACTION, Outcome::Passed);
    } else if request.up {
        host.note(&INTERACTION, Outcome::Skipped("there was no built-in verification"));
        let present = request.param.and_then(|param| session.token(param.protocol));
        if present.is_some_and(|token| token.user_present) {
            host.note(&PRESENCE, Outcome::Skipped("the token remembers it"));
        } else {
            presence::ask(host, profile, &PRESENCE, rp_id).await?;
        }
        flags = flags.with(Flags::UP, true);
        session.consume_tokens();
    } else {
        host.note(&PRESENCE, Outcome::Skipped("up is false"));
    }
    let extensions = AssertionInputs::read(host, profile, session, request.extensions, request.up)?;
    host.note(&EXTENSIONS, Outcome::Passed);

    let listed = request.allow_list.is_some();
    if listed && !profile.several_per_allow_list {
        // Step 11 leaves the choice among the listed free: the newest, as without a list.
        host.note(&SELECT_LISTED, Outcome::Passed);
        candidates.truncate(1);
    }
    let several = (candidates.len() > 1).then_some(candidates.len());
    let (first, rest) = candidates.split_first().ok_or(Denied::NoCredentials)?;
    let mut credential = match first {
        Candidate::Stored(id) => host.load(id).await?,
        Candidate::Sealed(credential) => (**credential).clone(),
    };
    if !listed {
        host.note(&SELECT, Outcome::Chose(if rest.is_empty() { "the only one" } else { "the newest" }));
    }
    let answering = Answering {
        rp_id_hash: &request.rp_id_hash,
        client_data_hash,
        flags,
        extensions: &extensions,
        listed,
        number_of_credentials: several,
        // CTAP 2.0 §5.2: of a single account there is only the id.
        names: flags.has(Flags::UV) && (several.is_some() || !profile.is_of_ctap_2_0()),
    };
    let answer = assertion(host, profile, &mut credential, &answering).await?;
    if several.is_some() {
        session.assertions = Some(RememberedAssertions {
            channel: from,
            authorization,
            rp_id_hash: request.rp_id_hash,
            client_data_hash: *client_data_hash,
            candidates,
            counter: 1,
            flags,
            extensions,
            last: host.now(),
        });
    }
    Ok(answer)
}

/// The members that have to be there.
fn rp_and_hash<'a>(members: &Members<'a>) -> Result<(&'a str, &'a [u8; 32]), MessageError> {
    let missing = |member: &str| MessageError::Missing { member: member.to_owned() };
    let rp_id = members.text("rpId").ok_or_else(|| missing("rpId"))?;
    let hash = members.bytes("clientDataHash").and_then(|hash| hash.try_into().ok());
    Ok((rp_id, hash.ok_or_else(|| missing("clientDataHash"))?))
}

/// Step 4: the effective `up` and `uv`.
fn process_options(
    host: &mut impl Steps,
    profile: &Profile,
    state: &State,
    members: &Members<'_>,
    has_param: bool,
) -> Result<(bool, bool), Denied> {
    let options = members.table("options");
    let option = |name| options.as_ref().and_then(|options| options.bool(name));
    let uv = option("uv").unwrap_or(false) && !has_param;
    if uv && !state.uv_configured(profile) {
        return Err(refuse(host, &OPTIONS, Denied::UvNotConfigured));
    }
    if option("rk").is_some() {
        return Err(refuse(host, &OPTIONS, Denied::RkUnsupported));
    }
    host.note(&OPTIONS, Outcome::Passed);
    Ok((option("up").unwrap_or(true), uv))
}

/// Step 5. A pre-flight (`up` false) is let through without verification.
fn apply_always_uv(
    host: &mut impl Steps,
    profile: &Profile,
    state: &State,
    request: &Request<'_>,
    uv: bool,
) -> Result<bool, Denied> {
    let verification = Verification::new(profile, state);
    if !verification.always() || !request.up {
        host.note(&ALWAYS_UV, Outcome::Skipped("this authenticator verifies only when asked"));
        return Ok(uv);
    }
    if !verification.is_protected() {
        return Err(refuse(host, &ALWAYS_UV, verification.required_where_pin_is_supported()));
    }
    if request.param.is_none() && !uv && !verification.built_in() {
        return Err(refuse(host, &ALWAYS_UV, verification.required_where_pin_is_supported()));
    }
    host.note(&ALWAYS_UV, Outcome::Passed);
    Ok(request.param.is_none())
}

/// Step 6: UV, and UP where built-in verification showed it; and what that rests on.
async fn verify(
    host: &mut impl Host,
    profile: &Profile,
    session: &mut Session,
    state: &State,
    request: &Request<'_>,
    uv: bool,
) -> Result<(Flags, Authorization), Denied> {
    let verification = Verification::new(profile, state);
    let nothing = (Flags(0), Authorization::None);
    if !verification.is_protected() {
        host.note(&VERIFY, Outcome::Skipped("neither a PIN nor another verification is set up"));
        return Ok(nothing);
    }
    if let Some(param) = request.param {
        let hash = request.client_data_hash;
        let token = authorize_for_rp(host, &VERIFY, session, param, hash, Permissions::GA, request.rp_id)?;
        return Ok((Flags(Flags::UV), Authorization::Token(token)));
    }
    if uv {
        if let Err(denied) = built_in_uv::perform(host, profile, state, Some(request.rp_id), true).await {
            return Err(refuse(host, &VERIFY, verification.after_failure(denied)));
        }
        host.note(&VERIFY, Outcome::Passed);
        return Ok((Flags(Flags::UV | Flags::UP), Authorization::None));
    }
    host.note(&VERIFY, Outcome::Skipped("user verification was not asked for"));
    Ok(nothing)
}

/// Step 7: the applicable credentials, the one that answers first at the front.
async fn locate(
    host: &mut impl Host,
    state: &State,
    request: &Request<'_>,
    flags: Flags,
) -> Result<Vec<Candidate>, Denied> {
    let uv = flags.has(Flags::UV);
    let listed = request.allow_list.is_some();
    let usable = |protection| match protection {
        Protection::Optional => true,
        Protection::OptionalWithCredentialIdList => uv || listed,
        Protection::Required => uv,
    };
    let query = match &request.allow_list {
        Some(ids) => Query::Ids { rp_id_hash: &request.rp_id_hash, ids },
        None => Query::Rp(request.rp_id),
    };
    let mut stored = host.find(query).await?;
    stored.retain(|handle| usable(handle.protection));
    stored.sort_by_key(|handle| std::cmp::Reverse(handle.sequence));
    stored.dedup_by(|a, b| a.id == b.id);
    let ids = request.allow_list.as_deref().unwrap_or_default().iter();
    let mut sealed: Vec<_> = ids
        .filter_map(|id| sealed::open(&state.sealing_key, &request.rp_id_hash, id))
        .filter(|credential| usable(credential.protection))
        .collect();
    // Newest first; a list may name one twice.
    sealed.sort_by(|a, b| b.created.0.cmp(&a.created.0).then_with(|| a.id.as_bytes().cmp(b.id.as_bytes())));
    sealed.dedup_by(|a, b| a.id == b.id);
    let stored = stored.into_iter().map(|handle| Candidate::Stored(handle.id));
    let sealed = sealed.into_iter().map(|credential| Candidate::Sealed(Box::new(credential)));
    let candidates: Vec<_> = stored.chain(sealed).collect();
    if candidates.is_empty() {
        return Err(refuse(host, &LOCATE, Denied::NoCredentials));
    }
    host.note(&LOCATE, Outcome::Passed);
    Ok(candidates)
}

/// What an assertion answers to.
pub(super) struct Answering<'a> {
    pub(super) rp_id_hash: &'a [u8; 32],
    pub(super) client_data_hash: &'a [u8; 32],
    pub(super) flags: Flags,
    pub(super) extensions: &'a AssertionInputs,
    /// Whether the request had an allowList.
    pub(super) listed: bool,
    /// `numberOfCredentials`, in the first of several.
    pub(super) number_of_credentials: Option<usize>,
    /// Whether the user entity has its names.
    pub(super) names: bool,
}

/// Step 10 for this credential, step 13, and the response.
pub(super) async fn assertion(
    host: &mut impl Host,
    profile: &Profile,
    credential: &mut Credential,
    answering: &Answering<'_>,
) -> Result<Vec<u8>, Denied> {
    let &Answering { rp_id_hash, client_data_hash, flags, extensions, listed, number_of_credentials, names } =
        answering;
    let outputs = extensions.process(host, profile, credential, flags, listed).await?;
    let sign_count = match profile.counter {
        CounterPolicy::Zero => 0,
        CounterPolicy::PerCredential => host.next_count(&credential.id).await?,
    };
    let flags = flags.with(Flags::BE, credential.backup_eligible).with(Flags::BS, credential.backed_up);
    let auth_data = AuthData { extensions: outputs.signed, ..AuthData::new(*rp_id_hash, flags, sign_count) };
    let mut auth_data = auth_data.to_bytes();
    host.shape(Piece::AuthData, &mut auth_data);
    let mut signature = credential.key.sign(&[&auth_data, client_data_hash])?;
    host.shape(Piece::Signature, &mut signature);
    host.note(&SIGN, Outcome::Chose(credential.key.algorithm().name()));

    let optional = [
        credential.discoverable,
        number_of_credentials.is_some(),
        outputs.large_blob_key.is_some(),
        outputs.unsigned.is_some(),
    ];
    let members = 3 + optional.into_iter().filter(|present| *present).count();
    let id = credential.id.as_bytes();
    let unsigned = outputs.unsigned.as_deref().unwrap_or_default();
    let mut out = ok(id.len() + auth_data.len() + signature.len() + unsigned.len() + 320);
    let mut map = MapWriter::new(&GET_ASSERTION_RESPONSE, members, &mut out);
    let mut descriptor = MapWriter::new(&DESCRIPTOR, 2, map.member("credential"));
    descriptor.member("id").bytes(id);
    descriptor.member("type").text("public-key");
    map.member("authData").bytes(&auth_data);
    map.member("signature").bytes(&signature);
    if credential.discoverable {
        write_user(map.member("user"), &credential.user, names);
    }
    if let Some(number) = number_of_credentials {
        map.member("numberOfCredentials").uint(number as u64);
    }
    if let Some(key) = outputs.large_blob_key {
        map.member("largeBlobKey").bytes(&key.0);
    }
    if outputs.unsigned.is_some() {
        map.member("unsignedExtensionOutputs").raw(unsigned);
    }
    Ok(out.into_bytes())
}

/// The user entity, with its names or without.
pub(super) fn write_user(out: &mut Writer, user: &crate::User, names: bool) {
    let (name, display_name) =
        (user.name.as_ref().filter(|_| names), user.display_name.as_ref().filter(|_| names));
    let members = 1 + usize::from(name.is_some()) + usize::from(display_name.is_some());
    let mut map = MapWriter::new(&USER, members, out);
    map.member("id").bytes(&user.id);
    if let Some(name) = name {
        map.member("name").text(name);
    }
    if let Some(display_name) = display_name {
        map.member("displayName").text(display_name);
    }
}

static PIN_UV_AUTH: pin_uv_auth::Citations = pin_uv_auth::Citations { probe: &PROBE, protocol: &PROTOCOL };

steps! {
    READ = "6.2.2" "0" "rpId and clientDataHash are there and every known member has its type";
    PROBE = "6.2.2" "1" "an empty pinUvAuthParam asks only for a touch, and whether a PIN is set";
    PROTOCOL = "6.2.2" "2" "pinUvAuthParam needs a pinUvAuthProtocol that is supported";
    OPTIONS = "6.2.2" "4" "uv true where no built-in verification is configured is INVALID_OPTION; rk, with any value, UNSUPPORTED_OPTION";
    LIST_LIMIT = "6.2.2" "4.1" "an allowList longer than maxCredentialCountInList is refused";
    ALWAYS_UV = "6.2.2" "5" "with alwaysUv and up true the user is verified whatever the request says";
    VERIFY = "6.2.2" "6" "pinUvAuthParam is verified with a token that may ga for this RP, or uv true verifies the user by built-in means";
    LOCATE = "6.2.2" "7" "the credentials of the allowList, or all discoverable ones, of this RP, less those whose credProtect level forbids it";
    INTERACTION = "6.2.2" "8" "built-in verification showed presence as well";
    PRESENCE = "6.2.2" "9" "up true asks for presence unless the token remembers it; the token's flags and permissions are cleared";
    EXTENSIONS = "6.2.2" "10" "the extensions that were asked for are processed";
    SELECT_LISTED = "6.2.2" "11" "with an allowList one of its credentials answers";
    SELECT = "6.2.2" "12" "without an allowList the newest answers, and several are remembered for getNextAssertion";
    SIGN = "6.2.2" "13" "authData ‖ clientDataHash is signed with the credential's key";
}
