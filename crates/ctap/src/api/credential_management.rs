//! authenticatorCredentialManagement (0x0A). Source: CTAP 2.3 §6.8.

use sha2::{Digest as _, Sha256};

use super::{
    answer,
    get_assertion::write_user,
    get_info, make_credential, ok,
    pin_uv_auth::{self, Param, authorize, is_persistent},
    refuse,
};
use crate::{
    Change, ChangeSet, Channel, Credential, CredentialId, Denied, Extension, Host, HostError, Outcome,
    Permissions, Profile, Query, Session, Setting, State, Steps,
    message::{
        CREDENTIAL_MANAGEMENT, CREDENTIAL_MANAGEMENT_PARAMS, CREDENTIAL_MANAGEMENT_RESPONSE, DESCRIPTOR,
        MapBuilder, MapWriter, Members, MessageError, RP,
    },
    session::{Authorization, RememberedCredentials, RememberedRps},
    settings::drawn,
    step::steps,
};

const GET_CREDS_METADATA: u64 = 0x01;
const ENUMERATE_RPS_BEGIN: u64 = 0x02;
const ENUMERATE_RPS_GET_NEXT_RP: u64 = 0x03;
const ENUMERATE_CREDENTIALS_BEGIN: u64 = 0x04;
const ENUMERATE_CREDENTIALS_GET_NEXT_CREDENTIAL: u64 = 0x05;
const DELETE_CREDENTIAL: u64 = 0x06;
const UPDATE_USER_INFORMATION: u64 = 0x07;

/// A subcommand with its parameters, as they were authenticated.
struct Request<'a> {
    subcommand: u8,
    /// The bytes of subCommandParams as they came.
    raw_params: &'a [u8],
    params: Option<Members<'a>>,
    param: Param<'a>,
}

/// What a request may do.
struct Authorized {
    by: Authorization,
    /// The RP ID that the token is bound to.
    rp_id: Option<String>,
}

pub(super) async fn run(
    host: &mut impl Host,
    profile: &Profile,
    session: &mut Session,
    from: Channel,
    parameters: &[u8],
) -> Result<Vec<u8>, Denied> {
    let members = Members::read(&CREDENTIAL_MANAGEMENT, parameters)
        .map_err(|error| refuse(host, &READ, error.into()))?;
    let subcommand = members.uint("subCommand").unwrap_or_default();
    match subcommand {
        ENUMERATE_RPS_GET_NEXT_RP => return next_rp(host, session, from).await,
        ENUMERATE_CREDENTIALS_GET_NEXT_CREDENTIAL => {
            return next_credential(host, profile, session, from).await;
        }
        GET_CREDS_METADATA..=UPDATE_USER_INFORMATION => {}
        _ => return Err(refuse(host, &SUBCOMMAND, Denied::UnknownSubcommand(subcommand))),
    }
    host.note(&SUBCOMMAND, Outcome::Passed);
    let request = read(host, profile, &members, subcommand)?;
    let state = host.state().await?;
    let authorized = authenticate(host, session, &state, &request)?;
    match subcommand {
        GET_CREDS_METADATA => get_creds_metadata(host, profile, &authorized).await,
        ENUMERATE_RPS_BEGIN => enumerate_rps_begin(host, session, from, &authorized).await,
        ENUMERATE_CREDENTIALS_BEGIN => {
            enumerate_credentials_begin(host, profile, session, from, &request, &authorized).await
        }
        DELETE_CREDENTIAL => delete_credential(host, profile, session, &request, &authorized).await,
        _ => update_user_information(host, profile, session, &request, &authorized).await,
    }
}

/// The preamble that all authenticated subcommands share.
fn read<'a>(
    host: &mut impl Steps,
    profile: &Profile,
    members: &Members<'a>,
    subcommand: u64,
) -> Result<Request<'a>, Denied> {
    let Some(param) = members.bytes("pinUvAuthParam") else {
        return Err(refuse(host, &PUAT, Denied::PuatRequired));
    };
    let raw_params = members.raw("subCommandParams").unwrap_or_default();
    let params = members
        .raw("subCommandParams")
        .map(|map| Members::read(&CREDENTIAL_MANAGEMENT_PARAMS, map))
        .transpose()
        .map_err(|error| refuse(host, &MANDATORY, error.into()))?;
    let mandatory: &[&str] = match subcommand {
        ENUMERATE_CREDENTIALS_BEGIN => &["rpIDHash"],
        DELETE_CREDENTIAL => &["credentialID"],
        UPDATE_USER_INFORMATION => &["credentialID", "user"],
        _ => &[],
    };
    let absent = |name: &&&str| params.as_ref().and_then(|params| params.raw(name)).is_none();
    if let Some(name) = mandatory.iter().find(absent) {
        let error = MessageError::Missing { member: format!("subCommandParams.{name}") };
        return Err(refuse(host, &MANDATORY, error.into()));
    }
    let protocol = pin_uv_auth::protocol(host, &MANDATORY, profile, members)?;
    host.note(&MANDATORY, Outcome::Passed);
    let subcommand = subcommand.to_le_bytes()[0];
    Ok(Request { subcommand, raw_params, params, param: Param { protocol, param } })
}

/// By the persistent token, where it may read, or by a token with `cm`.
fn authenticate(
    host: &mut impl Steps,
    session: &mut Session,
    state: &State,
    request: &Request<'_>,
) -> Result<Authorized, Denied> {
    let message: &[&[u8]] = match u64::from(request.subcommand) {
        GET_CREDS_METADATA | ENUMERATE_RPS_BEGIN => &[&[request.subcommand]],
        _ => &[&[request.subcommand], request.raw_params],
    };
    let reads = u64::from(request.subcommand) <= ENUMERATE_CREDENTIALS_BEGIN;
    if reads && is_persistent(state, request.param, message) {
        host.note(&PERSISTENT, Outcome::Passed);
        return Ok(Authorized { by: Authorization::Persistent, rp_id: None });
    }
    host.note(&PERSISTENT, Outcome::Skipped("it is not by the persistent token"));
    let token = authorize(host, &VERIFY, session, request.param, message, Permissions::CM)?;
    host.note(&VERIFY, Outcome::Passed);
    Ok(Authorized { by: Authorization::Token(token.id), rp_id: token.rp_id.clone() })
}

/// A token that is bound to an RP ID sees nothing of others.
fn check_rp_id(host: &mut impl Steps, authorized: &Authorized, matches: bool) -> Result<(), Denied> {
    if authorized.rp_id.is_some() && !matches {
        return Err(refuse(host, &RP_ID, Denied::TokenOfOtherRp));
    }
    host.note(&RP_ID, Outcome::Passed);
    Ok(())
}

async fn get_creds_metadata(
    host: &mut impl Host,
    profile: &Profile,
    authorized: &Authorized,
) -> Result<Vec<u8>, Denied> {
    check_rp_id(host, authorized, false)?;
    let stored = host.find(Query::Discoverable).await?.len();
    host.note(&METADATA, Outcome::Passed);
    let mut map = MapBuilder::new(&CREDENTIAL_MANAGEMENT_RESPONSE);
    map.member("existingResidentCredentialsCount").uint(stored as u64);
    let remaining = get_info::remaining(profile.max_credentials.unwrap_or(u32::MAX), stored);
    map.member("maxPossibleRemainingResidentCredentialsCount").uint(remaining);
    Ok(answer(map))
}

async fn enumerate_rps_begin(
    host: &mut impl Host,
    session: &mut Session,
    from: Channel,
    authorized: &Authorized,
) -> Result<Vec<u8>, Denied> {
    check_rp_id(host, authorized, false)?;
    // Newest first, so that the oldest is the last and is told first.
    let mut rp_ids: Vec<String> = Vec::new();
    for handle in host.find(Query::Discoverable).await? {
        let rp_id = host.load(&handle.id).await?.rp_id;
        rp_ids.retain(|known| *known != rp_id);
        rp_ids.push(rp_id);
    }
    let total = rp_ids.len();
    let Some(first) = rp_ids.pop() else {
        return Err(refuse(host, &RPS, Denied::NoCredentials));
    };
    host.note(&RPS, Outcome::Passed);
    session.rps =
        Some(RememberedRps { channel: from, authorization: authorized.by, rp_ids, last: host.now() });
    Ok(rp(&first, Some(total)))
}

async fn next_rp(host: &mut impl Host, session: &mut Session, from: Channel) -> Result<Vec<u8>, Denied> {
    let now = host.now();
    let settings = host.state().await?.settings;
    let remembered = session.rps.take_if(|remembered| remembered.channel == from);
    let live = remembered
        .filter(|remembered| session.goes_on(remembered.last, now, remembered.authorization, &settings));
    let Some((mut remembered, next)) = live.and_then(|mut remembered| {
        let next = remembered.rp_ids.pop()?;
        Some((remembered, next))
    }) else {
        return Err(refuse(host, &NEXT_RP, Denied::NoSequence));
    };
    host.note(&NEXT_RP, Outcome::Passed);
    remembered.last = now;
    session.rps = Some(remembered);
    Ok(rp(&next, None))
}

fn rp(rp_id: &str, total: Option<usize>) -> Vec<u8> {
    let mut map = MapBuilder::new(&CREDENTIAL_MANAGEMENT_RESPONSE);
    let mut entity = MapWriter::new(&RP, 1, map.member("rp"));
    entity.member("id").text(rp_id);
    map.member("rpIDHash").bytes(&Sha256::digest(rp_id));
    if let Some(total) = total {
        map.member("totalRPs").uint(total as u64);
    }
    answer(map)
}

async fn enumerate_credentials_begin(
    host: &mut impl Host,
    profile: &Profile,
    session: &mut Session,
    from: Channel,
    request: &Request<'_>,
    authorized: &Authorized,
) -> Result<Vec<u8>, Denied> {
    let hash = request.params.as_ref().and_then(|params| params.bytes("rpIDHash")).unwrap_or_default();
    let is_of_token = authorized.rp_id.as_ref().is_some_and(|rp_id| Sha256::digest(rp_id).as_slice() == hash);
    check_rp_id(host, authorized, is_of_token)?;
    // Newest first, so that the oldest is the last and is told first.
    let mut found = Vec::new();
    for handle in host.find(Query::Discoverable).await? {
        let credential = host.load(&handle.id).await?;
        if Sha256::digest(&credential.rp_id).as_slice() == hash {
            found.push(credential);
        }
    }
    let total = found.len();
    let Some(first) = found.pop() else {
        return Err(refuse(host, &CREDENTIALS, Denied::NoCredentials));
    };
    host.note(&CREDENTIALS, Outcome::Passed);
    session.credentials = Some(RememberedCredentials {
        channel: from,
        authorization: authorized.by,
        ids: found.into_iter().map(|credential| credential.id).collect(),
        last: host.now(),
    });
    Ok(credential(profile, &first, Some(total)))
}

async fn next_credential(
    host: &mut impl Host,
    profile: &Profile,
    session: &mut Session,
    from: Channel,
) -> Result<Vec<u8>, Denied> {
    let now = host.now();
    let settings = host.state().await?.settings;
    let remembered = session.credentials.take_if(|remembered| remembered.channel == from);
    let live = remembered
        .filter(|remembered| session.goes_on(remembered.last, now, remembered.authorization, &settings));
    let Some((mut remembered, next)) = live.and_then(|mut remembered| {
        let next = remembered.ids.pop()?;
        Some((remembered, next))
    }) else {
        return Err(refuse(host, &NEXT_CREDENTIAL, Denied::NoSequence));
    };
    let next = match host.load(&next).await {
        // Deleted from outside since: the walk is over.
        Err(HostError::Missing) => return Err(refuse(host, &NEXT_CREDENTIAL, Denied::NoSequence)),
        other => other?,
    };
    host.note(&NEXT_CREDENTIAL, Outcome::Passed);
    remembered.last = now;
    session.credentials = Some(remembered);
    Ok(credential(profile, &next, None))
}

fn credential(profile: &Profile, credential: &Credential, total: Option<usize>) -> Vec<u8> {
    let mut map = MapBuilder::new(&CREDENTIAL_MANAGEMENT_RESPONSE);
    write_user(map.member("user"), &credential.user, true);
    let mut descriptor = MapWriter::new(&DESCRIPTOR, 2, map.member("credentialID"));
    descriptor.member("id").bytes(credential.id.as_bytes());
    descriptor.member("type").text("public-key");
    credential.key.public_key().write(map.member("publicKey"));
    if let Some(total) = total {
        map.member("totalCredentials").uint(total as u64);
    }
    map.member("credProtect").uint(credential.protection as u64);
    if let Some(key) = &credential.extensions.large_blob_key {
        map.member("largeBlobKey").bytes(&key.0);
    }
    if profile.has(Extension::ThirdPartyPayment) {
        map.member("thirdPartyPayment").bool(credential.extensions.third_party_payment);
    }
    answer(map)
}

/// The discoverable credential that `credentialID` names.
async fn named(
    host: &mut impl Host,
    request: &Request<'_>,
    authorized: &Authorized,
) -> Result<Credential, Denied> {
    let descriptor = request.params.as_ref().and_then(|params| params.table("credentialID"));
    let id = descriptor.as_ref().and_then(|descriptor| descriptor.bytes("id")).unwrap_or_default();
    let mut found = None;
    if let Ok(id) = CredentialId::try_from(id) {
        let stored = host.find(Query::Discoverable).await?;
        if stored.iter().any(|handle| handle.id == id) {
            found = Some(host.load(&id).await?);
        }
    }
    let is_of_token = found.as_ref().is_some_and(|found| authorized.rp_id.as_ref() == Some(&found.rp_id));
    check_rp_id(host, authorized, is_of_token)?;
    match found {
        Some(credential) => {
            host.note(&NAMED, Outcome::Passed);
            Ok(credential)
        }
        None => Err(refuse(host, &NAMED, Denied::NoCredentials)),
    }
}

async fn delete_credential(
    host: &mut impl Host,
    profile: &Profile,
    session: &mut Session,
    request: &Request<'_>,
    authorized: &Authorized,
) -> Result<Vec<u8>, Denied> {
    let credential = named(host, request, authorized).await?;
    commit(host, profile, session, Change::Delete(credential.id)).await?;
    host.note(&DELETE, Outcome::Passed);
    Ok(ok(1).into_bytes())
}

async fn update_user_information(
    host: &mut impl Host,
    profile: &Profile,
    session: &mut Session,
    request: &Request<'_>,
    authorized: &Authorized,
) -> Result<Vec<u8>, Denied> {
    let mut credential = named(host, request, authorized).await?;
    let user = request.params.as_ref().and_then(|params| params.table("user"));
    let text = |name| user.as_ref().and_then(|user| user.text(name)).filter(|text| !text.is_empty());
    let id = user.as_ref().and_then(|user| user.bytes("id")).unwrap_or_default();
    if id != credential.user.id {
        return Err(refuse(host, &SAME_USER, Denied::OtherUser));
    }
    host.note(&SAME_USER, Outcome::Passed);
    credential.user.name = text("name").map(make_credential::truncated);
    credential.user.display_name = text("displayName").map(make_credential::truncated);
    commit(host, profile, session, Change::Update(Box::new(credential))).await?;
    host.note(&UPDATE, Outcome::Passed);
    Ok(ok(1).into_bytes())
}

/// A change of the discoverable credentials draws a new credential store state, and ends every walk over them.
async fn commit(
    host: &mut impl Host,
    profile: &Profile,
    session: &mut Session,
    change: Change,
) -> Result<(), Denied> {
    let mut changes = ChangeSet::one(change);
    if profile.per_cred_mgmt_ro {
        changes.0.push(Change::Set(Setting::CredStoreState(drawn(&mut |out| host.random(out)))));
    }
    host.commit(changes).await?;
    session.rps = None;
    session.credentials = None;
    Ok(())
}

steps! {
    READ = "6.8" "0" "subCommand is there and every known member has its type";
    SUBCOMMAND = "6.8" "1" "a subcommand that does not exist is INVALID_SUBCOMMAND";
    PUAT = "6.8" "2" "without pinUvAuthParam it is PUAT_REQUIRED, also where no PIN is set";
    MANDATORY = "6.8" "3" "the mandatory parameters are there and the protocol is supported";
    PERSISTENT = "6.8" "4" "what only reads may be authenticated by the persistent token with pcmr";
    VERIFY = "6.8" "5" "pinUvAuthParam authenticates the subcommand and its parameters, with a token that has cm";
    RP_ID = "6.8" "6" "a token that is bound to an RP ID may see and change what belongs to it, and nothing else";
    METADATA = "6.8.2" "1" "how many discoverable credentials there are, and how many more fit";
    RPS = "6.8.3" "1" "the first RP and how many there are; without any it is NO_CREDENTIALS";
    NEXT_RP = "6.8.3" "2" "only after enumerateRPsBegin on the same channel, in time, with RPs left and its token in use";
    CREDENTIALS = "6.8.4" "1" "the RP's first credential and how many there are; without any it is NO_CREDENTIALS";
    NEXT_CREDENTIAL = "6.8.4" "2" "only after enumerateCredentialsBegin on the same channel, in time, with credentials left and its token in use";
    NAMED = "6.8.5" "1" "credentialID names a discoverable credential, else NO_CREDENTIALS";
    DELETE = "6.8.5" "2" "the credential is deleted with its blob";
    SAME_USER = "6.8.6" "1" "user.id is the credential's, else INVALID_PARAMETER";
    UPDATE = "6.8.6" "2" "name and displayName are replaced; absent or empty ones are removed";
}
