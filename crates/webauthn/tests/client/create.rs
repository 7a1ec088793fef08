//! `create()`: how options become requests, and replies become responses.

use sha2::{Digest as _, Sha256};
use softhello_ctap::{Channel, Denied, HostError, Status, Transport, cbor::Reader};
use softhello_webauthn::{Client, Failure, RegistrationResponse, RelatedOriginsFile};

use crate::common::{
    Scripted, asserted, assertion_data, created, creation, descriptors, hello, hex, info, new_credential,
    refuse,
};

const UP_UV_AT: u8 = 0x45;
const AAGUID: [u8; 16] = [7; 16];

fn create(authenticator: &mut Scripted, members: &str) -> Result<RegistrationResponse, Failure> {
    let client = Client::new("https://login.example.org").expect("an origin");
    pollster::block_on(client.create(authenticator, &creation(members)))
}

fn new(flags: u8) -> Vec<u8> {
    created("none", &new_credential("login.example.org", flags, AAGUID, b"id"), &[0xa0])
}

/// The request that follows from `members`, from `options` on.
fn request_of(info: Vec<u8>, members: &str) -> String {
    let mut authenticator = Scripted::new([info, new(UP_UV_AT)]);
    create(&mut authenticator, members).expect(members);
    let asked = authenticator.asked();
    let (_, from) = asked.split_once(r#""alg": -257, "type": "public-key"}]"#).expect("both algorithms");
    from.to_owned()
}

#[test]
fn the_whole_request_is_canonical_and_complete() {
    let mut authenticator = Scripted::new([hello(), new(UP_UV_AT)]);
    let exclude = descriptors(&[b"one", b"two"]);
    let response = create(&mut authenticator, &format!(r#""excludeCredentials": {exclude},"#)).expect("new");
    let hash = hex(&Sha256::digest(response.client_data_json()));
    insta::assert_snapshot!(authenticator.asked().replace(&hash, "client data hash"), @r#"01 {1: h'client data hash', 2: {"id": "login.example.org", "name": "Example"}, 3: {"id": h'616461', "name": "ada", "displayName": "Ada"}, 4: [{"alg": -7, "type": "public-key"}, {"alg": -257, "type": "public-key"}], 5: [{"id": h'6f6e65', "type": "public-key"}, {"id": h'74776f', "type": "public-key"}], 7: {"rk": true, "uv": true}, 11: ["none"]}"#);
    assert!(authenticator.requests.iter().all(|(channel, _)| *channel == Channel::default()));
}

#[test]
fn options_become_parameters() {
    let key = |options: &[(&str, bool)]| info(options, &[]);
    let uv = key(&[("rk", true), ("uv", true)]);
    let lax = key(&[("rk", true), ("uv", true), ("makeCredUvNotRqd", true)]);
    let plain = key(&[("up", true)]);
    let certified = key(&[("rk", true), ("plat", true)]);
    let pin = key(&[("rk", true), ("clientPin", true)]);
    let enterprise = key(&[("ep", true), ("rk", true), ("uv", true)]);
    let formats = info(
        &[("rk", true), ("uv", true)],
        &[(0x16, &|out| {
            out.array(2).text("tpm").text("packed");
        })],
    );
    let select = |criteria: &str| format!(r#""authenticatorSelection": {{{criteria}}},"#);
    for (name, info, members, want) in [
        ("nothing said", &hello(), String::new(), r#"7: {"rk": true, "uv": true}, 11: ["none"]"#),
        ("nothing said to a key", &uv, String::new(), r#"7: {"uv": true}, 11: ["none"]"#),
        (
            "no rk, but Hello",
            &hello(),
            select(r#""residentKey": "discouraged""#),
            r#"7: {"rk": true, "uv": true}, 11: ["none"]"#,
        ),
        ("a plain key", &plain, String::new(), r#"11: ["none"]"#),
        ("rk", &uv, select(r#""residentKey": "required""#), r#"7: {"rk": true, "uv": true}, 11: ["none"]"#),
        (
            "older rk",
            &uv,
            select(r#""requireResidentKey": true"#),
            r#"7: {"rk": true, "uv": true}, 11: ["none"]"#,
        ),
        (
            "rk if",
            &uv,
            select(r#""residentKey": "preferred""#),
            r#"7: {"rk": true, "uv": true}, 11: ["none"]"#,
        ),
        ("rk if not", &plain, select(r#""residentKey": "preferred""#), r#"11: ["none"]"#),
        ("rk if, PIN alone", &pin, select(r#""residentKey": "preferred""#), r#"11: ["none"]"#),
        ("no uv", &lax, select(r#""userVerification": "discouraged""#), r#"11: ["none"]"#),
        (
            "uv anyway",
            &uv,
            select(r#""userVerification": "discouraged""#),
            r#"7: {"uv": true}, 11: ["none"]"#,
        ),
        (
            "certified",
            &certified,
            select(r#""userVerification": "required""#),
            r#"7: {"rk": true}, 11: ["none"]"#,
        ),
        ("direct", &uv, r#""attestation": "direct","#.into(), r#"7: {"uv": true}, 11: ["packed"]"#),
        (
            "indirect",
            &formats,
            r#""attestation": "indirect","#.into(),
            r#"7: {"uv": true}, 11: ["tpm", "packed"]"#,
        ),
        (
            "wanted formats",
            &formats,
            r#""attestation": "direct", "attestationFormats": ["packed"],"#.into(),
            r#"7: {"uv": true}, 11: ["packed", "tpm"]"#,
        ),
        (
            "wanted formats that it lacks",
            &uv,
            r#""attestation": "direct", "attestationFormats": ["tpm", "tpm"],"#.into(),
            r#"7: {"uv": true}, 11: ["tpm", "packed"]"#,
        ),
        (
            "a wish for none",
            &uv,
            r#""attestation": "direct", "attestationFormats": ["tpm", "none"],"#.into(),
            r#"7: {"uv": true}, 11: ["tpm", "none"]"#,
        ),
        (
            "enterprise",
            &enterprise,
            r#""attestation": "enterprise","#.into(),
            r#"7: {"uv": true}, 10: 2, 11: ["packed"]"#,
        ),
        (
            "enterprise, not able",
            &uv,
            r#""attestation": "enterprise","#.into(),
            r#"7: {"uv": true}, 11: ["packed"]"#,
        ),
        ("hints", &uv, r#""hints": ["security-key"],"#.into(), r#"7: {"uv": true}, 11: ["none"]"#),
        (
            "platform",
            &hello(),
            select(r#""authenticatorAttachment": "platform""#),
            r#"7: {"rk": true, "uv": true}, 11: ["none"]"#,
        ),
        (
            "unknown extension",
            &uv,
            r#""extensions": {"prf": {}},"#.into(),
            r#"7: {"uv": true}, 11: ["none"]"#,
        ),
    ] {
        assert_eq!(request_of(info.clone(), &members), format!(", {want}}}"), "{name}");
    }
}

#[test]
fn defaults_are_es256_and_rs256() {
    let mut options = creation("");
    options.pub_key_cred_params.clear();
    let mut authenticator = Scripted::new([hello(), new(UP_UV_AT)]);
    let client = Client::new("https://login.example.org")
        .expect("an origin")
        .channel(Channel { transport: Transport::Usb, id: 9 });
    pollster::block_on(client.create(&mut authenticator, &options)).expect("a credential");
    let asked = authenticator.asked();
    assert!(
        asked.contains(r#"4: [{"alg": -7, "type": "public-key"}, {"alg": -257, "type": "public-key"}]"#),
        "{asked}"
    );
    assert!(
        authenticator
            .requests
            .iter()
            .all(|(channel, _)| *channel == Channel { transport: Transport::Usb, id: 9 })
    );
}

#[test]
fn a_long_exclude_list_is_tried_without_presence_first() {
    let long = [b'x'; 33];
    let exclude = descriptors(&[b"a", b"b", b"c", b"a", &long, b"d", b"e"]);
    let members = format!(r#""excludeCredentials": {exclude},"#);
    let found = asserted(b"e", &assertion_data("login.example.org", 0), None, None);
    let mut authenticator =
        Scripted::new([hello(), refuse(Status::NoCredentials), found, refuse(Status::CredentialExcluded)]);
    let failure = create(&mut authenticator, &members).expect_err("excluded");
    insta::assert_snapshot!(
        failure,
        @"InvalidStateError: the authenticator answered CTAP2_ERR_CREDENTIAL_EXCLUDED (0x19)"
    );
    insta::assert_snapshot!(authenticator.asked(), @r#"
    02 {1: "login.example.org", 2: h'0000000000000000000000000000000000000000000000000000000000000000', 3: [{"id": h'61', "type": "public-key"}, {"id": h'62', "type": "public-key"}, {"id": h'63', "type": "public-key"}], 5: {"up": false}}
    02 {1: "login.example.org", 2: h'0000000000000000000000000000000000000000000000000000000000000000', 3: [{"id": h'64', "type": "public-key"}, {"id": h'65', "type": "public-key"}], 5: {"up": false}}
    01 {1: h'27830e31623ec9006687096f659b86fb79d66bb551ad074dd692f68cc6f6235e', 2: {"id": "login.example.org", "name": "Example"}, 3: {"id": h'616461', "name": "ada", "displayName": "Ada"}, 4: [{"alg": -7, "type": "public-key"}, {"alg": -257, "type": "public-key"}], 5: [{"id": h'65', "type": "public-key"}], 7: {"rk": true, "uv": true}, 11: ["none"]}
    "#);

    let mut authenticator =
        Scripted::new([hello(), refuse(Status::NoCredentials), refuse(Status::NoCredentials), new(UP_UV_AT)]);
    create(&mut authenticator, &members).expect("none of them is there");
    assert!(!authenticator.asked().lines().last().expect("a request").contains("5: ["));
}

#[test]
fn refusals_take_their_names() {
    for (denied, want) in [
        (Denied::UserDeclined, "NotAllowedError: the user declined"),
        (Denied::UvTimeout, "NotAllowedError: the user did not verify in time"),
        (Denied::Cancelled, "NotAllowedError: the platform cancelled the request"),
        (Denied::KeyStoreFull, "NotAllowedError: there is no room for another credential"),
        (
            Denied::CredentialExcluded,
            "InvalidStateError: a passkey of `excludeList` is on this authenticator already",
        ),
        (
            Denied::from(HostError::AlreadyRegistered { detail: "ada".to_owned() }),
            "InvalidStateError: this device is already registered: ada",
        ),
        (
            Denied::NoAlgorithm { supported: "ES256".to_owned() },
            "NotSupportedError: none of the algorithms in `pubKeyCredParams` is supported; this authenticator has ES256",
        ),
    ] {
        let status = Status::from(&denied);
        let failure = create(&mut Scripted::new([hello()]).denies(denied), "").expect_err(want);
        assert_eq!(failure.to_string(), want);
        assert_eq!(failure.status, Some(status));
        assert!(failure.cause.is_some());
        assert_eq!((failure.step.section, failure.step.number), ("5.1.3", "22.10"));
    }
}

#[test]
fn what_the_client_refuses_never_reaches_the_authenticator() {
    let options = |change: fn(&mut softhello_webauthn::CreationOptions)| {
        let mut options = creation("");
        change(&mut options);
        options
    };
    for (origin, options, want, step) in [
        (
            "https://example.org",
            options(|options| options.user.id.clear()),
            "TypeError: `user.id` has 0 bytes; it must have 1 to 64",
            "5",
        ),
        (
            "https://example.org",
            options(|options| options.user.id = vec![0; 65]),
            "TypeError: `user.id` has 65 bytes; it must have 1 to 64",
            "5",
        ),
        (
            "https://example.org",
            options(|options| options.rp.id = Some("org".to_owned())),
            "SecurityError: the RP ID `org` is a public suffix, under which anyone can register",
            "8",
        ),
        (
            "https://192.0.2.1",
            options(|_| {}),
            "SecurityError: the host of `https://192.0.2.1` is an IP address; passkeys need a domain name, as `localhost`",
            "7",
        ),
        (
            "http://example.org",
            options(|_| {}),
            "SecurityError: `http://example.org` is not a secure context; WebAuthn needs https, or http on localhost",
            "SecureContext",
        ),
        (
            "https://example.org",
            options(|options| options.pub_key_cred_params.iter_mut().for_each(|entry| entry.type_.clear())),
            "NotSupportedError: no entry of `pubKeyCredParams` is of type `public-key`",
            "10",
        ),
    ] {
        let client = Client::new(origin).expect("an origin");
        let mut authenticator = Scripted::default();
        let failure = pollster::block_on(client.create(&mut authenticator, &options)).expect_err(want);
        assert_eq!(failure.to_string(), want);
        assert_eq!(failure.step.number, step);
        assert!(authenticator.requests.is_empty(), "{want}");
    }
}

#[test]
fn authenticators_that_cannot_are_left_out() {
    let select = |criteria: &str| format!(r#""authenticatorSelection": {{{criteria}}},"#);
    let key = info(&[("up", true)], &[]);
    let not_set_up = info(&[("rk", true), ("uv", false), ("plat", true)], &[]);
    for (info, criteria, want) in [
        (
            &hello(),
            r#""authenticatorAttachment": "cross-platform""#,
            "NotAllowedError: no `cross-platform` authenticator is there; this one is `platform`",
        ),
        (
            &key,
            r#""authenticatorAttachment": "platform""#,
            "NotAllowedError: no `platform` authenticator is there; this one is `cross-platform`",
        ),
        (
            &key,
            r#""residentKey": "required""#,
            "ConstraintError: a discoverable credential is required, and the authenticator cannot make one",
        ),
        (
            &key,
            r#""userVerification": "required""#,
            "ConstraintError: user verification is required, and the authenticator cannot verify",
        ),
        (
            &not_set_up,
            r#""userVerification": "required""#,
            "ConstraintError: user verification is required, and none is set up on the authenticator",
        ),
    ] {
        let mut authenticator = Scripted::new([info.clone()]);
        let failure = create(&mut authenticator, &select(criteria)).expect_err(want);
        assert_eq!(failure.to_string(), want);
    }
    let mut authenticator = Scripted::new([hello(), new(0x41)]);
    let failure =
        create(&mut authenticator, &select(r#""userVerification": "required""#)).expect_err("no UV");
    insta::assert_snapshot!(
        failure,
        @"NotAllowedError: user verification is required, and the authenticator did not verify"
    );
}

/// `fmt` and whether `attStmt` is empty.
fn attestation(response: &RegistrationResponse) -> (String, bool) {
    let mut reader = Reader::new(response.attestation_object());
    assert_eq!(reader.map_len(), Ok(3));
    assert_eq!(reader.text(), Ok("fmt"));
    let fmt = reader.text().expect("text").to_owned();
    assert_eq!(reader.text(), Ok("attStmt"));
    (fmt, reader.item() == Ok(&[0xa0]))
}

#[test]
fn attestation_is_conveyed_as_the_relying_party_wants() {
    // {"sig": h'00'} and {"x5c": [h'00']}
    let (own, chain) =
        ([0xa1, 0x63, b's', b'i', b'g', 0x41, 0], [0xa1, 0x63, b'x', b'5', b'c', 0x81, 0x41, 0]);
    for (name, conveyance, fmt, statement, aaguid, want) in [
        ("none", "none", "packed", &own[..], AAGUID, ("none", true)),
        ("none, zero AAGUID", "none", "packed", &own, [0; 16], ("packed", false)),
        ("none, zero AAGUID, certificates", "none", "packed", &chain, [0; 16], ("none", true)),
        ("none, zero AAGUID, u2f", "none", "fido-u2f", &own, [0; 16], ("none", true)),
        ("direct", "direct", "packed", &own, AAGUID, ("packed", false)),
        ("indirect", "indirect", "packed", &chain, AAGUID, ("packed", false)),
        ("enterprise", "enterprise", "packed", &chain, AAGUID, ("packed", false)),
        ("direct, none there", "direct", "none", &[0xa0], AAGUID, ("none", true)),
    ] {
        let auth_data = new_credential("login.example.org", UP_UV_AT, aaguid, b"id");
        let mut authenticator = Scripted::new([hello(), created(fmt, &auth_data, statement)]);
        let response = create(&mut authenticator, &format!(r#""attestation": "{conveyance}","#)).expect(name);
        let (fmt, empty) = attestation(&response);
        assert_eq!((fmt.as_str(), empty), want, "{name}");
        assert_eq!(response.authenticator_data(), auth_data, "{name}: the AAGUID is kept");
    }
}

#[test]
fn cred_props_are_reported_if_asked_for() {
    let key = info(&[("rk", true), ("uv", true)], &[]);
    for (name, info, members, want) in [
        ("not asked", hello(), "", None),
        ("asked for false", hello(), r#""extensions": {"credProps": false},"#, None),
        ("platform", hello(), r#""extensions": {"credProps": true},"#, Some(true)),
        (
            "platform without rk",
            info(&[("plat", true)], &[]),
            r#""extensions": {"credProps": true},"#,
            Some(false),
        ),
        ("key without rk", key.clone(), r#""extensions": {"credProps": true},"#, Some(false)),
        (
            "key with rk",
            key,
            r#""extensions": {"credProps": true}, "authenticatorSelection": {"residentKey": "required"},"#,
            Some(true),
        ),
    ] {
        let response = create(&mut Scripted::new([info, new(UP_UV_AT)]), members).expect(name);
        let properties = response.client_extension_results().cred_props;
        assert_eq!(properties.map(|properties| properties.rk), want, "{name}");
    }
}

#[test]
fn transports_are_sorted_and_unique() {
    for (info, want) in [
        (hello(), &["internal"][..]),
        (info(&[("plat", true)], &[]), &["internal"]),
        (info(&[], &[]), &[]),
        (
            info(
                &[],
                &[(9, &|out| {
                    out.array(3).text("usb").text("nfc").text("usb");
                })],
            ),
            &["nfc", "usb"],
        ),
    ] {
        let response = create(&mut Scripted::new([info, new(UP_UV_AT)]), "").expect("a credential");
        assert_eq!(response.transports(), want);
    }
}

#[test]
fn the_response_has_the_members_that_browsers_give() {
    let mut authenticator = Scripted::new([hello(), new(UP_UV_AT)]);
    let response = create(&mut authenticator, r#""extensions": {"credProps": true},"#).expect("a credential");
    insta::assert_snapshot!(serde_json::to_string_pretty(&response).expect("JSON"), @r#"
    {
      "id": "aWQ",
      "rawId": "aWQ",
      "response": {
        "attestationObject": "o2NmbXRkbm9uZWdhdHRTdG10oGhhdXRoRGF0YViGW0CvCwVka1JQUtYZOmrz-_MQqfCPVBcPFHul7troRrtFAAAAAAcHBwcHBwcHBwcHBwcHBwcAAmlkpQECAyYgASFYIBERERERERERERERERERERERERERERERERERERERERERIlggIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiI",
        "authenticatorData": "W0CvCwVka1JQUtYZOmrz-_MQqfCPVBcPFHul7troRrtFAAAAAAcHBwcHBwcHBwcHBwcHBwcAAmlkpQECAyYgASFYIBERERERERERERERERERERERERERERERERERERERERERIlggIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiI",
        "clientDataJSON": "eyJ0eXBlIjoid2ViYXV0aG4uY3JlYXRlIiwiY2hhbGxlbmdlIjoiQUFFQyIsIm9yaWdpbiI6Imh0dHBzOi8vbG9naW4uZXhhbXBsZS5vcmciLCJjcm9zc09yaWdpbiI6ZmFsc2V9",
        "publicKey": "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEEREREREREREREREREREREREREREREREREREREREREREiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIg",
        "publicKeyAlgorithm": -7,
        "transports": [
          "internal"
        ]
      },
      "type": "public-key",
      "clientExtensionResults": {
        "credProps": {
          "rk": true
        }
      },
      "authenticatorAttachment": "platform"
    }
    "#);
    assert_eq!(response.to_json(), serde_json::to_string(&response).expect("JSON"));
}

#[test]
fn related_origins_let_another_site_use_an_rp_id() {
    let mut options = creation("");
    options.rp.id = Some("example.com".to_owned());
    let client = Client::new("https://example.org").expect("an origin");
    let created = created("none", &new_credential("example.com", UP_UV_AT, AAGUID, b"id"), &[0xa0]);
    let file = RelatedOriginsFile::new(r#"{"origins": ["https://example.org"]}"#);
    let related = client.clone().related_origins(file);
    pollster::block_on(related.create(&mut Scripted::new([hello(), created]), &options)).expect("related");
    let unrelated = client.clone().related_origins(RelatedOriginsFile::new(r#"{"origins": []}"#));
    let mut nothing = Scripted::default();
    insta::assert_snapshot!(
        pollster::block_on(unrelated.create(&mut nothing, &options)).expect_err("unrelated"),
        @"SecurityError: `https://example.com/.well-known/webauthn` does not name `https://example.org` among the origins that may use the RP ID `example.com`"
    );
    insta::assert_snapshot!(
        pollster::block_on(client.create(&mut nothing, &options)).expect_err("no fetcher"),
        @"SecurityError: the RP ID `example.com` is neither the domain of `https://example.org` nor a parent domain of it"
    );
}

#[test]
fn ceremonies_can_move_between_threads() {
    fn is_send<T: Send>(future: T) -> T {
        future
    }
    let client = Client::new("https://login.example.org").expect("an origin");
    let mut authenticator = Scripted::new([hello(), new(UP_UV_AT)]);
    let options = creation("");
    pollster::block_on(is_send(client.create(&mut authenticator, &options))).expect("a credential");
}
