//! authenticatorCredentialManagement. CTAP 2.3 §6.8.

use std::time::Duration;

use sha2::{Digest as _, Sha256};
use softhello_ctap::{
    Channel, Extension, LargeBlobKey, Permissions, Profile, Protection, Setting, Status, Transport, User,
    Version, api,
    message::{CREDENTIAL_MANAGEMENT_RESPONSE, DESCRIPTOR, Members, RP, USER},
};

use crate::{
    bench::{
        Bench, Call, PIN, Platform, Point, RP_ID, Reply, Request, Token, broken_store, bytes, descriptor,
        full_key, map, raw_map, text, uint,
    },
    refusals::{assert_refused, assert_refused_by, refusal},
};

const METADATA: u64 = 1;
const RPS_BEGIN: u64 = 2;
const NEXT_RP: u64 = 3;
const CREDENTIALS_BEGIN: u64 = 4;
const NEXT_CREDENTIAL: u64 = 5;
const DELETE: u64 = 6;
const UPDATE: u64 = 7;

const OTHER_RP: &str = "other.example";

/// Two credentials of example.org, then one of another RP; one that is sealed into its id is not among them.
fn bench() -> Bench {
    let mut bench = Bench::new(full_key()).with_pin().passkey("ada").passkey("bob");
    bench.keep(OTHER_RP, "eve", Protection::Required, true);
    bench.keep(OTHER_RP, "listed", Protection::Optional, false);
    bench
}

fn empty() -> Bench {
    Bench::new(full_key()).with_pin()
}

fn request(subcommand: u64) -> Request {
    Request::new(api::CREDENTIAL_MANAGEMENT).with(1, uint(subcommand))
}

fn credentials_of(rp_id: &str) -> Request {
    request(CREDENTIALS_BEGIN).with(2, raw_map(&[(uint(1), bytes(&Sha256::digest(rp_id)))]))
}

fn delete(id: &[u8]) -> Request {
    request(DELETE).with(2, raw_map(&[(uint(2), descriptor(id, "public-key"))]))
}

fn update(id: &[u8], user: Vec<u8>) -> Request {
    request(UPDATE).with(2, raw_map(&[(uint(2), descriptor(id, "public-key")), (uint(3), user)]))
}

fn user(id: &str, name: Option<&str>, display_name: Option<&str>) -> Vec<u8> {
    let mut members = vec![("id", bytes(id.as_bytes()))];
    members.extend(name.map(|name| ("name", text(name))));
    members.extend(display_name.map(|name| ("displayName", text(name))));
    map(&members)
}

/// `request`, authenticated by a token with `cm`.
fn managed(bench: &mut Bench, request: Request) -> Request {
    bench.token(Permissions::CM, None).authorize(request)
}

fn id_of(bench: &Bench, user: &str) -> Vec<u8> {
    let stored = bench.host.credentials.iter().find(|stored| stored.credential.user.id == user.as_bytes());
    stored.unwrap().credential.id.as_bytes().to_vec()
}

fn stored(bench: &Bench, user: &str) -> User {
    let stored = bench.host.credentials.iter().find(|stored| stored.credential.user.id == user.as_bytes());
    stored.unwrap().credential.user.clone()
}

/// The RP ID of an entry and the number of RPs.
fn rp(reply: &Reply) -> (String, Option<u64>) {
    let members = reply.members(&CREDENTIAL_MANAGEMENT_RESPONSE);
    let id = Members::read(&RP, members.raw("rp").unwrap()).unwrap().text("id").unwrap().to_owned();
    assert_eq!(members.bytes("rpIDHash").unwrap(), Sha256::digest(&id).as_slice());
    (id, members.uint("totalRPs"))
}

/// The user id of an entry and the number of credentials.
fn credential(reply: &Reply) -> (String, Option<u64>) {
    let members = reply.members(&CREDENTIAL_MANAGEMENT_RESPONSE);
    let user = Members::read(&USER, members.raw("user").unwrap()).unwrap();
    let id = String::from_utf8(user.bytes("id").unwrap().to_vec()).unwrap();
    assert_eq!(user.text("name").unwrap(), format!("{id}@{RP_ID}"));
    assert_eq!(user.text("displayName").unwrap(), format!("The great {id}"));
    (id, members.uint("totalCredentials"))
}

/// The persistent token, with its permission.
fn persistent(bench: &mut Bench) -> Token {
    let platform = Platform::agree(bench, bench.profile.pin_uv_auth_protocols[0]);
    let reply = bench.send(&platform.token_using_pin(PIN, Permissions::PCMR, None).bytes());
    platform.token(&reply)
}

#[test]
fn refusals() {
    let authenticated = [METADATA, RPS_BEGIN, CREDENTIALS_BEGIN, DELETE, UPDATE];
    let whole = |subcommand| match subcommand {
        CREDENTIALS_BEGIN => credentials_of(RP_ID),
        DELETE => delete(&[1; 32]),
        UPDATE => update(&[1; 32], user("ada", None, None)),
        other => request(other),
    };
    let mut rows = vec![
        refusal(
            "6.8 0 no subCommand",
            bench(),
            |_| Request::new(api::CREDENTIAL_MANAGEMENT),
            Status::MissingParameter,
            "Message",
        ),
        refusal(
            "6.8 0 subCommand as text",
            bench(),
            |_| request(1).with(1, text("1")),
            Status::CborUnexpectedType,
            "Message",
        ),
        refusal(
            "6.8 1 subcommand 0",
            bench(),
            |_| request(0),
            Status::InvalidSubcommand,
            "UnknownSubcommand",
        ),
        refusal(
            "6.8 1 subcommand 8",
            bench(),
            |_| request(8),
            Status::InvalidSubcommand,
            "UnknownSubcommand",
        ),
        refusal(
            "6.8 3 enumerateCredentialsBegin without rpIDHash",
            bench(),
            |bench| managed(bench, request(CREDENTIALS_BEGIN).with(2, raw_map(&[]))),
            Status::MissingParameter,
            "Message",
        ),
        refusal(
            "6.8 3 deleteCredential without credentialID",
            bench(),
            |bench| managed(bench, request(DELETE).with(2, raw_map(&[]))),
            Status::MissingParameter,
            "Message",
        ),
        refusal(
            "6.8 3 updateUserInformation without user",
            bench(),
            |bench| {
                managed(bench, request(UPDATE).with(2, raw_map(&[(uint(2), descriptor(&[1], "public-key"))])))
            },
            Status::MissingParameter,
            "Message",
        ),
        refusal(
            "6.8 3 updateUserInformation without credentialID",
            bench(),
            |bench| managed(bench, request(UPDATE).with(2, raw_map(&[(uint(3), user("ada", None, None))]))),
            Status::MissingParameter,
            "Message",
        ),
        refusal(
            "6.8 3 rpIDHash of another type",
            bench(),
            |bench| managed(bench, request(CREDENTIALS_BEGIN).with(2, raw_map(&[(uint(1), text("x"))]))),
            Status::CborUnexpectedType,
            "Message",
        ),
        refusal(
            "6.8 3 rpIDHash of another length",
            bench(),
            |bench| {
                managed(bench, request(CREDENTIALS_BEGIN).with(2, raw_map(&[(uint(1), bytes(&[1; 31]))])))
            },
            Status::InvalidLength,
            "Message",
        ),
        refusal(
            "6.8.3 1 no credential",
            empty(),
            |bench| managed(bench, request(RPS_BEGIN)),
            Status::NoCredentials,
            "NoCredentials",
        ),
        refusal(
            "6.8.3 2 without enumerateRPsBegin",
            bench(),
            |_| request(NEXT_RP),
            Status::NotAllowed,
            "NoSequence",
        ),
        refusal(
            "6.8.4 1 no credential of this RP",
            bench(),
            |bench| managed(bench, credentials_of("nobody.example")),
            Status::NoCredentials,
            "NoCredentials",
        ),
        refusal(
            "6.8.4 1 no credential",
            empty(),
            |bench| managed(bench, credentials_of(RP_ID)),
            Status::NoCredentials,
            "NoCredentials",
        ),
        refusal(
            "6.8.4 2 without enumerateCredentialsBegin",
            bench(),
            |_| request(NEXT_CREDENTIAL),
            Status::NotAllowed,
            "NoSequence",
        ),
        refusal(
            "6.8.5 1 an unknown credential",
            bench(),
            |bench| managed(bench, delete(&[1; 32])),
            Status::NoCredentials,
            "NoCredentials",
        ),
        refusal(
            "6.8.5 1 an id that none can be",
            bench(),
            |bench| managed(bench, delete(&[])),
            Status::NoCredentials,
            "NoCredentials",
        ),
        refusal(
            "6.8.5 1 one that is not discoverable",
            bench(),
            |bench| {
                let id = id_of(bench, "listed");
                managed(bench, delete(&id))
            },
            Status::NoCredentials,
            "NoCredentials",
        ),
        refusal(
            "6.8.5 1 an update of an unknown credential",
            bench(),
            |bench| managed(bench, update(&[1; 32], user("ada", None, None))),
            Status::NoCredentials,
            "NoCredentials",
        ),
        refusal(
            "6.8.6 1 another user",
            bench(),
            |bench| {
                let id = id_of(bench, "ada");
                managed(bench, update(&id, user("bob", Some("Bob"), None)))
            },
            Status::InvalidParameter,
            "OtherUser",
        ),
    ];
    let names = |what: &str| -> &'static str { Box::leak(what.to_owned().into_boxed_str()) };
    for subcommand in authenticated {
        let row = |step: &str, what: &str| names(&format!("6.8 {step} {what}, subcommand {subcommand}"));
        rows.push(refusal(
            row("2", "no pinUvAuthParam"),
            bench(),
            move |_| whole(subcommand),
            Status::PuatRequired,
            "PuatRequired",
        ));
        rows.push(refusal(
            row("2", "no pinUvAuthParam and no PIN"),
            Bench::new(full_key()).without_uv(),
            move |_| whole(subcommand),
            Status::PuatRequired,
            "PuatRequired",
        ));
        rows.push(refusal(
            row("3", "no pinUvAuthProtocol"),
            bench(),
            move |bench| managed(bench, whole(subcommand)).without(3),
            Status::MissingParameter,
            "ProtocolMissing",
        ));
        rows.push(refusal(
            row("3", "an unknown pinUvAuthProtocol"),
            bench(),
            move |bench| managed(bench, whole(subcommand)).with(3, uint(3)),
            Status::InvalidParameter,
            "ProtocolUnsupported",
        ));
        rows.push(refusal(
            row("5", "no token"),
            bench(),
            move |_| whole(subcommand).with(3, uint(2)).with(4, bytes(&[0; 32])),
            Status::PinAuthInvalid,
            "NoToken",
        ));
        rows.push(refusal(
            row("5", "another pinUvAuthParam"),
            bench(),
            move |bench| managed(bench, whole(subcommand)).with(4, bytes(&[0; 32])),
            Status::PinAuthInvalid,
            "PinUvAuthParamWrong",
        ));
        rows.push(refusal(
            row("5", "half a pinUvAuthParam"),
            bench(),
            move |bench| {
                let request = managed(bench, whole(subcommand));
                let param = request.member(4).unwrap()[2..18].to_vec();
                request.with(4, bytes(&param))
            },
            Status::PinAuthInvalid,
            "PinUvAuthParamWrong",
        ));
        rows.push(refusal(
            row("5", "a token for something else"),
            bench(),
            move |bench| {
                bench
                    .token(Permissions::ACFG.with(Permissions::LBW).with(Permissions::BE), None)
                    .authorize(whole(subcommand))
            },
            Status::PinAuthInvalid,
            "PermissionMissing",
        ));
        rows.push(refusal(
            row("6", "a token of another RP"),
            bench(),
            move |bench| bench.token(Permissions::CM, Some("third.example")).authorize(whole(subcommand)),
            Status::PinAuthInvalid,
            "TokenOfOtherRp",
        ));
    }
    for subcommand in [DELETE, UPDATE] {
        rows.push(refusal(
            names(&format!("6.8 5 the persistent token for subcommand {subcommand}")),
            bench(),
            move |bench| persistent(bench).authorize(whole(subcommand)),
            Status::PinAuthInvalid,
            "NoToken",
        ));
    }
    assert_refused(rows);
}

/// getCredsMetadata and enumerateRPsBegin have no parameters, and what is sent as such is not authenticated.
#[test]
fn what_has_no_parameters_is_authenticated_without() {
    for subcommand in [METADATA, RPS_BEGIN] {
        let mut bench = bench();
        let token = bench.token(Permissions::CM, None);
        let number = u8::try_from(subcommand).unwrap();
        let with_params = request(subcommand).with(2, raw_map(&[(uint(1), bytes(&[7; 32]))]));
        let reply = bench.send(&token.over(with_params, &[number]).bytes());
        assert_eq!(reply.status(), Status::Ok, "{subcommand}");
    }
}

#[test]
fn metadata() {
    for (name, mut bench, want) in [("three", bench(), (3, 2)), ("none", empty(), (0, 5))] {
        let request = managed(&mut bench, request(METADATA));
        let reply = bench.send(&request.bytes());
        let members = reply.members(&CREDENTIAL_MANAGEMENT_RESPONSE);
        let got = ["existingResidentCredentialsCount", "maxPossibleRemainingResidentCredentialsCount"]
            .map(|name| members.uint(name).unwrap());
        assert_eq!(got, [want.0, want.1], "{name}");
    }
}

#[test]
fn a_walk_over_all_rps_and_their_credentials() {
    let mut bench = bench();
    let token = bench.token(Permissions::CM, None);
    // The older RP first, and of each RP the older credential. The walks stand beside each other.
    let first = bench.send(&token.authorize(request(RPS_BEGIN)).bytes());
    assert_eq!(rp(&first), (RP_ID.to_owned(), Some(2)));
    let ada = bench.send(&token.authorize(credentials_of(RP_ID)).bytes());
    assert_eq!(credential(&ada), ("ada".to_owned(), Some(2)));
    let bob = bench.send(&request(NEXT_CREDENTIAL).bytes());
    assert_eq!(credential(&bob), ("bob".to_owned(), None));
    let end = bench.send(&request(NEXT_CREDENTIAL).bytes());
    assert_refused_by(&end, "6.8.4 2 all were told", Status::NotAllowed, "NoSequence");
    let second = bench.send(&request(NEXT_RP).bytes());
    assert_eq!(rp(&second), (OTHER_RP.to_owned(), None));
    let end = bench.send(&request(NEXT_RP).bytes());
    assert_refused_by(&end, "6.8.3 2 all were told", Status::NotAllowed, "NoSequence");
    // What was at its end is not begun again by itself.
    assert_eq!(bench.send(&request(NEXT_RP).bytes()).status(), Status::NotAllowed);
    let again = bench.send(&token.authorize(request(RPS_BEGIN)).bytes());
    assert_eq!(rp(&again).1, Some(2));
}

#[test]
fn an_entry_holds_all_that_is_known() {
    let mut bench = bench();
    let eve = bench.host.credentials.iter_mut().find(|stored| stored.credential.user.id == b"eve").unwrap();
    eve.credential.extensions.large_blob_key = Some(LargeBlobKey([5; 32]));
    eve.credential.extensions.third_party_payment = true;
    eve.credential.user.name = None;
    let id = eve.credential.id.as_bytes().to_vec();
    let key = eve.credential.key.public_key();
    let request = managed(&mut bench, credentials_of(OTHER_RP));
    let reply = bench.send(&request.bytes());
    let members = reply.members(&CREDENTIAL_MANAGEMENT_RESPONSE);
    let descriptor = Members::read(&DESCRIPTOR, members.raw("credentialID").unwrap()).unwrap();
    assert_eq!((descriptor.bytes("id"), descriptor.text("type")), (Some(&id[..]), Some("public-key")));
    let mut out = softhello_ctap::cbor::Writer::default();
    key.write(&mut out);
    assert_eq!(members.raw("publicKey").unwrap(), out.into_bytes());
    assert_eq!(members.uint("credProtect"), Some(3));
    assert_eq!(members.bytes("largeBlobKey"), Some(&[5; 32][..]));
    assert_eq!(members.bool("thirdPartyPayment"), Some(true));
    assert_eq!(Members::read(&USER, members.raw("user").unwrap()).unwrap().text("name"), None);

    let ada = managed(&mut bench, credentials_of(RP_ID));
    let reply = bench.send(&ada.bytes());
    let members = reply.members(&CREDENTIAL_MANAGEMENT_RESPONSE);
    assert_eq!((members.uint("credProtect"), members.raw("largeBlobKey")), (Some(1), None));
    assert_eq!(members.bool("thirdPartyPayment"), Some(false));
    // Without the extension nothing is said of payments.
    let mut profile = full_key();
    profile.extensions.retain(|extension| *extension != Extension::ThirdPartyPayment);
    let mut bench = Bench::new(profile).with_pin().passkey("ada");
    let request = managed(&mut bench, credentials_of(RP_ID));
    let reply = bench.send(&request.bytes());
    assert_eq!(reply.members(&CREDENTIAL_MANAGEMENT_RESPONSE).raw("thirdPartyPayment"), None);
}

/// What begins the walk over RPs, and over credentials; and what goes on with it.
const WALKS: [(u64, &str); 2] = [(NEXT_RP, "6.8.3 2"), (NEXT_CREDENTIAL, "6.8.4 2")];

fn begin(token: &Token, next: u64) -> Request {
    token.authorize(if next == NEXT_RP { request(RPS_BEGIN) } else { credentials_of(RP_ID) })
}

#[test]
fn a_credential_that_was_deleted_from_outside_ends_the_walk() {
    let mut bench = bench();
    let token = bench.token(Permissions::CM, None);
    assert_eq!(bench.send(&begin(&token, NEXT_CREDENTIAL).bytes()).status(), Status::Ok);
    bench.host.credentials.clear();
    let reply = bench.send(&request(NEXT_CREDENTIAL).bytes());
    assert_refused_by(&reply, "6.8.4 2 deleted from outside", Status::NotAllowed, "NoSequence");
}

#[test]
fn what_ends_a_walk() {
    for (next, step) in WALKS {
        for (name, disturb) in [
            ("another command", (|bench| drop(bench.send(&[api::GET_INFO]))) as fn(&mut Bench)),
            ("an unknown command", |bench| drop(bench.send(&[0x55]))),
            ("30 seconds", |bench| bench.advance(Duration::from_millis(30_001))),
            ("a power cycle", Bench::power_cycle),
            ("another channel", |bench| bench.channel = Channel { transport: Transport::Usb, id: 2 }),
            ("a deletion", |bench| {
                let id = id_of(bench, "bob");
                let request = managed(bench, delete(&id));
                assert_eq!(bench.send(&request.bytes()).status(), Status::Ok);
            }),
        ] {
            let mut bench = bench();
            let token = bench.token(Permissions::CM, None);
            assert_eq!(bench.send(&begin(&token, next).bytes()).status(), Status::Ok);
            disturb(&mut bench);
            let reply = bench.send(&request(next).bytes());
            assert_refused_by(&reply, &format!("{step} after {name}"), Status::NotAllowed, "NoSequence");
        }
        // In time, and each time anew.
        let mut bench = bench().passkey("cid").passkey("dan");
        bench.keep("third.example", "fay", Protection::Optional, true);
        let token = bench.token(Permissions::CM, None);
        assert_eq!(bench.send(&begin(&token, next).bytes()).status(), Status::Ok);
        for _ in 0..2 {
            bench.advance(Duration::from_secs(30));
            assert_eq!(bench.send(&request(next).bytes()).status(), Status::Ok, "{step}");
        }
    }
}

#[test]
fn a_walk_ends_with_its_token() {
    for (next, step) in WALKS {
        // Begun in the token's last seconds.
        let mut bench = bench();
        let token = bench.token(Permissions::CM, None);
        for _ in 0..21 {
            bench.advance(Duration::from_secs(28));
            assert_eq!(bench.send(&begin(&token, next).bytes()).status(), Status::Ok);
        }
        bench.advance(Duration::from_secs(13));
        let reply = bench.send(&request(next).bytes());
        assert_refused_by(&reply, &format!("{step} without its token"), Status::NotAllowed, "NoSequence");
        // The persistent token's walk does not end with a token in use, but with its permission.
        let mut bench = self::bench();
        let token = persistent(&mut bench);
        assert_eq!(bench.send(&begin(&token, next).bytes()).status(), Status::Ok);
        bench.advance(Duration::from_secs(30));
        let reset = softhello_ctap::PersistentToken { value: [1; 32], read_only_management: false };
        let mut ended = bench.set(Setting::PersistentToken(reset));
        let reply = ended.send(&request(next).bytes());
        assert_refused_by(&reply, &format!("{step} without permission"), Status::NotAllowed, "NoSequence");
    }
}

#[test]
fn the_persistent_token_reads() {
    let mut bench = bench();
    let token = persistent(&mut bench);
    bench.power_cycle();
    bench.advance(Duration::from_secs(86_400));
    for request in [request(METADATA), request(RPS_BEGIN), credentials_of(RP_ID)] {
        assert_eq!(bench.send(&token.authorize(request).bytes()).status(), Status::Ok);
    }
    // With both protocols, and not without its permission.
    let one = Token { protocol: softhello_ctap::PinUvAuthProtocol::One, ..token.clone() };
    assert_eq!(bench.send(&one.authorize(request(METADATA)).bytes()).status(), Status::Ok);
    bench.host.state.settings.persistent_token.as_mut().unwrap().read_only_management = false;
    let reply = bench.send(&token.authorize(request(METADATA)).bytes());
    assert_refused_by(&reply, "6.8 5 without its permission", Status::PinAuthInvalid, "NoToken");
}

#[test]
fn a_token_of_an_rp_sees_and_changes_what_belongs_to_it() {
    let mut bench = bench();
    let (ada, eve) = (id_of(&bench, "ada"), id_of(&bench, "eve"));
    let token = bench.token(Permissions::CM, Some(RP_ID));
    for (name, request, want) in [
        ("metadata", request(METADATA), Status::PinAuthInvalid),
        ("all RPs", request(RPS_BEGIN), Status::PinAuthInvalid),
        ("its credentials", credentials_of(RP_ID), Status::Ok),
        ("others' credentials", credentials_of(OTHER_RP), Status::PinAuthInvalid),
        ("others' deletion", delete(&eve), Status::PinAuthInvalid),
        ("an unknown one's deletion", delete(&[1; 32]), Status::PinAuthInvalid),
        ("others' names", update(&eve, user("eve", None, None)), Status::PinAuthInvalid),
        ("its names", update(&ada, user("ada", None, None)), Status::Ok),
        ("its deletion", delete(&ada), Status::Ok),
    ] {
        assert_eq!(bench.send(&token.authorize(request).bytes()).status(), want, "{name}");
    }
}

#[test]
fn delete_credential() {
    let mut bench = bench();
    let (id, state) = (id_of(&bench, "ada"), bench.settings().cred_store_state);
    let request = managed(&mut bench, delete(&id));
    let reply = bench.send(&request.bytes());
    assert_eq!(reply.response, [0]);
    assert_eq!(reply.effects().len(), 2);
    assert!(reply.calls.contains(&Call::Delete));
    assert_ne!(bench.settings().cred_store_state, state, "a new credential store state");
    assert!(bench.host.credentials.iter().all(|stored| stored.credential.user.id != b"ada"));
    assert_eq!(bench.host.credentials.len(), 3);
    let reply = bench.send(&request.bytes());
    assert_refused_by(&reply, "6.8.5 1 a second time", Status::NoCredentials, "NoCredentials");
}

#[test]
fn update_user_information() {
    let long = "ö".repeat(200);
    for (name, name_given, display_given, want_name, want_display) in [
        ("both", Some("new"), Some("The new"), Some("new".to_owned()), Some("The new".to_owned())),
        ("an absent one is removed", Some("new"), None, Some("new".to_owned()), None),
        ("an empty one is removed", Some(""), Some("The new"), None, Some("The new".to_owned())),
        ("a long one is cut at a character", Some(&*long), None, Some("ö".repeat(128)), None),
    ] {
        let mut bench = bench();
        let (id, state) = (id_of(&bench, "ada"), bench.settings().cred_store_state);
        let before = bench.host.credentials[0].credential.clone();
        let request = managed(&mut bench, update(&id, user("ada", name_given, display_given)));
        assert_eq!(bench.send(&request.bytes()).response, [0], "{name}");
        let after = stored(&bench, "ada");
        assert_eq!((after.name, after.display_name), (want_name, want_display), "{name}");
        assert_ne!(bench.settings().cred_store_state, state, "{name}");
        let now = bench.host.credentials[0].credential.clone();
        assert_eq!((now.key, now.id, now.created), (before.key, before.id, before.created), "{name}");
    }
}

#[test]
fn without_the_persistent_token_there_is_no_store_state() {
    let profile = Profile { per_cred_mgmt_ro: false, ..full_key() };
    let mut bench = Bench::new(profile).with_pin().passkey("ada");
    let id = id_of(&bench, "ada");
    let request = managed(&mut bench, delete(&id));
    assert_eq!(bench.send(&request.bytes()).effects(), [Call::Delete]);
    assert_eq!(bench.settings().cred_store_state, None);
}

#[test]
fn a_token_is_not_used_up_by_management() {
    let mut bench = bench();
    let token = bench.token(Permissions::CM, None);
    for _ in 0..3 {
        assert_eq!(bench.send(&token.authorize(request(METADATA)).bytes()).status(), Status::Ok);
    }
}

#[test]
fn the_prototype_is_the_command_that_it_became() {
    let preview = |mut request: Vec<u8>| {
        request[0] = api::CREDENTIAL_MANAGEMENT_PREVIEW;
        request
    };
    let mut profile = full_key();
    let mut without = Bench::new(profile.clone()).with_pin();
    let reply = without.send(&preview(request(METADATA).bytes()));
    assert_refused_by(&reply, "8.1 1 without FIDO_2_1_PRE", Status::InvalidCommand, "UnknownCommand");
    let taken = Profile { prototype_commands: true, ..profile.clone() };
    let reply = Bench::new(taken).with_pin().send(&preview(request(METADATA).bytes()));
    assert_eq!(reply.status(), Status::PuatRequired);
    profile.versions.push(Version::Fido21Pre);
    let mut bench = Bench::new(profile).with_pin().passkey("ada").passkey("bob");
    let token = bench.token(Permissions::CM, None);
    let first = bench.send(&preview(token.authorize(credentials_of(RP_ID)).bytes()));
    assert_eq!(credential(&first).1, Some(2));
    assert_eq!(credential(&bench.send(&preview(request(NEXT_CREDENTIAL).bytes()))).0, "bob");
}

#[test]
fn a_failing_store() {
    for (name, point, request) in [
        ("the state", Point::State, request(METADATA)),
        ("the search", Point::Find, request(METADATA)),
        ("an RP's credential", Point::Load, request(RPS_BEGIN)),
        ("a credential", Point::Load, credentials_of(RP_ID)),
        ("the search for one", Point::Find, delete(&[1; 32])),
    ] {
        let mut bench = bench();
        let request = managed(&mut bench, request);
        let mut bench = bench.fail(point, broken_store());
        let reply = bench.send(&request.bytes());
        assert_eq!((reply.status(), reply.reason()), (Status::CtapOther, "Host"), "{name}");
        reply.assert_noted(name);
    }
    let mut bench = bench();
    let id = id_of(&bench, "ada");
    let request = managed(&mut bench, delete(&id));
    let mut bench = bench.fail(Point::Commit, broken_store());
    assert_eq!(bench.send(&request.bytes()).status(), Status::CtapOther);
    assert_eq!(bench.host.credentials.len(), 4);
}
