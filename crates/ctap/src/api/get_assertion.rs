//! authenticatorGetAssertion (0x02). Source: CTAP 2.3 §6.2.

use super::{built_in_uv, descriptors, ok, pin_uv_auth, presence, refuse};
use crate::{
    AuthData, Channel, CounterPolicy, Credential, CredentialId, Denied, Flags, Handle, Host, Outcome, Piece,
    Profile, Protection, Query, Session, State, Step, Steps,
    cbor::Writer,
    message::{DESCRIPTOR, GET_ASSERTION, GET_ASSERTION_RESPONSE, MapWriter, Members, MessageError, USER},
    sealed,
    session::RememberedAssertions,
};

pub(super) async fn run(
    host: &mut impl Host,
    profile: &Profile,
    session: &mut Session,
    from: Channel,
    parameters: &[u8],
) -> Result<Vec<u8>, Denied> {
    let members =
        Members::read(&GET_ASSERTION, parameters).map_err(|error| refuse(host, &READ, error.into()))?;
    pin_uv_auth::check(host, &PIN_UV_AUTH, &members)?;
    let missing = |member: &str| MessageError::Missing { member: member.to_owned() };
    let rp_id = members.text("rpId").ok_or_else(|| missing("rpId"))?;
    let client_data_hash: &[u8; 32] = members
        .bytes("clientDataHash")
        .and_then(|hash| hash.try_into().ok())
        .ok_or_else(|| missing("clientDataHash"))?;
    let state = host.state().await?;
    let (up, uv) = process_options(host, &state, members.table("options").as_ref())?;
    let allow_list = match members.array("allowList") {
        Some(list) if list.remaining() == 0 && profile.empty_allow_list_is_absent => None,
        Some(list) => Some(descriptors::ids(host, &LIST_LIMIT, profile, "allowList", list)?),
        None => None,
    };
    let uv = apply_always_uv(host, profile, &state, up, uv)?;

    let mut flags = Flags(0);
    if state.uv_configured && uv {
        built_in_uv::perform(host, profile, &state, rp_id).await?;
        host.note(&VERIFY, Outcome::Passed);
        // Step 8: built-in verification is user interaction as well.
        flags = flags.with(Flags::UV | Flags::UP, true);
    }
    let located = locate(host, &state, rp_id, allow_list.as_deref(), flags).await?;
    if up && !flags.has(Flags::UP) {
        presence::ask(host, &PRESENCE, rp_id).await?;
        flags = flags.with(Flags::UP, true);
    }

    let (credential, handles) = match located {
        Located::Sealed(credential) => (*credential, Vec::new()),
        Located::Stored { first, all } => (host.load(&first).await?, all),
    };
    let several = (allow_list.is_none() && handles.len() > 1).then_some(handles.len());
    host.note(&SELECT, Outcome::Passed);
    let answer = assertion(host, profile, &credential, client_data_hash, flags, several).await?;
    if several.is_some() {
        session.assertions = Some(RememberedAssertions {
            channel: from,
            client_data_hash: *client_data_hash,
            handles,
            counter: 1,
            flags,
            last: host.now(),
        });
    }
    Ok(answer)
}

/// Step 4: the effective `up` and `uv`.
fn process_options(
    host: &mut impl Steps,
    state: &State,
    options: Option<&Members<'_>>,
) -> Result<(bool, bool), Denied> {
    let option = |name| options.and_then(|options| options.bool(name));
    let uv = option("uv").unwrap_or(false);
    if uv && !state.uv_configured {
        return Err(refuse(host, &OPTION_UV, Denied::UvNotConfigured));
    }
    if option("rk").is_some() {
        return Err(refuse(host, &OPTION_RK, Denied::RkUnsupported));
    }
    host.note(&OPTION_RK, Outcome::Passed);
    Ok((option("up").unwrap_or(true), uv))
}

/// Step 5. A pre-flight (`up` false) is let through without verification.
fn apply_always_uv(
    host: &mut impl Steps,
    profile: &Profile,
    state: &State,
    up: bool,
    uv: bool,
) -> Result<bool, Denied> {
    if !profile.always_verifies || !up {
        host.note(&ALWAYS_UV, Outcome::Skipped("this authenticator verifies only when asked"));
        return Ok(uv);
    }
    if !state.uv_configured {
        return Err(refuse(host, &ALWAYS_UV, Denied::NotSetUp));
    }
    host.note(&ALWAYS_UV, Outcome::Passed);
    Ok(true)
}

/// The applicable credentials.
enum Located {
    /// Stored ones: the first that answers, and all of them.
    Stored { first: CredentialId, all: Vec<Handle> },
    /// One that came inside its id.
    Sealed(Box<Credential>),
}

/// Step 7.
async fn locate(
    host: &mut impl Host,
    state: &State,
    rp_id: &str,
    allow_list: Option<&[&[u8]]>,
    flags: Flags,
) -> Result<Located, Denied> {
    let uv = flags.has(Flags::UV);
    let usable = |protection| match protection {
        Protection::Optional => true,
        Protection::OptionalWithCredentialIdList => uv || allow_list.is_some(),
        Protection::Required => uv,
    };
    let query = match allow_list {
        Some(ids) => Query::Ids { rp_id, ids },
        None => Query::Rp(rp_id),
    };
    let mut all = host.find(query).await?;
    all.retain(|handle| usable(handle.protection));
    // Step 11 leaves the choice among the listed free: the newest, as without a list.
    let located = match all.iter().max_by_key(|handle| handle.sequence) {
        Some(newest) => Some(Located::Stored { first: newest.id.clone(), all }),
        None => allow_list
            .unwrap_or_default()
            .iter()
            .filter_map(|id| sealed::open(&state.sealing_key, rp_id, id))
            .find(|credential| usable(credential.protection))
            .map(|credential| Located::Sealed(Box::new(credential))),
    };
    match located {
        Some(located) => {
            host.note(&LOCATE, Outcome::Passed);
            Ok(located)
        }
        None => Err(refuse(host, &LOCATE, Denied::NoCredentials)),
    }
}

/// Step 13, and the response.
pub(super) async fn assertion(
    host: &mut impl Host,
    profile: &Profile,
    credential: &Credential,
    client_data_hash: &[u8; 32],
    flags: Flags,
    number_of_credentials: Option<usize>,
) -> Result<Vec<u8>, Denied> {
    let sign_count = match profile.counter {
        CounterPolicy::Zero => 0,
        CounterPolicy::PerCredential => host.next_count(&credential.id).await?,
    };
    let flags = flags.with(Flags::BE, credential.backup_eligible).with(Flags::BS, credential.backed_up);
    let mut auth_data = AuthData::new(&credential.rp_id, flags, sign_count).to_bytes();
    host.shape(Piece::AuthData, &mut auth_data);
    let mut signature = credential.key.sign(&[&auth_data, client_data_hash])?;
    host.shape(Piece::Signature, &mut signature);
    host.note(&SIGN, Outcome::Chose(credential.key.algorithm().name()));

    let members = 3 + usize::from(credential.discoverable) + usize::from(number_of_credentials.is_some());
    let id = credential.id.as_bytes();
    let mut out = ok(id.len() + auth_data.len() + signature.len() + 320);
    let mut map = MapWriter::new(&GET_ASSERTION_RESPONSE, members, &mut out);
    let mut descriptor = MapWriter::new(&DESCRIPTOR, 2, map.member("credential"));
    descriptor.member("id").bytes(id);
    descriptor.member("type").text("public-key");
    map.member("authData").bytes(&auth_data);
    map.member("signature").bytes(&signature);
    if credential.discoverable {
        write_user(map.member("user"), credential, flags);
    }
    if let Some(number) = number_of_credentials {
        map.member("numberOfCredentials").uint(number as u64);
    }
    Ok(out.into_bytes())
}

/// The user entity; without verification only its id.
fn write_user(out: &mut Writer, credential: &Credential, flags: Flags) {
    let verified = flags.has(Flags::UV);
    let user = &credential.user;
    let (name, display_name) =
        (user.name.as_ref().filter(|_| verified), user.display_name.as_ref().filter(|_| verified));
    let len = 1 + usize::from(name.is_some()) + usize::from(display_name.is_some());
    let mut map = MapWriter::new(&USER, len, out);
    map.member("id").bytes(&user.id);
    if let Some(name) = name {
        map.member("name").text(name);
    }
    if let Some(display_name) = display_name {
        map.member("displayName").text(display_name);
    }
}

static READ: Step = Step {
    section: "6.2.2",
    number: "0",
    rule: "rpId and clientDataHash are there and every known member has its type",
};
static PIN_UV_AUTH: pin_uv_auth::Citations = pin_uv_auth::Citations {
    probe: Step { section: "6.2.2", number: "1", rule: "an empty pinUvAuthParam asks only for a touch" },
    protocol: Step {
        section: "6.2.2",
        number: "2",
        rule: "pinUvAuthParam needs a pinUvAuthProtocol that is supported",
    },
};
static OPTION_UV: Step = Step {
    section: "6.2.2",
    number: "4.1",
    rule: "uv true where no built-in verification is configured is INVALID_OPTION",
};
static OPTION_RK: Step =
    Step { section: "6.2.2", number: "4.2", rule: "rk, with any value, is UNSUPPORTED_OPTION" };
static LIST_LIMIT: Step = Step {
    section: "6.2.2",
    number: "4.3",
    rule: "an allowList longer than maxCredentialCountInList is refused",
};
static ALWAYS_UV: Step = Step {
    section: "6.2.2",
    number: "5",
    rule: "with alwaysUv and up true the user is verified whatever the request says",
};
static VERIFY: Step =
    Step { section: "6.2.2", number: "6", rule: "uv true verifies the user by built-in means" };
static LOCATE: Step = Step {
    section: "6.2.2",
    number: "7",
    rule: "the credentials of the allowList, or all discoverable ones, of this RP, less those whose credProtect level forbids it",
};
static PRESENCE: Step =
    Step { section: "6.2.2", number: "9", rule: "up true asks for presence, unless verification showed it" };
static SELECT: Step = Step {
    section: "6.2.2",
    number: "12",
    rule: "the newest that fits answers; several without an allowList are remembered for getNextAssertion",
};
static SIGN: Step = Step {
    section: "6.2.2",
    number: "13",
    rule: "authData ‖ clientDataHash is signed with the credential's key",
};
