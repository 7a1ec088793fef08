//! Inputs to begin with.

use sha2::{Digest as _, Sha256};
use softhello_ctap::api;
use softhello_windows::scenario::built_in;

use crate::{
    bench::{Bench, RP_ID, Request, array, boolean, bytes, hello, map, raw_map, security_key, text, uint},
    framings, replies,
};

/// Valid inputs of every target, to begin with: target, name, bytes.
pub fn seeds() -> Vec<(&'static str, &'static str, Vec<u8>)> {
    let (make, get) = (Request::make_credential, Request::get_assertion);
    let formats = make().formats(&["none", "packed"]).algorithms(&[-8, -257, -7]);
    let excluding =
        make().list(&[&[1; 32], &[2; 16]]).option("rk", true).option("uv", true).option("up", true);
    let transports =
        map(&[("id", bytes(&[1])), ("type", text("public-key")), ("transports", array(&[text("usb")]))]);
    let creations = [
        ("minimal", make()),
        ("formats", formats),
        ("excluding", excluding),
        ("transports", make().descriptors(&[transports])),
        ("enterprise", make().with(0x0a, uint(1))),
        ("pin", make().with(0x08, bytes(&[0; 16])).with(0x09, uint(1))),
        ("extensions", make().with(0x06, map(&[("credProtect", uint(3))]))),
    ];
    let assertions = [
        ("minimal", get()),
        ("listed", get().list(&[&[1; 32], &[2; 16]])),
        ("pre-flight", get().option("up", false).option("uv", true)),
        ("empty-list", get().descriptors(&[])),
        ("pin", get().with(0x06, bytes(&[0; 16])).with(0x07, uint(1))),
    ];
    let one = |request: &Request| [&[0, 4][..], &request.bytes()[1..]].concat();
    let session = |which: u8, messages: &[Message]| {
        let message = |(permissions, request): &Message| {
            let len = u8::try_from(request.len()).expect("seeds are short");
            [&[4, 0, 1, *permissions, len][..], request].concat()
        };
        [vec![which], messages.iter().flat_map(message).collect()].concat()
    };
    let several = |requests: &[Vec<u8>]| {
        session(1, &requests.iter().map(|request| (0, request.clone())).collect::<Vec<_>>())
    };
    // `explain` finds out by itself what these are.
    let unasked = |bytes: &[u8]| [&[8], bytes].concat();
    let mut seeds = Vec::new();
    for (name, request) in &creations {
        seeds.push(("make_credential", *name, one(request)));
        seeds.push(("cbor", *name, request.bytes()[1..].to_vec()));
        seeds.push(("explain", *name, unasked(&request.bytes())));
    }
    for (name, request) in &assertions {
        seeds.push(("get_assertion", *name, one(request)));
    }
    let rk = make().option("rk", true).bytes();
    seeds.push((
        "command",
        "creation-and-sequence",
        several(&[rk.clone(), get().bytes(), vec![8], vec![8], vec![8]]),
    ));
    seeds.push(("command", "reset-and-creation", several(&[vec![7], rk, get().bytes()])));
    seeds.push(("command", "others", several(&[vec![4], vec![0x0b], vec![6], vec![]])));
    for (name, messages) in authenticated() {
        seeds.push(("command", name, session(3, &messages)));
    }
    let version = vec![0, 3, 0, 0, 0, 0, 0];
    let register = [&[0, 1, 0, 0, 0, 0, 64][..], &[7; 64], &[0, 0]].concat();
    seeds.push(("command", "u2f", several(&[version.clone(), register.clone()])));
    for (name, bytes) in framings::seeds(&[make().bytes(), get().bytes()], &[version, register]) {
        seeds.push((if name.starts_with("card") { "card" } else { "hid" }, name, bytes));
    }
    for (name, request) in [("creation", make()), ("assertion", get())] {
        seeds.push((
            "explain",
            name,
            unasked(&Bench::new(hello()).passkey("ada").send(&request.bytes()).response),
        ));
    }
    let created = Bench::new(security_key()).create(&make());
    seeds.push(("explain", "authenticator-data", unasked(&created.auth_data_bytes)));
    seeds.push((
        "explain",
        "attestation-object",
        unasked(&softhello_ctap::attestation_object(
            &created.fmt,
            &created.att_stmt,
            &created.auth_data_bytes,
        )),
    ));
    for (name, json) in [("creation", CREATION), ("request", REQUEST)] {
        seeds.push(("client_options", name, json.as_bytes().to_vec()));
    }
    for (name, bytes) in replies::seeds() {
        seeds.push(("client_replies", name, bytes));
    }
    for (name, kind, text) in [
        ("scenario", 0, built_in::text("graph-policy").unwrap_or_default()),
        ("scenario-of-a-managed-computer", 0, built_in::text("where-credentials-sign-in").unwrap_or_default()),
        ("graph", 1, GRAPH),
        ("events", 2, EVENTS),
        ("why", 3, "0x8009000f"),
    ] {
        seeds.push(("windows_files", name, [&[kind], text.as_bytes()].concat()));
    }
    seeds
}

const GRAPH: &str = r#"{"id":"Fido2","state":"enabled","isSelfServiceRegistrationAllowed":true,"includeTargets":[{"targetType":"group","id":"all_users","allowedPasskeyProfiles":["00000000-0000-0000-0000-000000000001"]}],"excludeTargets":[],"passkeyProfiles":[{"id":"00000000-0000-0000-0000-000000000001","name":"Default passkey profile","passkeyTypes":"deviceBound,synced","attestationEnforcement":"disabled","keyRestrictions":{"isEnforced":true,"enforcementType":"allow","aaGuids":["6028b017-b1d4-4c02-b4b3-afcdafc96bb2"]}}]}"#;

const EVENTS: &str = r#"<Events><Event xmlns="http://schemas.microsoft.com/win/2004/08/events/event"><System><Provider Name="Microsoft-Windows-WebAuthN"/><EventID>1022</EventID><TimeCreated SystemTime="2026-07-15T09:00:20.000Z"/><Channel>Microsoft-Windows-WebAuthN/Operational</Channel></System><EventData><Data Name="TransactionId">{1}</Data><Data Name="Error">0x8009000F</Data><Data Name="HResult">Object already exists &amp; so on.</Data></EventData></Event></Events>"#;

/// The permissions of the token that authenticates it, and the request.
type Message = (u8, Vec<u8>);

/// Sessions in which a token authenticates, with their names.
fn authenticated() -> Vec<(&'static str, Vec<Message>)> {
    let subcommand = |command, key, number| Request::new(command).with(key, uint(number));
    let management = |number| (4, subcommand(api::CREDENTIAL_MANAGEMENT, 1, number).bytes());
    let of_rp = subcommand(api::CREDENTIAL_MANAGEMENT, 1, 4)
        .with(2, raw_map(&[(uint(1), bytes(&Sha256::digest(RP_ID)))]));
    let bio = |number| subcommand(api::BIO_ENROLLMENT, 2, number).with(1, uint(1));
    let sample = raw_map(&[(uint(1), bytes(&[0xf1])), (uint(3), uint(10_000))]);
    let name = raw_map(&[(uint(1), bytes(&[0xf1])), (uint(2), text("thumb"))]);
    let config = |number| subcommand(api::CONFIG, 1, number);
    let min = raw_map(&[(uint(1), uint(6)), (uint(2), array(&[text(RP_ID)])), (uint(3), boolean(true))]);
    let array = [&[0x80][..], &Sha256::digest([0x80])[..16]].concat();
    let blobs = Request::new(api::LARGE_BLOBS);
    let rk = || Request::make_credential().option("rk", true);
    let extensions = [
        ("credBlob", bytes(&[1; 8])),
        ("credProtect", uint(2)),
        ("hmac-secret", boolean(true)),
        ("largeBlobKey", boolean(true)),
        ("minPinLength", boolean(true)),
        ("thirdPartyPayment", boolean(true)),
    ];
    vec![
        ("management", vec![management(1), management(2), management(3), (4, of_rp.bytes()), management(5)]),
        (
            "bio-enrollment",
            vec![
                (8, bio(1).bytes()),
                (8, bio(2).with(3, sample).bytes()),
                (8, bio(4).bytes()),
                (8, bio(5).with(3, name).bytes()),
            ],
        ),
        (
            "config",
            vec![
                (32, config(1).bytes()),
                (32, config(2).bytes()),
                (32, config(3).with(2, min).bytes()),
                (32, config(4).bytes()),
            ],
        ),
        (
            "large-blobs",
            vec![
                (16, blobs.clone().with(2, bytes(&array)).with(3, uint(0)).with(4, uint(17)).bytes()),
                (0, blobs.with(1, uint(100)).with(3, uint(0)).bytes()),
            ],
        ),
        (
            "pins",
            vec![(1, b"\x0687654321".to_vec()), (0, Request::new(api::CLIENT_PIN).with(2, uint(1)).bytes())],
        ),
        (
            "extensions",
            vec![
                (1, rk().extensions(&extensions).bytes()),
                (2, Request::get_assertion().extensions(&[("credBlob", boolean(true))]).bytes()),
            ],
        ),
    ]
}

const CREATION: &str = r#"{"publicKey":{"rp":{"id":"example.org","name":"An RP"},"user":{"id":"YWRh","name":"ada@example.org","displayName":"Ada"},"challenge":"AAECAwQFBgcICQoLDA0ODw","pubKeyCredParams":[{"type":"public-key","alg":-7},{"type":"public-key","alg":-257}],"timeout":60000,"excludeCredentials":[{"type":"public-key","id":"AQID","transports":["internal","usb"]}],"authenticatorSelection":{"authenticatorAttachment":"platform","residentKey":"required","requireResidentKey":true,"userVerification":"preferred"},"hints":["client-device"],"attestation":"direct","attestationFormats":["packed"],"extensions":{"credProps":true}}}"#;

const REQUEST: &str = r#"{"challenge":"AAECAwQFBgcICQoLDA0ODw","timeout":60000,"rpId":"example.org","allowCredentials":[{"type":"public-key","id":"AQID","transports":["hybrid"]}],"userVerification":"required","hints":["security-key"],"extensions":{"appid":"https://example.org/app"}}"#;
