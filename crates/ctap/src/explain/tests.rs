use insta::assert_snapshot;
use proptest::{collection::vec, prelude::*};
use uuid::Uuid;

use super::*;

use crate::{AttestedCredential, AuthData, CredentialId, Flags, cbor::Writer, cose::PublicKey};

const HELLO: Uuid = Uuid::from_u128(0x6028b017_b1d4_4c02_b4b3_afcdafc96bb2);
const CAPTURES: &str =
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../vectors/windows-hello-captures.json"));
const ANDROID_KEY: &str =
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../vectors/webauthn-l3-pr2397-android-key.json"));
const LEVEL_3: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../vectors/webauthn-l3.json"));

#[test]
fn make_credential_request() {
    let mut out = Writer::appending(vec![0x01]);
    out.map(6);
    out.uint(1).bytes(&[0xcd; 32]);
    out.uint(2).map(2).text("id").text("example.org").text("name").text("Example");
    out.uint(3).map(3).text("id").bytes(b"ada").text("name").text("ada@example.org");
    out.text("displayName").text("Ada Lovelace");
    out.uint(4).array(2);
    out.map(2).text("alg").int(-7).text("type").text("public-key");
    out.map(2).text("alg").int(-257).text("type").text("public-key");
    out.uint(6).map(2).text("credProtect").uint(2).text("hmac-secret").bool(true);
    out.uint(7).map(1).text("rk").bool(true);
    assert_clean(Kind::Request, &out.into_bytes(), "make_credential_request");
}

#[test]
fn make_credential_response_with_packed_self_attestation() {
    let mut out = Writer::appending(vec![0x00]);
    out.map(3);
    out.uint(1).text("packed").uint(2).bytes(&registration());
    out.uint(3).map(2).text("alg").int(-7).text("sig").bytes(&[0x30; 70]);
    let kind = Kind::Response { command: Some(0x01) };
    assert_clean(kind, &out.into_bytes(), "make_credential_response");
}

#[test]
fn get_assertion_response() {
    let data = AuthData::new(
        crate::u2f::application("example.org"),
        Flags::default().with(Flags::UP | Flags::UV, true),
        7,
    );
    let mut out = Writer::appending(vec![0x00]);
    out.map(4);
    out.uint(1).map(2).text("id").bytes(&[0xc1; 16]).text("type").text("public-key");
    out.uint(2).bytes(&data.to_bytes());
    out.uint(3).bytes(&[0x30; 70]);
    out.uint(4).map(1).text("id").bytes(b"ada");
    let kind = Kind::Response { command: Some(0x02) };
    assert_clean(kind, &out.into_bytes(), "get_assertion_response");
}

#[test]
fn get_info_response() {
    let mut out = Writer::appending(vec![0x00]);
    out.map(7);
    out.uint(1).array(2).text("FIDO_2_0").text("FIDO_2_1");
    out.uint(2).array(2).text("credProtect").text("hmac-secret");
    out.uint(3).bytes(HELLO.as_bytes());
    out.uint(4)
        .map(4)
        .text("rk")
        .bool(true)
        .text("up")
        .bool(true)
        .text("uv")
        .bool(true)
        .text("plat")
        .bool(true);
    out.uint(5).uint(1200);
    out.uint(9).array(1).text("internal");
    out.uint(0x0a).array(1).map(2).text("alg").int(-257).text("type").text("public-key");
    let kind = Kind::Response { command: Some(0x04) };
    assert_clean(kind, &out.into_bytes(), "get_info_response");
}

#[test]
fn client_pin_request() {
    let mut out = Writer::appending(vec![0x06]);
    out.map(6);
    out.uint(1).uint(2).uint(2).uint(9).uint(3);
    PublicKey::Es256 { x: [0xaa; 32], y: [0xbb; 32] }.write(&mut out);
    out.uint(6).bytes(&[0xee; 32]).uint(9).uint(3).uint(0x0a).text("example.org");
    let mut bytes = out.into_bytes();
    // The label of a key agreement: ECDH-ES + HKDF-256 (-25) in place of ES256 (-7).
    let alg = bytes.windows(2).position(|pair| pair == [0x03, 0x26]).expect("the key has an algorithm");
    bytes.splice(alg + 1..alg + 2, [0x38, 0x18]);
    assert_clean(Kind::Request, &bytes, "client_pin_request");
}

#[test]
fn cose_key_of_rs256() {
    let mut out = Writer::default();
    PublicKey::Rs256 { n: vec![0xd6; 256], e: vec![1, 0, 1] }.write(&mut out);
    assert_clean(Kind::CoseKey, &out.into_bytes(), "cose_key_rs256");
}

#[test]
fn authenticator_data_with_extensions() {
    let mut extensions = Writer::default();
    extensions.map(1).text("credProtect").uint(3);
    let data = AuthData { extensions: Some(extensions.into_bytes()), ..registration_data() };
    assert_clean(Kind::AuthData, &data.to_bytes(), "auth_data_with_extensions");
}

#[test]
fn attestation_object_of_windows_hello() {
    let captures = hex_after(CAPTURES, "\"attestation_object\": \"");
    let packed = captures.iter().find(|bytes| bytes.len() == 662).expect("a packed one is recorded");
    assert_clean(Kind::AttestationObject, packed, "windows_hello_packed");
}

#[test]
fn a_cut_request_is_explained_up_to_the_cut() {
    let mut out = Writer::appending(vec![0x02]);
    out.map(3).uint(1).text("example.org").uint(2).bytes(&[0xcd; 32]);
    let mut bytes = out.into_bytes();
    bytes.truncate(bytes.len() - 12);
    let explanation = explain(&bytes);
    assert_covers(&explanation, &bytes);
    assert_snapshot!("cut_request", explanation);
}

#[test]
fn well_formed_but_not_canonical_cbor_is_shown() {
    let bytes = [
        0x01, 0xbf, 0x02, 0xa1, 0x62, b'i', b'd', 0x7f, 0x61, b'a', 0x61, b'b', 0xff, 0x18, 0x01, 0xc1, 0xf9,
        0x3e, 0x00, 0x18, 0x07, 0xf6, 0xff,
    ];
    let explanation = explain(&bytes);
    assert_covers(&explanation, &bytes);
    assert_snapshot!("not_canonical", explanation);
}

#[test]
fn every_windows_hello_capture_is_clean_but_for_one_order() {
    let captures = hex_after(CAPTURES, "\"attestation_object\": \"");
    assert_eq!(captures.len(), 17);
    let mut unclean = Vec::new();
    for bytes in &captures {
        let explanation = explain(bytes);
        assert_covers(&explanation, bytes);
        assert_eq!(explanation.kind, Kind::AttestationObject);
        unclean.extend(explanation.problems);
    }
    // One of them puts attStmt after authData, and ver before alg inside: two maps, each out of order.
    let texts: Vec<&str> = unclean.iter().map(|problem| problem.text.as_str()).collect();
    assert_eq!(texts, ["the map key at byte 380 is out of order", "the map key at byte 397 is out of order"]);
}

#[test]
fn every_level_3_vector_is_clean() {
    let mut objects = hex_after(LEVEL_3, "\"attestationObject\": \"");
    objects.extend(hex_after(ANDROID_KEY, "\"attestationObject\": \""));
    assert_eq!(objects.len(), 17);
    for bytes in &objects {
        let explanation = explain(bytes);
        assert_covers(&explanation, bytes);
        assert_eq!((explanation.kind, &explanation.problems), (Kind::AttestationObject, &Vec::new()));
    }
    let data = hex_after(LEVEL_3, "\"authenticatorData\": \"");
    assert_eq!(data.len(), 15);
    for bytes in &data {
        let explanation = explain(bytes);
        assert_covers(&explanation, bytes);
        assert_eq!((explanation.kind, &explanation.problems), (Kind::AuthData, &Vec::new()));
    }
}

#[test]
fn kinds_are_told_apart() {
    let response = |command| Kind::Response { command };
    for (name, bytes, want) in [
        ("nothing", &[][..], Kind::Cbor),
        ("getInfo, not INVALID_SEQ", &[0x04], Kind::Request),
        ("selection, not INVALID_CHANNEL", &[0x0b], Kind::Request),
        ("success", &[0x00], response(None)),
        ("INVALID_COMMAND, not makeCredential", &[0x01], response(None)),
        ("CREDENTIAL_EXCLUDED", &[0x19], response(None)),
        ("an empty map", &[0xa0], Kind::Cbor),
        ("pinRetries", &[0x00, 0xa1, 0x03, 0x08], response(Some(0x06))),
        ("a large-blob fragment", &[0x00, 0xa1, 0x01, 0x41, 0x80], response(Some(0x0c))),
        ("a foreign response", &[0x00, 0xa1, 0x18, 0x63, 0x08], response(None)),
        ("data after an error", &[0x30, 0xa0], response(None)),
        ("clientPIN", &[0x06, 0xa1, 0x02, 0x01], Kind::Request),
        ("a cut request", &[0x01, 0xa5, 0x01, 0x58], Kind::Request),
        ("an array", &[0x82, 0x01, 0x02], Kind::Cbor),
        (
            "a statement",
            &[0xa2, 0x63, b'a', b'l', b'g', 0x26, 0x63, b's', b'i', b'g', 0x40],
            Kind::AttestationStatement,
        ),
        ("a key", &[0xa2, 0x01, 0x02, 0x03, 0x26], Kind::CoseKey),
    ] {
        let explanation = explain(bytes);
        assert_covers(&explanation, bytes);
        assert_eq!(explanation.kind, want, "{name}");
    }
}

#[test]
fn the_other_reading_of_one_byte_is_noted() {
    assert_snapshot!(explain(&[0x04]), @"04  command: authenticatorGetInfo (0x04)  CTAP 2.3 §6.4; as a response: CTAP1_ERR_INVALID_SEQ (0x04)");
    assert_snapshot!(explain(&[0x01]), @"01  status: CTAP1_ERR_INVALID_COMMAND (0x01)  CTAP 2.3 §8.2; as a request: authenticatorMakeCredential (0x01)");
}

#[test]
fn each_broken_rule_is_named() {
    let text_of = |kind, bytes: &[u8]| {
        let explanation = explain_as(kind, bytes);
        assert_covers(&explanation, bytes);
        explanation.problems.into_iter().map(|problem| problem.text).collect::<Vec<_>>().join("; ")
    };
    let mut reserved =
        AuthData::new(crate::u2f::application("example.org"), Flags(Flags::UP | Flags::BS), 0).to_bytes();
    for (name, kind, bytes, want) in [
        ("surplus", Kind::Cbor, &[0x01, 0x02][..], "more bytes follow the end of the item at byte 1"),
        ("not minimal", Kind::Cbor, &[0x18, 0x01], "the number at byte 0 is not in its shortest form"),
        ("twice", Kind::Cbor, &[0xa2, 1, 1, 1, 1], "the map key at byte 3 stands twice"),
        ("order", Kind::Cbor, &[0xa3, 3, 1, 2, 1, 1, 1], "the map key at byte 3 is out of order"),
        ("twice, apart", Kind::Cbor, &[0xa3, 1, 1, 2, 1, 1, 1], "the map key at byte 5 stands twice"),
        ("UTF-8", Kind::Cbor, &[0x61, 0xff], "the text at byte 0 is not UTF-8"),
        ("cut", Kind::Cbor, &[0x43, 1], "the input ends inside the item at byte 0"),
        (
            "huge",
            Kind::Cbor,
            &[0xbb, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
            "the input ends inside the item at byte 0",
        ),
        ("a break", Kind::Cbor, &[0xff], "the break at byte 0 has nothing to end"),
        ("reserved", Kind::Cbor, &[0x1c], "the item at byte 0 begins with a byte that has no meaning"),
        (
            "chunk",
            Kind::Cbor,
            &[0x7f, 0x01],
            "the item at byte 0 is of a kind that canonical CTAP2 CBOR does not have: an indefinite length; the chunk at byte 1 is not a string of the same kind",
        ),
        (
            "float",
            Kind::Cbor,
            &[0xf9, 0, 0],
            "the item at byte 0 is of a kind that canonical CTAP2 CBOR does not have: a float",
        ),
        (
            "depth",
            Kind::Request,
            &[0x06, 0xa1, 0x02, 0x81, 0x81, 0x81, 0x81, 0x01],
            "`subCommand` at byte 3 is not an unsigned integer; nested deeper than 4 levels at byte 6",
        ),
        ("type", Kind::CoseKey, &[0xa2, 0x01, 0x02, 0x03, 0x60], "`alg` at byte 4 is not an integer"),
        ("missing", Kind::CoseKey, &[0xa1, 0x01, 0x02], "`alg` is missing in the map at byte 0"),
        (
            "length",
            Kind::Request,
            &[0x02, 0xa2, 0x01, 0x60, 0x02, 0x41, 0x00],
            "`clientDataHash` at byte 5 has 1 byte, not 32",
        ),
        ("no map", Kind::CoseKey, &[0x80], "the COSE_Key at byte 0 is not a map"),
        ("no command", Kind::Request, &[0x55], "0x55 at byte 0 is no command of CTAP 2.3"),
        (
            "no parameters",
            Kind::Request,
            &[0x01],
            "the parameters of authenticatorMakeCredential are missing",
        ),
        (
            "data with an error",
            Kind::Response { command: Some(0x07) },
            &[0x30, 0xa0],
            "a response with an error carries no data, but bytes follow at byte 1; authenticatorReset answers without data, but bytes follow at byte 1",
        ),
        ("short", Kind::AuthData, &[0; 3], "authenticator data ends inside `rpIdHash` at byte 0"),
        ("ends", Kind::AuthData, &[0; 32], "authenticator data ends at byte 32, before `flags`"),
        ("BS", Kind::AuthData, &reserved.clone(), "the flags at byte 32 have BS without BE"),
        ("nothing", Kind::Cbor, &[], "there are no bytes to explain"),
    ] {
        assert_eq!(text_of(kind, bytes), want, "{name}");
    }
    reserved.resize(40, 0);
    assert!(text_of(Kind::AuthData, &reserved).ends_with("more bytes follow the end of the item at byte 37"));
}

#[test]
fn input_is_bounded() {
    let deep = vec![0x81; 40];
    let explanation = explain_as(Kind::Cbor, &deep);
    assert_covers(&explanation, &deep);
    assert_eq!(explanation.problems.len(), 1, "{explanation}");

    let mut long = vec![0x9a, 0, 1, 0, 0];
    long.resize(MAX_INPUT + 100, 0xf6);
    let explanation = explain(&long);
    long.truncate(MAX_INPUT);
    assert_covers(&explanation, &long);
    assert_eq!(explanation.problems.len(), MAX_PROBLEMS + 1);
}

proptest! {
    #[test]
    fn any_bytes_are_covered(bytes in vec(any::<u8>(), 0..300)) {
        assert_covers_as_everything(&bytes);
    }

    /// Bytes that are mostly small numbers and heads of small containers, so that they nest.
    #[test]
    fn anything_like_cbor_is_covered(
        bytes in vec(prop_oneof![0_u8..4, 0x40_u8..0x44, 0x60_u8..0x64, 0x80_u8..0x84, 0xa0_u8..0xa4, any::<u8>()], 0..200),
    ) {
        assert_covers_as_everything(&bytes);
    }

    #[test]
    fn damaged_messages_are_covered(
        mut bytes in prop::sample::select(samples()),
        cut in any::<prop::sample::Index>(),
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
    ) {
        let len = bytes.len();
        if let Some(damaged) = bytes.get_mut(at.index(len)) {
            *damaged = byte;
        }
        bytes.truncate(cut.index(len * 2));
        assert_covers_as_everything(&bytes);
    }
}

fn samples() -> Vec<Vec<u8>> {
    let mut response = Writer::appending(vec![0x00]);
    response.map(3).uint(1).text("none").uint(2).bytes(&registration()).uint(3).map(0);
    let mut samples = hex_after(LEVEL_3, "\"attestationObject\": \"");
    samples.truncate(2);
    samples.extend([registration(), response.into_bytes()]);
    samples
}

fn registration_data() -> AuthData {
    let mut data = AuthData::new(
        crate::u2f::application("example.org"),
        Flags::default().with(Flags::UP | Flags::UV, true),
        0,
    );
    data.attested = Some(AttestedCredential {
        aaguid: HELLO,
        id: CredentialId::try_from(&[0xc1; 32][..]).expect("32 bytes are a credential id"),
        public_key: PublicKey::Es256 { x: [0xaa; 32], y: [0xbb; 32] },
    });
    data
}

fn registration() -> Vec<u8> {
    registration_data().to_bytes()
}

/// Every string that follows `member`, from hex.
fn hex_after(json: &str, member: &str) -> Vec<Vec<u8>> {
    let digit = |digit: u8| char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let byte = |pair: &[u8]| Some(digit(*pair.first()?)? << 4 | digit(*pair.get(1)?)?);
    json.split(member)
        .skip(1)
        .filter_map(|rest| rest.split('"').next()?.as_bytes().chunks(2).map(byte).collect())
        .collect()
}

#[track_caller]
fn assert_clean(kind: Kind, bytes: &[u8], snapshot: &str) {
    let explanation = explain(bytes);
    assert_eq!((explanation.kind, &explanation.problems), (kind, &Vec::new()));
    assert_covers(&explanation, bytes);
    assert_snapshot!(snapshot, explanation);
}

fn assert_covers_as_everything(bytes: &[u8]) {
    for kind in [
        Kind::Request,
        Kind::Response { command: None },
        Kind::Response { command: Some(0x01) },
        Kind::AuthData,
        Kind::CoseKey,
        Kind::AttestationObject,
        Kind::AttestationStatement,
        Kind::Cbor,
    ] {
        assert_covers(&explain_as(kind, bytes), bytes);
    }
    assert_covers(&explain(bytes), bytes);
}

/// Every byte stands once and in order, no node is empty, no line is wide or ends in spaces.
#[track_caller]
fn assert_covers(explanation: &Explanation, bytes: &[u8]) {
    fn gather(nodes: &[Node], joined: &mut Vec<u8>) -> usize {
        let mut count = 0;
        for node in nodes {
            assert!(!node.bytes.is_empty() && node.head <= node.bytes.len(), "{node:?}");
            assert_eq!(node.offset, joined.len());
            joined.extend_from_slice(&node.bytes);
            let words = node.label.len() + node.value.len() + node.note.as_ref().map_or(0, String::len);
            assert!(words < 2048, "{node:?}");
            count += 1 + gather(&node.children, joined);
        }
        count
    }
    let mut joined = Vec::new();
    let count = gather(&explanation.nodes, &mut joined);
    assert_eq!(joined, bytes);
    assert!(count <= bytes.len());
    for line in explanation.to_string().lines() {
        assert!(line.chars().count() <= 110 && !line.ends_with(' '), "{line:?}");
    }
}
