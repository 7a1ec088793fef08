//! `get()`: how options become requests, and replies become responses.

use sha2::{Digest as _, Sha256};
use softhello_ctap::{Denied, Status};
use softhello_webauthn::{AuthenticationResponse, Choice, Client, Failure};

use crate::common::{Scripted, asserted, assertion_data, descriptors, hello, hex, info, refuse, request};

const UP_UV: u8 = 0x05;

fn get(authenticator: &mut Scripted, members: &str) -> Result<AuthenticationResponse, Failure> {
    get_with(authenticator, members, &Choice::Newest)
}

fn get_with(
    authenticator: &mut Scripted,
    members: &str,
    choice: &Choice,
) -> Result<AuthenticationResponse, Failure> {
    let client = Client::new("https://example.org").expect("an origin");
    pollster::block_on(client.get_with(authenticator, &request(members), choice))
}

fn by(id: &[u8]) -> Vec<u8> {
    asserted(id, &assertion_data("example.org", UP_UV), Some(b"ada"), None)
}

fn first_of(id: &[u8], number: u64) -> Vec<u8> {
    asserted(id, &assertion_data("example.org", UP_UV), Some(b"ada"), Some(number))
}

#[test]
fn the_response_has_the_members_that_browsers_give() {
    let mut authenticator = Scripted::new([hello(), by(b"id")]);
    let response = get(&mut authenticator, r#""extensions": {"credProps": true},"#).expect("an assertion");
    insta::assert_snapshot!(serde_json::to_string_pretty(&response).expect("JSON"), @r#"
    {
      "id": "aWQ",
      "rawId": "aWQ",
      "response": {
        "authenticatorData": "v6vDdDKViwYzYNOtZGHJxHNa5_jt1GWSpeDwFFKy5LUFAAAAAQ",
        "clientDataJSON": "eyJ0eXBlIjoid2ViYXV0aG4uZ2V0IiwiY2hhbGxlbmdlIjoiQUFFQyIsIm9yaWdpbiI6Imh0dHBzOi8vZXhhbXBsZS5vcmciLCJjcm9zc09yaWdpbiI6ZmFsc2V9",
        "signature": "c2lnbmF0dXJl",
        "userHandle": "YWRh"
      },
      "type": "public-key",
      "clientExtensionResults": {},
      "authenticatorAttachment": "platform"
    }
    "#);
    assert_eq!(response.to_json(), serde_json::to_string(&response).expect("JSON"));
    let hash = hex(&Sha256::digest(response.client_data_json()));
    assert_eq!(authenticator.asked(), format!(r#"02 {{1: "example.org", 2: h'{hash}', 5: {{"uv": true}}}}"#));
}

#[test]
fn options_become_parameters() {
    let list = |ids: &[&[u8]]| format!(r#""allowCredentials": {},"#, descriptors(ids));
    let unlisted = info(&[("uv", true)], &[]);
    let certified = info(&[("rk", true), ("plat", true)], &[]);
    let always = info(&[("uv", true), ("alwaysUv", true)], &[]);
    for (name, info, members, want) in [
        ("nothing said", &hello(), String::new(), r#", 5: {"uv": true}}"#),
        ("no uv", &hello(), r#""userVerification": "discouraged","#.into(), "}"),
        ("no uv, alwaysUv", &always, r#""userVerification": "discouraged","#.into(), r#", 5: {"uv": true}}"#),
        ("certified", &certified, r#""userVerification": "required","#.into(), "}"),
        (
            "a list",
            &hello(),
            list(&[b"id", b"x"]),
            r#", 3: [{"id": h'6964', "type": "public-key"}, {"id": h'78', "type": "public-key"}], 5: {"uv": true}}"#,
        ),
        (
            "one",
            &unlisted,
            list(&[b"id"]),
            r#", 3: [{"id": h'6964', "type": "public-key"}], 5: {"uv": true}}"#,
        ),
    ] {
        let mut authenticator = Scripted::new([info.clone(), by(b"id")]);
        get(&mut authenticator, &members).expect(name);
        let asked = authenticator.asked();
        let hash_end = asked.rfind("', 3:").or_else(|| asked.rfind("', 5:")).or_else(|| asked.rfind("'}"));
        let (_, from) = asked.split_at(hash_end.expect("a hash") + 1);
        assert_eq!(from, want, "{name}");
    }
}

#[test]
fn a_long_allow_list_is_tried_without_presence_first() {
    let members = format!(r#""allowCredentials": {},"#, descriptors(&[b"a", b"b", b"c", b"d"]));
    let silent = asserted(b"d", &assertion_data("example.org", 0), None, None);
    let mut authenticator = Scripted::new([hello(), refuse(Status::NoCredentials), silent, by(b"d")]);
    get(&mut authenticator, &members).expect("an assertion");
    insta::assert_snapshot!(authenticator.asked(), @r#"
    02 {1: "example.org", 2: h'0000000000000000000000000000000000000000000000000000000000000000', 3: [{"id": h'61', "type": "public-key"}, {"id": h'62', "type": "public-key"}, {"id": h'63', "type": "public-key"}], 5: {"up": false}}
    02 {1: "example.org", 2: h'0000000000000000000000000000000000000000000000000000000000000000', 3: [{"id": h'64', "type": "public-key"}], 5: {"up": false}}
    02 {1: "example.org", 2: h'e55ba2e92bc038ddce1b9f916531a729b9c0a0bcbbb3e5998594775ee6690d4c', 3: [{"id": h'64', "type": "public-key"}], 5: {"uv": true}}
    "#);
    let mut authenticator =
        Scripted::new([hello(), refuse(Status::NoCredentials), refuse(Status::NoCredentials)]);
    insta::assert_snapshot!(
        get(&mut authenticator, &members).expect_err("none is there"),
        @"NotAllowedError: no credential of `allowCredentials` is on the authenticator"
    );
}

#[test]
fn the_id_of_the_only_allowed_credential_may_be_left_out() {
    let mut reply = softhello_ctap::cbor::Writer::appending(vec![0]);
    reply.map(2).int(2).bytes(&assertion_data("example.org", UP_UV)).int(3).bytes(b"signature");
    let mut authenticator = Scripted::new([hello(), reply.into_bytes()]);
    let members = format!(r#""allowCredentials": {},"#, descriptors(&[b"only"]));
    let response = get(&mut authenticator, &members).expect("an assertion");
    assert_eq!(response.credential_id(), b"only");
    assert_eq!(response.user_handle(), None);
}

#[test]
fn the_first_answers_unless_another_is_chosen() {
    let chosen = |id: &[u8]| Choice::Credential(id.to_vec());
    let mut authenticator = Scripted::new([hello(), first_of(b"new", 3)]);
    let response = get_with(&mut authenticator, "", &Choice::Newest).expect("the newest");
    assert_eq!(response.credential_id(), b"new");
    assert!(!authenticator.asked().contains("3: ["));

    let mut authenticator = Scripted::new([hello(), by(b"old")]);
    let response = get_with(&mut authenticator, "", &chosen(b"old")).expect("the chosen one");
    assert_eq!(response.credential_id(), b"old");
    assert!(authenticator.asked().contains(r#"3: [{"id": h'6f6c64', "type": "public-key"}]"#));
    for (reply, want) in [
        (
            refuse(Status::NoCredentials),
            "NotAllowedError: the authenticator answered CTAP2_ERR_NO_CREDENTIALS (0x2E)",
        ),
        (
            asserted(b"old", &assertion_data("example.org", UP_UV), None, None),
            "NotAllowedError: the chosen credential is not discoverable, and `allowCredentials` is empty",
        ),
        (
            by(b"new"),
            "UnknownError: the authenticator's reply is by a credential that the request does not allow",
        ),
    ] {
        let failure = get_with(&mut Scripted::new([hello(), reply]), "", &chosen(b"old")).expect_err(want);
        assert_eq!(failure.to_string(), want);
    }

    let members = format!(r#""allowCredentials": {},"#, descriptors(&[b"a", b"b"]));
    let mut authenticator = Scripted::new([hello(), by(b"b")]);
    get_with(&mut authenticator, &members, &chosen(b"b")).expect("an assertion");
    assert!(authenticator.asked().contains(r#"3: [{"id": h'62', "type": "public-key"}]"#));
    insta::assert_snapshot!(
        get_with(&mut Scripted::new([hello()]), &members, &chosen(b"c")).expect_err("not allowed"),
        @"NotAllowedError: the chosen credential is not in `allowCredentials`"
    );
}

#[test]
fn refusals_are_not_allowed_errors() {
    for (denied, want) in [
        (Denied::UserDeclined, "NotAllowedError: the user declined"),
        (Denied::NoCredentials, "NotAllowedError: no passkey on this authenticator fits the request"),
        (
            Denied::NotSetUp,
            "NotAllowedError: this authenticator always verifies its user, and no PIN or biometric is set up",
        ),
    ] {
        let failure = get(&mut Scripted::new([hello()]).denies(denied), "").expect_err(want);
        assert_eq!(failure.to_string(), want);
    }
}

#[test]
fn what_cannot_be_given_to_a_page_is_not() {
    let reply = |auth_data: &[u8], user: Option<&[u8]>| asserted(b"id", auth_data, user, None);
    let good = assertion_data("example.org", UP_UV);
    let allow = format!(r#""allowCredentials": {},"#, descriptors(&[b"other", b"another"]));
    let unknown_type = r#""allowCredentials": [{"type": "password", "id": "AA"}],"#;
    let too_long = format!(r#""allowCredentials": {},"#, descriptors(&[&[1; 33]]));
    let ada = Some(&b"ada"[..]);
    for (members, reply, want) in [
        (
            "",
            reply(&assertion_data("example.com", UP_UV), ada),
            "UnknownError: the authenticator's reply is for another RP ID than `example.org`",
        ),
        (
            "",
            reply(&assertion_data("example.org", 0x04), ada),
            "UnknownError: the authenticator's reply lacks the flag UP: the user was not present",
        ),
        (
            r#""userVerification": "required","#,
            reply(&assertion_data("example.org", 0x01), ada),
            "NotAllowedError: user verification is required, and the authenticator did not verify",
        ),
        (
            "",
            reply(&good, None),
            "UnknownError: the authenticator's reply lacks the user handle, which a discoverable credential has",
        ),
        (
            allow.as_str(),
            reply(&good, ada),
            "UnknownError: the authenticator's reply is by a credential that the request does not allow",
        ),
        (
            "",
            reply(&[good.as_slice(), &[0]].concat(), ada),
            "UnknownError: the authenticator's reply has authenticator data that goes on after its end",
        ),
        ("", vec![0], "UnknownError: the authenticator's reply is not canonical CBOR: the input ends inside"),
        ("", vec![], "UnknownError: the authenticator's reply is empty"),
        ("", vec![0; 70_000], "UnknownError: the authenticator's reply has 70000 bytes, more than 65536"),
        ("", vec![0, 0xa0], "UnknownError: the authenticator's reply cannot be read: `authData` is missing"),
        (unknown_type, vec![], "NotAllowedError: no entry of `allowCredentials` is of type `public-key`"),
        (
            too_long.as_str(),
            vec![],
            "NotAllowedError: no credential of `allowCredentials` is on the authenticator",
        ),
    ] {
        let failure = get(&mut Scripted::new([hello(), reply]), members).expect_err(want).to_string();
        assert!(failure.starts_with(want), "{failure}, not {want}");
    }
}
