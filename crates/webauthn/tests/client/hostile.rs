//! Authenticators that answer anything: no reply makes the client panic, and none that is broken gets through.

use proptest::prelude::*;
use softhello_ctap::{KeyAgreement, cbor::Writer};
use softhello_webauthn::{Choice, Client, DomException, PinHash};

use crate::common::{
    Scripted, asserted, assertion_data, created, creation, descriptors, hello, new_credential, request,
};

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), 0..200)
}

/// A good reply with one byte changed, some cut off, or some put behind.
fn damaged(reply: Vec<u8>) -> impl Strategy<Value = Vec<u8>> {
    let len = reply.len();
    (0..len, any::<u8>(), 0..=len, prop::collection::vec(any::<u8>(), 0..3)).prop_map(
        move |(at, byte, keep, more)| {
            let mut reply = reply.clone();
            if let Some(place) = reply.get_mut(at) {
                *place = byte;
            }
            reply.truncate(if keep % 2 == 0 { len } else { keep });
            reply.extend(more);
            reply
        },
    )
}

fn make(replies: [Vec<u8>; 3]) {
    let client = Client::new("https://example.org").expect("an origin");
    let exclude =
        format!(r#""attestation": "direct", "excludeCredentials": {},"#, descriptors(&[b"a", b"b"]));
    let result = pollster::block_on(client.create(&mut Scripted::new(replies), &creation(&exclude)));
    if let Ok(response) = result {
        assert!(!response.credential_id().is_empty());
        assert!(response.to_json().starts_with('{'));
    }
}

fn assert_with(replies: [Vec<u8>; 3]) {
    let client = Client::new("https://example.org").expect("an origin");
    let choice = Choice::Credential(b"two".to_vec());
    let list = format!(r#""allowCredentials": {},"#, descriptors(&[b"one", b"two"]));
    for (members, choice) in
        [("", Choice::Newest), ("", choice.clone()), (&list, choice), (&list, Choice::Newest)]
    {
        let mut authenticator = Scripted::new(replies.clone());
        let result = pollster::block_on(client.get_with(&mut authenticator, &request(members), &choice));
        if let Ok(response) = result {
            assert!(choice == Choice::Newest || response.credential_id() == b"two");
            assert!(response.to_json().starts_with('{'));
        }
    }
}

/// Speaks to a security key that leaves its PIN to the platform, about everything that needs a shared secret: getInfo,
/// getPINRetries, getKeyAgreement and a token; getKeyAgreement again; the command; the large-blob array.
fn with_a_pin(replies: [Vec<u8>; 8]) {
    let client = Client::new("https://example.org").expect("an origin").pin_entry(PinHash::of("1234"));
    let prf = r#""prf": {"eval": {"first": "AA", "second": "AQ"}}, "largeBlob""#;
    let options = creation(&format!(
        r#""authenticatorSelection": {{"residentKey": "required"}}, "attestation": "direct",
           "extensions": {{{prf}: {{"support": "required"}}, "credBlob": "AA", "minPinLength": true}},"#
    ));
    let _ = pollster::block_on(client.create(&mut Scripted::new(replies.clone()), &options));
    let list = descriptors(&[b"one"]);
    let options = request(&format!(
        r#""allowCredentials": {list}, "extensions": {{{prf}: {{"read": true}}, "getCredBlob": true}},"#
    ));
    if let Ok(response) = pollster::block_on(client.get(&mut Scripted::new(replies), &options)) {
        assert!(response.to_json().starts_with('{'));
    }
}

/// getInfo of a security key that can do all this.
fn key() -> Vec<u8> {
    let extensions = ["credBlob", "hmac-secret", "largeBlobKey", "minPinLength", "hmac-secret-mc"];
    let options = ["rk", "clientPin", "largeBlobs", "pinUvAuthToken"];
    let mut out = Writer::appending(vec![0]);
    out.map(5).int(1).array(1).text("FIDO_2_3");
    out.int(2).array(extensions.len());
    for extension in extensions {
        out.text(extension);
    }
    out.int(3).bytes(&[7; 16]);
    out.int(4).map(options.len());
    for option in options {
        out.text(option).bool(true);
    }
    out.int(6).array(1).int(2);
    out.into_bytes()
}

fn retries() -> Vec<u8> {
    let mut out = Writer::appending(vec![0]);
    out.map(1).int(3).int(8);
    out.into_bytes()
}

fn key_agreement() -> Vec<u8> {
    let mut out = Writer::appending(vec![0]);
    KeyAgreement::from_bytes(&[7; 32]).expect("a key").public_key().write(out.map(1).int(1));
    out.into_bytes()
}

fn bytes_in(key: i64, len: usize) -> Vec<u8> {
    let mut out = Writer::appending(vec![0]);
    out.map(1).int(key).bytes(&vec![3; len]);
    out.into_bytes()
}

/// An assertion with outputs of extensions and a large-blob key.
fn extended() -> Vec<u8> {
    let mut auth_data = assertion_data("example.org", 0x85);
    let mut extensions = Writer::default();
    extensions.map(2).text("credBlob").bytes(b"b").text("hmac-secret").bytes(&[5; 80]);
    auth_data.extend(extensions.into_bytes());
    let mut out = Writer::appending(vec![0]);
    out.map(4).int(1).map(2).text("id").bytes(b"one").text("type").text("public-key");
    out.int(2).bytes(&auth_data).int(3).bytes(b"s").int(7).bytes(&[9; 32]);
    out.into_bytes()
}

#[test]
fn the_undamaged_replies_get_through() {
    let client = Client::new("https://example.org").expect("an origin").pin_entry(PinHash::of("1234"));
    let options = request(&format!(
        r#""allowCredentials": {}, "extensions": {{"prf": {{"eval": {{"first": "AA", "second": "AQ"}}}},
           "largeBlob": {{"read": true}}, "getCredBlob": true}},"#,
        descriptors(&[b"one"])
    ));
    let replies =
        [key(), retries(), key_agreement(), bytes_in(2, 48), key_agreement(), extended(), bytes_in(1, 17)];
    let response =
        pollster::block_on(client.get(&mut Scripted::new(replies), &options)).expect("an assertion");
    let results = response.client_extension_results();
    assert_eq!(results.get_cred_blob.as_deref(), Some(&b"b"[..]));
    assert!(results.prf.as_ref().expect("asked for").results.is_some());
}

proptest! {
    #[test]
    fn damaged_replies_about_pins_and_extensions_do_not_panic(
        info in damaged(key()),
        retries in damaged(retries()),
        agreed in damaged(key_agreement()),
        token in damaged(bytes_in(2, 48)),
        again in damaged(key_agreement()),
        reply in prop_oneof![
            damaged(extended()),
            damaged(created("packed", &new_credential("example.org", 0x45, [7; 16], b"id"), &[0xa0])),
        ],
        array in damaged(bytes_in(1, 17)),
        broken in 0..8_usize,
    ) {
        let good = [
            key(), self::retries(), key_agreement(), bytes_in(2, 48), key_agreement(), extended(),
            bytes_in(1, 17), bytes_in(1, 0),
        ];
        let bad = [info, retries, agreed, token, again, reply, array, vec![0]];
        // One of them is broken, or all.
        let mut replies = good;
        for (at, (reply, bad)) in replies.iter_mut().zip(bad).enumerate() {
            if at == broken || broken == 7 {
                *reply = bad;
            }
        }
        with_a_pin(replies);
    }

    #[test]
    fn random_replies_do_not_panic(info in bytes(), first in bytes(), second in bytes()) {
        let ok = |reply: &[u8]| [&[0], reply].concat();
        make([ok(&info), ok(&first), ok(&second)]);
        assert_with([ok(&info), ok(&first), ok(&second)]);
        make([hello(), ok(&first), ok(&second)]);
        assert_with([hello(), ok(&first), ok(&second)]);
    }

    #[test]
    fn damaged_replies_do_not_panic(
        info in damaged(hello()),
        new in damaged(created("packed", &new_credential("example.org", 0x45, [7; 16], b"id"), &[0xa0])),
        one in damaged(asserted(b"one", &assertion_data("example.org", 5), Some(b"ada"), Some(2))),
        two in damaged(asserted(b"two", &assertion_data("example.org", 5), Some(b"ada"), None)),
    ) {
        make([info.clone(), new.clone(), new.clone()]);
        make([hello(), new.clone(), new]);
        assert_with([info, one.clone(), two.clone()]);
        assert_with([hello(), one, two]);
    }
}

#[test]
fn new_credentials_that_cannot_be_are_refused() {
    let id_of = |len: usize| vec![1; len];
    let good = new_credential("example.org", 0x45, [7; 16], b"id");
    let mut wrong_alg = good.clone();
    // The key begins 77 bytes before the end: map(5), 1: 2, 3: -7.
    let at = wrong_alg.len() - 77 + 4;
    *wrong_alg.get_mut(at).expect("inside") = 0x27;
    for (name, auth_data, want) in [
        ("no credential", assertion_data("example.org", 5), "has no attested credential data"),
        ("empty id", new_credential("example.org", 0x45, [7; 16], b""), "has a credential id of 0 bytes"),
        (
            "long id",
            new_credential("example.org", 0x45, [7; 16], &id_of(1024)),
            "has a credential id of 1024 bytes",
        ),
        ("not present", new_credential("example.org", 0x44, [7; 16], b"id"), "lacks the flag UP"),
        ("other RP", new_credential("example.com", 0x45, [7; 16], b"id"), "is for another RP ID"),
        (
            "no extensions",
            new_credential("example.org", 0xc5, [7; 16], b"id"),
            "has extension outputs that are no",
        ),
        (
            "cut off",
            good.get(..60).expect("long enough").to_vec(),
            "has a public key that is not canonical CBOR",
        ),
        ("more", [good.as_slice(), &[0xa0]].concat(), "goes on after its end"),
        ("another algorithm", wrong_alg, "has a key for the algorithm -8, which was not asked for"),
    ] {
        let client = Client::new("https://example.org").expect("an origin");
        let mut authenticator = Scripted::new([hello(), created("none", &auth_data, &[0xa0])]);
        let failure = pollster::block_on(client.create(&mut authenticator, &creation(""))).expect_err(name);
        assert_eq!(failure.name, DomException::UnknownError, "{name}");
        assert!(failure.reason.contains(want), "{name}: {failure}");
    }
}
