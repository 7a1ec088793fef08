//! Authenticators that answer anything: no reply makes the client panic, and none that is broken gets through.

use proptest::prelude::*;
use softhello_webauthn::{Choice, Client, DomException};

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

proptest! {
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
