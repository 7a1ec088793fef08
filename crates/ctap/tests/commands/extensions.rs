//! The extensions. CTAP 2.3 §12.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use softhello_ctap::{
    CredRandom, Extension, Flags, Permissions, PinUvAuthProtocol, Profile, Setting, Status, api,
    cbor::Reader,
    message::{EXTENSIONS, Members},
};

use crate::{
    bench::{
        Asserted, Bench, Created, Platform, RP_ID, Request, array, blob_key, boolean, bytes, full_key, hello,
        int, legacy_key, map, raw_map, text, uint,
    },
    refusals::{assert_refused, refusal},
};

const ONE: PinUvAuthProtocol = PinUvAuthProtocol::One;
const TWO: PinUvAuthProtocol = PinUvAuthProtocol::Two;

/// Nothing protects it, so that `rk` and `uv` are free.
fn bench() -> Bench {
    Bench::new(full_key()).without_uv()
}

fn blobs() -> Bench {
    Bench::new(blob_key()).without_uv()
}

fn make(extensions: &[(&str, Vec<u8>)]) -> Request {
    Request::make_credential().option("rk", true).extensions(extensions)
}

/// A credential that is sealed into its id.
fn make_sealed(extensions: &[(&str, Vec<u8>)]) -> Request {
    Request::make_credential().extensions(extensions)
}

fn get(extensions: &[(&str, Vec<u8>)]) -> Request {
    Request::get_assertion().extensions(extensions)
}

fn signed<'a>(extensions: Option<&'a [u8]>, name: &str) -> Option<&'a [u8]> {
    Members::read(&EXTENSIONS, extensions?).unwrap().raw(name)
}

impl Created {
    fn signed(&self, name: &str) -> Option<&[u8]> {
        signed(self.auth_data.extensions.as_deref(), name)
    }

    fn unsigned(&self, name: &str) -> Option<&[u8]> {
        signed(self.unsigned.as_deref(), name)
    }
}

impl Asserted {
    fn signed(&self, name: &str) -> Option<&[u8]> {
        signed(self.auth_data.extensions.as_deref(), name)
    }

    fn unsigned(&self, name: &str) -> Option<&[u8]> {
        signed(self.unsigned.as_deref(), name)
    }
}

#[test]
fn refusals() {
    let salts = |bench: &mut Bench, salts: &[u8]| Platform::agree(bench, TWO).salts(salts);
    let mc = |input: Vec<u8>| make(&[("hmac-secret", boolean(true)), ("hmac-secret-mc", input)]);
    let ga = |input: Vec<u8>| get(&[("hmac-secret", input)]);
    let kept = || bench().passkey("ada");
    let mut rows = vec![
        refusal(
            "12.3 1 largeBlobKey false",
            bench(),
            |_| make(&[("largeBlobKey", boolean(false))]),
            Status::InvalidOption,
            "LargeBlobKeyFalse",
        ),
        refusal(
            "12.3 1 largeBlobKey false at an assertion",
            kept(),
            |_| get(&[("largeBlobKey", boolean(false))]),
            Status::InvalidOption,
            "LargeBlobKeyFalse",
        ),
        refusal(
            "12.3 2 largeBlobKey without rk",
            bench(),
            |_| make_sealed(&[("largeBlobKey", boolean(true))]),
            Status::InvalidOption,
            "LargeBlobKeyNeedsRk",
        ),
        refusal(
            "6.2.2 7 no credential, before largeBlobKey false",
            bench(),
            |_| get(&[("largeBlobKey", boolean(false))]),
            Status::NoCredentials,
            "NoCredentials",
        ),
        refusal(
            "12.4 2 largeBlob required without rk",
            blobs(),
            |_| make_sealed(&[("largeBlob", map(&[("support", text("required"))]))]),
            Status::LargeBlobStorageFull,
            "LargeBlobUnsupported",
        ),
        refusal(
            "12.8 1 hmac-secret-mc alone",
            bench(),
            move |bench| make(&[("hmac-secret-mc", salts(bench, &[1; 32]))]),
            Status::MissingParameter,
            "HmacSecretMcAlone",
        ),
        refusal(
            "12.8 1 hmac-secret-mc alone, before it is looked at",
            bench(),
            move |_| make(&[("hmac-secret-mc", uint(1))]),
            Status::MissingParameter,
            "HmacSecretMcAlone",
        ),
        refusal(
            "12.8 1 hmac-secret false",
            bench(),
            move |bench| make(&[("hmac-secret", boolean(false)), ("hmac-secret-mc", salts(bench, &[1; 32]))]),
            Status::MissingParameter,
            "HmacSecretMcAlone",
        ),
        refusal(
            "12.7 2 up false",
            kept(),
            move |bench| ga(salts(bench, &[1; 32])).option("up", false),
            Status::UnsupportedOption,
            "HmacSecretWithoutUp",
        ),
    ];
    let names = |what: String| -> &'static str { Box::leak(what.into_boxed_str()) };
    for (name, input) in [
        ("nothing", map(&[])),
        ("another text", map(&[("support", text("maybe"))])),
        ("another type", map(&[("support", boolean(true))])),
        ("no map", boolean(true)),
        ("one more", map(&[("more", uint(1)), ("support", text("preferred"))])),
        ("another member", map(&[("supports", text("preferred"))])),
        ("read", map(&[("read", boolean(true))])),
    ] {
        let row = names(format!("12.4 1 creation, {name}"));
        rows.push(refusal(
            row,
            blobs(),
            move |_| make(&[("largeBlob", input.clone())]),
            Status::InvalidCbor,
            "LargeBlobShape",
        ));
    }
    for (name, input) in [
        ("nothing", map(&[])),
        ("read false", map(&[("read", boolean(false))])),
        ("read as a number", map(&[("read", uint(1))])),
        (
            "read and write",
            map(&[("read", boolean(true)), ("write", bytes(&[1])), ("originalSize", uint(1))]),
        ),
        ("write without a size", map(&[("write", bytes(&[1]))])),
        ("write with another member", map(&[("write", bytes(&[1])), ("original", uint(1))])),
        ("write of text", map(&[("write", text("x")), ("originalSize", uint(1))])),
        ("write with a size as text", map(&[("write", bytes(&[1])), ("originalSize", text("1"))])),
        ("write with one more", map(&[("more", uint(1)), ("write", bytes(&[1])), ("originalSize", uint(1))])),
        ("support", map(&[("support", text("required"))])),
        ("another member", map(&[("reads", boolean(true))])),
        ("no map", bytes(&[1])),
    ] {
        let row = names(format!("12.4 1 assertion, {name}"));
        rows.push(refusal(
            row,
            blobs().passkey("ada"),
            move |_| get(&[("largeBlob", input.clone())]),
            Status::InvalidCbor,
            "LargeBlobShape",
        ));
    }
    // Both extensions read the same map, each by its own steps.
    let request = move |creation: bool, input: Vec<u8>| if creation { mc(input) } else { ga(input) };
    let edited = |input: Vec<u8>, key: u64, value: Option<Vec<u8>>| {
        let mut reader = Reader::new(&input);
        let mut pairs = Vec::new();
        for _ in 0..reader.map_len().unwrap() {
            let (key, value) = (reader.item().unwrap().to_vec(), reader.item().unwrap().to_vec());
            pairs.push((key, value));
        }
        pairs.retain(|(known, _)| *known != uint(key));
        pairs.extend(value.map(|value| (uint(key), value)));
        pairs.sort();
        raw_map(&pairs)
    };
    for (creation, members, decrypt) in [(true, "12.8 2", "12.8 3"), (false, "12.7 1", "12.7 3")] {
        let input = move |bench: &mut Bench, key: u64, value: Option<Vec<u8>>| {
            request(creation, edited(salts(bench, &[1; 32]), key, value))
        };
        for key in 1..=3 {
            rows.push(refusal(
                names(format!("{members} without {key}")),
                kept(),
                move |bench| input(bench, key, None),
                Status::MissingParameter,
                "Message",
            ));
        }
        let elsewhere = raw_map(&[
            (int(1), int(2)),
            (int(3), int(-25)),
            (int(-1), int(1)),
            (int(-2), bytes(&[9; 32])),
            (int(-3), bytes(&[9; 32])),
        ]);
        rows.extend([
            refusal(
                names(format!("{members} an unknown protocol")),
                kept(),
                move |bench| input(bench, 4, Some(uint(3))),
                Status::InvalidParameter,
                "ProtocolUnsupported",
            ),
            refusal(
                names(format!("{members} saltEnc as text")),
                kept(),
                move |bench| input(bench, 2, Some(text("x"))),
                Status::CborUnexpectedType,
                "Message",
            ),
            refusal(
                names(format!("{decrypt} a key that is no point")),
                kept(),
                move |bench| input(bench, 1, Some(elsewhere.clone())),
                Status::InvalidParameter,
                "KeyAgreement",
            ),
            refusal(
                names(format!("{decrypt} another saltAuth")),
                kept(),
                move |bench| input(bench, 3, Some(bytes(&[0; 32]))),
                Status::PinAuthInvalid,
                "SaltAuthWrong",
            ),
            refusal(
                names(format!("{decrypt} another saltEnc")),
                kept(),
                move |bench| input(bench, 2, Some(bytes(&[0; 48]))),
                Status::PinAuthInvalid,
                "SaltAuthWrong",
            ),
            refusal(
                names(format!("{decrypt} protocol one for two")),
                kept(),
                move |bench| input(bench, 4, None),
                Status::PinAuthInvalid,
                "SaltAuthWrong",
            ),
        ]);
        for len in [0, 16, 48, 80, 96] {
            rows.push(refusal(
                names(format!("{decrypt} salts of {len} bytes")),
                kept(),
                move |bench| request(creation, salts(bench, &vec![1; len])),
                Status::InvalidParameter,
                "SaltLength",
            ));
        }
        rows.push(refusal(
            names(format!("{decrypt} salts that are not whole blocks")),
            kept(),
            move |bench| {
                let platform = Platform::agree(bench, TWO);
                let salt_enc = [0x11; 47];
                let input = edited(platform.salts(&[1; 32]), 2, Some(bytes(&salt_enc)));
                request(creation, edited(input, 3, Some(bytes(&platform.authenticate(&[&salt_enc])))))
            },
            Status::InvalidParameter,
            "Salts",
        ));
    }
    // Without protocol one, hmac-secret has to name its protocol.
    let only_two =
        || Bench::new(Profile { pin_uv_auth_protocols: vec![TWO], ..full_key() }).without_uv().passkey("ada");
    rows.push(refusal(
        "12.7 1 no protocol, and one is not supported",
        only_two(),
        move |bench| ga(edited(salts(bench, &[1; 32]), 4, None)),
        Status::PinAuthInvalid,
        "HmacSecretNeedsProtocol",
    ));
    assert_refused(rows);
}

#[test]
fn inputs_of_the_wrong_type() {
    let wrong = |name: &str| match name {
        "credBlob" | "credProtect" => text("x"),
        "hmac-secret-mc" => uint(1),
        _ => bytes(&[1]),
    };
    for name in [
        "credBlob",
        "credProtect",
        "hmac-secret",
        "largeBlobKey",
        "minPinLength",
        "hmac-secret-mc",
        "thirdPartyPayment",
        "pinComplexityPolicy",
    ] {
        let mut extensions = vec![(name, wrong(name))];
        if name == "hmac-secret-mc" {
            extensions.push(("hmac-secret", boolean(true)));
        }
        let request = make(&extensions);
        assert_refused([refusal(
            "12 1 at a creation",
            bench(),
            move |_| request.clone(),
            Status::CborUnexpectedType,
            "Message",
        )]);
    }
    for (name, input) in [
        ("credBlob", bytes(&[1])),
        ("hmac-secret", boolean(true)),
        ("largeBlobKey", uint(1)),
        ("thirdPartyPayment", text("true")),
    ] {
        let request = get(&[(name, input)]);
        assert_refused([refusal(
            "12 1 at an assertion",
            bench().passkey("ada"),
            move |_| request.clone(),
            Status::CborUnexpectedType,
            "Message",
        )]);
    }
    // What is not an extension of the command, and what the profile has not, is passed over.
    for (mut bench, request) in [
        (bench(), make(&[("uvm", uint(1)), ("whatever", map(&[("a", array(&[]))]))])),
        (
            Bench::new(hello()),
            make(&[("credBlob", text("x")), ("credProtect", text("x")), ("hmac-secret", uint(1))]),
        ),
        (bench().passkey("ada"), get(&[("credProtect", text("x")), ("minPinLength", text("x"))])),
    ] {
        let reply = bench.send(&request.bytes());
        assert_eq!(reply.status(), Status::Ok, "{:?}", reply.cause);
        let extensions = match request.command() {
            api::MAKE_CREDENTIAL => reply.created().auth_data.extensions,
            _ => reply.asserted().auth_data.extensions,
        };
        assert_eq!(extensions, None);
    }
}

#[test]
fn without_extensions_nothing_is_added() {
    let mut bench = bench();
    let created = bench.create(&make_sealed(&[]).without(6));
    assert!(!created.auth_data.flags.has(Flags::ED));
    assert_eq!(
        (created.auth_data.extensions, created.unsigned, created.large_blob_key, created.ep_att),
        (None, None, None, None)
    );
    let id = bench.create(&make(&[("largeBlobKey", boolean(true)), ("credBlob", bytes(&[1]))])).id();
    let asserted = bench.assert(&Request::get_assertion().list(&[&id]));
    assert!(!asserted.auth_data.flags.has(Flags::ED));
    assert_eq!(
        (asserted.auth_data.extensions, asserted.unsigned, asserted.large_blob_key),
        (None, None, None)
    );
}

#[test]
fn outputs_stand_in_canonical_order() {
    let mut bench = bench().set(Setting::MinPinLengthRpIds(vec![RP_ID.to_owned()]));
    let salts = Platform::agree(&mut bench, TWO).salts(&[1; 32]);
    let created = bench.create(&make(&[
        ("credBlob", bytes(&[1])),
        ("credProtect", uint(1)),
        ("hmac-secret", boolean(true)),
        ("minPinLength", boolean(true)),
        ("hmac-secret-mc", salts),
        ("thirdPartyPayment", boolean(true)),
        ("pinComplexityPolicy", boolean(true)),
    ]));
    let raw = created.auth_data.extensions.clone().unwrap();
    softhello_ctap::cbor::validate(&raw, 4).unwrap();
    let mut reader = Reader::new(&raw);
    let keys: Vec<_> = (0..reader.map_len().unwrap())
        .map(|_| (reader.text().unwrap().to_owned(), reader.item().unwrap()).0)
        .collect();
    assert_eq!(
        keys,
        ["credBlob", "credProtect", "hmac-secret", "minPinLength", "hmac-secret-mc", "pinComplexityPolicy"]
    );
}

#[test]
fn cred_protect() {
    for (input, kept) in
        [(1, Some(1)), (2, Some(2)), (3, Some(3)), (0, None), (4, None), (u64::MAX, None), (257, None)]
    {
        let mut bench = bench();
        let created = bench.create(&make(&[("credProtect", uint(input))]));
        assert_eq!(created.signed("credProtect").map(|item| Reader::new(item).uint().unwrap()), kept);
        assert_eq!(bench.host.credentials[0].credential.protection as u64, kept.unwrap_or(1), "{input}");
        // Sealed into its id it is remembered as well.
        let id = bench.create(&make_sealed(&[("credProtect", uint(input))])).id();
        let found = bench.send(&Request::get_assertion().list(&[&id]).bytes()).status();
        assert_eq!(found == Status::NoCredentials, input == 3, "{input}");
    }
}

#[test]
fn cred_blob() {
    for (name, request, stored) in [
        ("a blob", make(&[("credBlob", bytes(&[7; 32]))]), Some(&[7; 32][..])),
        ("an empty one", make(&[("credBlob", bytes(&[]))]), Some(&[][..])),
        ("too long", make(&[("credBlob", bytes(&[7; 33]))]), None),
        ("sealed", make_sealed(&[("credBlob", bytes(&[7; 32]))]), None),
    ] {
        let mut bench = bench();
        let created = bench.create(&request);
        assert_eq!(created.signed("credBlob"), Some(&boolean(stored.is_some())[..]), "{name}");
        let asserted = bench.assert(&get(&[("credBlob", boolean(true))]).list(&[&created.id()]));
        let output = asserted.signed("credBlob").map(|item| Reader::new(item).bytes().unwrap().to_vec());
        assert_eq!(output.as_deref(), Some(stored.unwrap_or_default()), "{name}: empty where there is none");
        let unasked = bench.assert(&get(&[("credBlob", boolean(false))]).list(&[&created.id()]));
        assert_eq!(unasked.signed("credBlob"), None, "{name}");
    }
    let mut bench = bench().passkey("ada");
    let asserted = bench.assert(&get(&[("credBlob", boolean(true))]));
    assert_eq!(asserted.signed("credBlob"), Some(&bytes(&[])[..]));
}

#[test]
fn large_blob_key() {
    let mut bench = bench();
    let created = bench.create(&make(&[("largeBlobKey", boolean(true))]));
    let key = created.large_blob_key.clone().unwrap();
    assert_eq!((key.len(), created.auth_data.extensions.as_ref()), (32, None), "never in authenticator data");
    let asserted = bench.assert(&get(&[("largeBlobKey", boolean(true))]));
    assert_eq!(asserted.large_blob_key, Some(key.clone()));
    assert_eq!(bench.assert(&get(&[])).large_blob_key, None, "never unasked");
    let other = bench.create(&make(&[("largeBlobKey", boolean(true))]).user("bob")).large_blob_key.unwrap();
    assert_ne!(other, key);
    // One that was made without has none.
    let mut bench = self::bench();
    assert_eq!(bench.create(&make(&[])).large_blob_key, None);
    assert_eq!(bench.assert(&get(&[("largeBlobKey", boolean(true))])).large_blob_key, None);
}

fn read() -> Vec<u8> {
    map(&[("read", boolean(true))])
}

fn write(blob: &[u8], size: u64) -> Vec<u8> {
    map(&[("write", bytes(blob)), ("originalSize", uint(size))])
}

fn support(text_: &str) -> Vec<u8> {
    map(&[("support", text(text_))])
}

#[test]
fn large_blob() {
    let (supported, written) =
        (|| map(&[("supported", boolean(true))]), |yes| map(&[("written", boolean(yes))]));
    for input in ["required", "preferred"] {
        let mut bench = blobs();
        let created = bench.create(&make(&[("largeBlob", support(input))]));
        assert_eq!(created.unsigned("largeBlob"), Some(&supported()[..]), "{input}");
        assert_eq!(created.auth_data.extensions, None, "{input}: it is not signed");
        let listed = |input: Vec<u8>| get(&[("largeBlob", input)]).list(&[&created.id()]);
        let nothing = bench.assert(&listed(read()));
        assert_eq!(nothing.unsigned, None, "nothing is there to be read");
        for (blob, size) in [(vec![1, 2, 3], 99), (vec![], 0), (vec![7; 100], u64::MAX)] {
            let wrote = bench.assert(&listed(write(&blob, size)));
            assert_eq!(wrote.unsigned("largeBlob"), Some(&written(true)[..]));
            let read = bench.assert(&listed(read()));
            let want = map(&[("blob", bytes(&blob)), ("originalSize", uint(size))]);
            assert_eq!(read.unsigned("largeBlob"), Some(&want[..]), "as it was written, with its size");
        }
        for (name, request) in [
            ("too long", listed(write(&[7; 101], 1))),
            ("not listed", get(&[("largeBlob", write(&[1], 1))])),
            ("a pre-flight", listed(write(&[1], 1)).option("up", false)),
        ] {
            let refused = bench.assert(&request);
            assert_eq!(refused.unsigned("largeBlob"), Some(&written(false)[..]), "{name}");
        }
        let read = bench.assert(&listed(self::read()));
        assert_eq!(
            read.unsigned("largeBlob").unwrap().len(),
            map(&[("blob", bytes(&[7; 100])), ("originalSize", uint(u64::MAX))]).len()
        );
        // Read without a list as well.
        assert!(bench.assert(&get(&[("largeBlob", self::read())])).unsigned("largeBlob").is_some());
    }
    // Preferred, and it cannot: no output. Made without: it cannot.
    let mut bench = blobs();
    let sealed = bench.create(&make_sealed(&[("largeBlob", support("preferred"))]));
    assert_eq!(sealed.unsigned, None);
    let plain = bench.create(&make(&[])).id();
    for id in [sealed.id(), plain] {
        let refused = bench.assert(&get(&[("largeBlob", write(&[1], 1))]).list(&[&id]));
        assert_eq!(refused.unsigned("largeBlob"), Some(&written(false)[..]));
        assert_eq!(bench.assert(&get(&[("largeBlob", read())]).list(&[&id])).unsigned, None);
    }
}

#[test]
fn min_pin_length_and_pin_complexity_policy() {
    let both = || make(&[("minPinLength", boolean(true)), ("pinComplexityPolicy", boolean(true))]);
    let known =
        |bench: Bench| bench.set(Setting::MinPinLengthRpIds(vec!["a.example".to_owned(), RP_ID.to_owned()]));
    for (name, mut bench, length, policy) in [
        ("nobody may know", bench(), None, None),
        ("the factory's", known(bench()), Some(4), Some(false)),
        ("raised", known(bench()).set(Setting::MinPinLength(8)), Some(8), Some(false)),
        ("with a policy", known(bench()).set(Setting::PinComplexityPolicy(true)), Some(4), Some(true)),
    ] {
        let created = bench.create(&both());
        assert_eq!(created.signed("minPinLength").map(<[u8]>::to_vec), length.map(uint), "{name}");
        assert_eq!(created.signed("pinComplexityPolicy").map(<[u8]>::to_vec), policy.map(boolean), "{name}");
        let unasked =
            bench.create(&make(&[("minPinLength", boolean(false)), ("pinComplexityPolicy", boolean(false))]));
        assert_eq!(unasked.auth_data.extensions, None, "{name}");
    }
    let mut other = bench().set(Setting::MinPinLengthRpIds(vec!["a.example".to_owned()]));
    assert_eq!(other.create(&both()).auth_data.extensions, None);
}

#[test]
fn third_party_payment() {
    for request in [make as fn(&[(&str, Vec<u8>)]) -> Request, make_sealed] {
        for (input, want) in [(Some(true), true), (Some(false), false), (None, false)] {
            let mut bench = bench();
            let extensions: Vec<_> =
                input.map(|input| ("thirdPartyPayment", boolean(input))).into_iter().collect();
            let created = bench.create(&request(&extensions));
            assert_eq!(created.auth_data.extensions, None, "there is no output");
            let asserted = bench.assert(&get(&[("thirdPartyPayment", boolean(true))]).list(&[&created.id()]));
            assert_eq!(asserted.signed("thirdPartyPayment"), Some(&boolean(want)[..]), "{input:?}");
            let unasked = bench.assert(&get(&[("thirdPartyPayment", boolean(false))]).list(&[&created.id()]));
            assert_eq!(unasked.signed("thirdPartyPayment"), None);
        }
    }
}

/// HMAC-SHA-256 of each salt.
fn expected(key: &[u8; 32], salts: &[u8]) -> Vec<u8> {
    let hmac = |salt: &[u8]| {
        let mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
        mac.chain_update(salt).finalize().into_bytes().to_vec()
    };
    salts.chunks(32).flat_map(hmac).collect()
}

#[test]
fn hmac_secret() {
    for protocol in [ONE, TWO] {
        for salts in [vec![5; 32], [vec![5; 32], vec![6; 32]].concat()] {
            let mut bench = Bench::new(full_key());
            let created = bench.create(&make(&[("hmac-secret", boolean(true))]).option("uv", true));
            assert_eq!(created.signed("hmac-secret"), Some(&boolean(true)[..]));
            let CredRandom { with_uv, without_uv } =
                bench.host.credentials[0].credential.extensions.cred_random.clone().unwrap();
            assert_ne!(with_uv, without_uv);
            for (uv, key) in [(true, with_uv), (false, without_uv)] {
                let platform = Platform::agree(&mut bench, protocol);
                let request = get(&[("hmac-secret", platform.salts(&salts))]).option("uv", uv);
                let asserted = bench.assert(&request);
                let output = Reader::new(asserted.signed("hmac-secret").unwrap()).bytes().unwrap().to_vec();
                let iv = if protocol == ONE { 0 } else { 16 };
                assert_eq!(output.len(), iv + salts.len());
                assert_eq!(platform.decrypt(&output), expected(&key, &salts), "{protocol:?}, uv {uv}");
                let again = bench.assert(&request);
                let other = Reader::new(again.signed("hmac-secret").unwrap()).bytes().unwrap().to_vec();
                assert_eq!(other == output, protocol == ONE, "protocol two draws an IV");
            }
        }
    }
}

/// "Generate always, requested or not."
#[test]
fn every_credential_has_its_random() {
    for (name, request) in [
        ("kept", make(&[])),
        ("sealed", make_sealed(&[])),
        ("not asked for", make(&[("hmac-secret", boolean(false))])),
    ] {
        let mut bench = bench();
        let created = bench.create(&request);
        assert_eq!(created.signed("hmac-secret"), None, "{name}");
        let mut outputs = Vec::new();
        for salt in [[5; 32], [6; 32], [5; 32]] {
            let platform = Platform::agree(&mut bench, TWO);
            let asserted =
                bench.assert(&get(&[("hmac-secret", platform.salts(&salt))]).list(&[&created.id()]));
            let output = Reader::new(asserted.signed("hmac-secret").unwrap()).bytes().unwrap().to_vec();
            outputs.push(platform.decrypt(&output));
        }
        assert_eq!(outputs[0], outputs[2], "{name}");
        assert_ne!(outputs[0], outputs[1], "{name}");
    }
    // Two sealed ones have two.
    let mut bench = bench();
    let ids = [bench.create(&make_sealed(&[])).id(), bench.create(&make_sealed(&[])).id()];
    let outputs = ids.map(|id| {
        let platform = Platform::agree(&mut bench, TWO);
        let asserted = bench.assert(&get(&[("hmac-secret", platform.salts(&[5; 32]))]).list(&[&id]));
        platform.decrypt(Reader::new(asserted.signed("hmac-secret").unwrap()).bytes().unwrap())
    });
    assert_ne!(outputs[0], outputs[1]);
    // One that was made elsewhere has none, and no output.
    let mut bench = bench.passkey("ada");
    let id = bench.host.credentials[0].credential.id.as_bytes().to_vec();
    let platform = Platform::agree(&mut bench, TWO);
    let asserted = bench.assert(&get(&[("hmac-secret", platform.salts(&[5; 32]))]).list(&[&id]));
    assert_eq!(asserted.auth_data.extensions, None);
}

#[test]
fn hmac_secret_for_each_of_several() {
    let mut bench = bench();
    for user in ["ada", "bob"] {
        bench.create(&make(&[]).user(user));
    }
    let platform = Platform::agree(&mut bench, TWO);
    let first = bench.assert(&get(&[("hmac-secret", platform.salts(&[5; 32]))]));
    let second = bench.send(&[api::GET_NEXT_ASSERTION]).asserted();
    for (asserted, stored) in [(first, 1), (second, 0)] {
        let random = bench.host.credentials[stored].credential.extensions.cred_random.clone().unwrap();
        let output = Reader::new(asserted.signed("hmac-secret").unwrap()).bytes().unwrap().to_vec();
        assert_eq!(platform.decrypt(&output), expected(&random.without_uv, &[5; 32]));
    }
}

#[test]
fn hmac_secret_mc() {
    for protocol in [ONE, TWO] {
        for uv in [true, false] {
            let mut bench = Bench::new(full_key());
            let platform = Platform::agree(&mut bench, protocol);
            let salts = [[5; 32], [6; 32]].concat();
            let extensions = [("hmac-secret", boolean(true)), ("hmac-secret-mc", platform.salts(&salts))];
            let created = bench.create(&make_sealed(&extensions).option("uv", uv));
            assert_eq!(created.signed("hmac-secret"), Some(&boolean(true)[..]));
            let output = Reader::new(created.signed("hmac-secret-mc").unwrap()).bytes().unwrap().to_vec();
            let made = platform.decrypt(&output);
            // It is what an assertion gives afterwards.
            let platform = Platform::agree(&mut bench, protocol);
            let request =
                get(&[("hmac-secret", platform.salts(&salts))]).list(&[&created.id()]).option("uv", uv);
            let asserted = bench.assert(&request);
            let output = Reader::new(asserted.signed("hmac-secret").unwrap()).bytes().unwrap().to_vec();
            assert_eq!(platform.decrypt(&output), made, "{protocol:?}, uv {uv}");
        }
    }
}

#[test]
fn a_key_that_speaks_protocol_one_needs_no_number() {
    let mut bench = Bench::new(legacy_key());
    let id = bench.create(&make_sealed(&[("hmac-secret", boolean(true))])).id();
    let platform = Platform::agree(&mut bench, ONE);
    let salts = platform.salts(&[5; 32]);
    let without_number = [&[0xa3][..], &salts[1..salts.len() - 2]].concat();
    for input in [salts, without_number] {
        let asserted = bench.assert(&get(&[("hmac-secret", input)]).list(&[&id]));
        assert!(asserted.signed("hmac-secret").is_some());
    }
}

/// A profile without an extension neither lists nor does it.
#[test]
fn an_extension_that_the_profile_lacks_is_passed_over() {
    for missing in Extension::ALL {
        let mut profile = if missing == Extension::LargeBlob { blob_key() } else { full_key() };
        profile.extensions.retain(|extension| {
            let needs = match missing {
                Extension::HmacSecret => *extension == Extension::HmacSecretMc,
                Extension::CredProtect => *extension == Extension::CredBlob,
                _ => false,
            };
            *extension != missing && !needs
        });
        profile.versions.retain(|version| {
            ![softhello_ctap::Version::Fido21, softhello_ctap::Version::Fido23].contains(version)
        });
        if [Extension::MinPinLength].contains(&missing) {
            profile
                .config_commands
                .retain(|command| *command != softhello_ctap::ConfigCommand::SetMinPinLength);
            profile.extensions.retain(|extension| *extension != Extension::PinComplexityPolicy);
        }
        let mut bench =
            Bench::new(profile).without_uv().set(Setting::MinPinLengthRpIds(vec![RP_ID.to_owned()]));
        let salts = Platform::agree(&mut bench, TWO).salts(&[5; 32]);
        let (creation, assertion) = match missing {
            Extension::CredBlob => (bytes(&[1]), boolean(true)),
            Extension::CredProtect => (uint(3), uint(3)),
            Extension::LargeBlob => (support("required"), read()),
            Extension::HmacSecret => (boolean(true), salts),
            Extension::HmacSecretMc => (salts, boolean(true)),
            _ => (boolean(true), boolean(true)),
        };
        let created = bench.create(&make(&[(missing.identifier(), creation)]));
        assert_eq!(
            (created.auth_data.extensions, created.unsigned, created.large_blob_key),
            (None, None, None)
        );
        let asserted = bench.assert(&get(&[(missing.identifier(), assertion)]));
        assert_eq!(
            (asserted.auth_data.extensions, asserted.unsigned, asserted.large_blob_key),
            (None, None, None)
        );
    }
}

#[test]
fn a_token_of_a_ceremony_counts_as_verification_for_hmac_secret() {
    let mut bench = Bench::new(full_key()).without_uv().with_pin();
    let token = bench.token(Permissions::MC, Some(RP_ID));
    bench.create(&token.authorize(make(&[])));
    let random = bench.host.credentials[0].credential.extensions.cred_random.clone().unwrap();
    let token = bench.token(Permissions::GA, Some(RP_ID));
    let platform = Platform::agree(&mut bench, TWO);
    let asserted = bench.assert(&token.authorize(get(&[("hmac-secret", platform.salts(&[5; 32]))])));
    let output = Reader::new(asserted.signed("hmac-secret").unwrap()).bytes().unwrap().to_vec();
    assert_eq!(platform.decrypt(&output), expected(&random.with_uv, &[5; 32]));
}
