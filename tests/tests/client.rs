//! The WebAuthn client on emulated authenticators: PINs and fingerprints, extensions, U2F.
#![allow(clippy::indexing_slicing, reason = "a test may stop at the first surprise")]

use pollster::block_on;
use rand::{Rng as _, SeedableRng as _, rngs::ChaCha20Rng};
use serde_json::{Value, json};
use softhello_ctap::{Setting, api};
use softhello_device::Script;
use softhello_tests::device::Emulated;
use softhello_webauthn::{Client, CreationOptions, Failure, PinHash, RequestOptions};

const PIN: &str = "123456";

fn client() -> Client {
    Client::new("https://example.org").expect("an origin").pin_entry(PinHash::of(PIN))
}

/// `create()` with these members in place of the defaults.
fn create_by(client: &Client, key: &mut Emulated, members: Value) -> Result<Value, Failure> {
    let mut options = json!({
        "rp": {"name": "Example"},
        "user": {"id": "YWRh", "name": "ada", "displayName": "Ada"},
        "challenge": "AAEC",
        "pubKeyCredParams": [{"type": "public-key", "alg": -7}],
        "attestation": "direct",
    });
    merge(&mut options, members);
    let options = CreationOptions::from_json(&options.to_string()).expect("usable options");
    block_on(client.create(key, &options)).map(|response| json!(response))
}

fn create(key: &mut Emulated, members: Value) -> Result<Value, Failure> {
    create_by(&client(), key, members)
}

fn get_by(client: &Client, key: &mut Emulated, members: Value) -> Result<Value, Failure> {
    let mut options = json!({"challenge": "AAEC"});
    merge(&mut options, members);
    let options = RequestOptions::from_json(&options.to_string()).expect("usable options");
    block_on(client.get(key, &options)).map(|response| json!(response))
}

fn get(key: &mut Emulated, members: Value) -> Result<Value, Failure> {
    get_by(&client(), key, members)
}

fn merge(options: &mut Value, members: Value) {
    let (Value::Object(options), Value::Object(members)) = (options, members) else { panic!("objects") };
    options.extend(members);
}

/// A list with one credential.
fn only(credential: &Value) -> Value {
    json!([{"type": "public-key", "id": credential["id"]}])
}

fn discoverable() -> Value {
    json!({"authenticatorSelection": {"residentKey": "required", "userVerification": "required"}})
}

fn flags(response: &Value) -> u8 {
    let text = response["response"]["authenticatorData"].as_str().expect("authenticator data");
    data_encoding::BASE64URL_NOPAD.decode(text.as_bytes()).expect("base64url")[32]
}

const UP: u8 = 0x01;
const UV: u8 = 0x04;

#[test]
fn a_pin_verifies_by_a_token_of_each_protocol() {
    for (profile, legacy) in [("security-key", false), ("security-key-2.0", true)] {
        let mut key = Emulated::new(profile).with_pin(PIN);
        let new = create(&mut key, discoverable()).expect(profile);
        assert_eq!(flags(&new) & (UP | UV), UP | UV, "{profile}");
        assert_eq!(subcommands(&key), [1, 2, if legacy { 5 } else { 9 }], "{profile}");
        let signed = get(&mut key, json!({"userVerification": "required"})).expect(profile);
        assert_eq!(flags(&signed) & (UP | UV), UP | UV, "{profile}");
        assert_eq!(signed["response"]["userHandle"], "YWRh", "{profile}");

        // Discouraged: nothing asks for the PIN.
        let asked = key.count(api::CLIENT_PIN);
        let signed = get(&mut key, json!({"userVerification": "discouraged"})).expect(profile);
        assert_eq!(flags(&signed) & (UP | UV), UP, "{profile}");
        assert_eq!(key.count(api::CLIENT_PIN), asked, "{profile}");
    }
}

/// The subcommands of authenticatorClientPIN that it was sent.
fn subcommands(key: &Emulated) -> Vec<u8> {
    let sent = key.requests.iter().filter(|request| request.first() == Some(&api::CLIENT_PIN));
    // `subCommand` stands behind `pinUvAuthProtocol`, if that is there.
    sent.map(|request| if request[2] == 1 { request[5] } else { request[3] }).collect()
}

#[test]
fn a_wrong_pin_is_typed_once_and_costs_one_attempt() {
    let mut key = Emulated::new("security-key").with_pin(PIN);
    let wrong = Client::new("https://example.org").expect("an origin").pin_entry(PinHash::of("654321"));
    for want in [
        "NotAllowedError: wrong PIN, 7 attempts left",
        "NotAllowedError: wrong PIN, 6 attempts left",
        "NotAllowedError: three wrong PINs since power-up: the authenticator has to be unplugged first",
        "NotAllowedError: three wrong PINs since power-up: the authenticator has to be unplugged first",
    ] {
        let failure = create_by(&wrong, &mut key, discoverable()).expect_err(want);
        assert_eq!(failure.to_string(), want);
    }
    let failure = create(&mut key, discoverable()).expect_err("locked");
    assert_eq!(failure.status.map(|status| status.code()), Some(0x34));
    key.device.power_cycle();
    create(&mut key, discoverable()).expect("the right PIN");
}

#[test]
fn nobody_at_the_keyboard() {
    let nobody = Client::new("https://example.org").expect("an origin");
    let mut key = Emulated::new("security-key").with_pin(PIN);
    let failure = create_by(&nobody, &mut key, discoverable()).expect_err("no PIN");
    assert_eq!(
        failure.to_string(),
        "ConstraintError: the authenticator verifies its user by a PIN, and nobody here enters one"
    );
    // What needs no PIN is done without.
    let new = create_by(&nobody, &mut key, json!({})).expect("a credential");
    assert_eq!(flags(&new) & UV, 0);
    let signed = get_by(&nobody, &mut key, json!({"allowCredentials": only(&new)})).expect("an assertion");
    assert_eq!(flags(&signed) & UV, 0);

    let mut fresh = Emulated::new("security-key");
    let failure = create(&mut fresh, discoverable()).expect_err("nothing is set up");
    assert_eq!(
        failure.to_string(),
        "ConstraintError: user verification is required, and none is set up on the authenticator"
    );
    key.set(Setting::ForcePinChange(true));
    let failure = create(&mut key, discoverable()).expect_err("an old PIN");
    assert_eq!(
        failure.to_string(),
        "NotAllowedError: the authenticator's PIN has to be changed before it can be used"
    );
}

#[test]
fn a_fingerprint_comes_before_the_pin() {
    let mut key = Emulated::new("security-key").with_pin(PIN).with_fingerprint();
    let new = create(&mut key, discoverable()).expect("by finger");
    assert_eq!(flags(&new) & UV, UV);
    assert_eq!(subcommands(&key), [2, 6]);

    // The wrong finger as often as the authenticator prefers, then the PIN.
    key.requests.clear();
    key.user(Script::WrongPin);
    let new = create(&mut key, discoverable()).expect("by PIN");
    assert_eq!(flags(&new) & UV, UV);
    assert_eq!(subcommands(&key), [2, 6, 2, 6, 2, 6, 1, 2, 9]);

    key.user(Script::Decline);
    let failure = create(&mut key, discoverable()).expect_err("declined");
    assert_eq!(failure.to_string(), "NotAllowedError: the user declined");
}

#[test]
fn long_lists_are_tried_with_the_token() {
    let mut key = Emulated::new("security-key").with_pin(PIN);
    let strict = json!({"authenticatorSelection": {"residentKey": "required", "userVerification": "required"},
        "extensions": {"credentialProtectionPolicy": "userVerificationRequired"}});
    let new = create(&mut key, strict).expect("a credential");
    let mut list: Vec<Value> =
        (0..20).map(|n| json!({"type": "public-key", "id": format!("AAA{}", (b'A' + n) as char)})).collect();
    list.push(json!({"type": "public-key", "id": new["id"]}));

    let mut again = discoverable();
    merge(&mut again, json!({"excludeCredentials": list}));
    let failure = create(&mut key, again).expect_err("excluded");
    assert_eq!(failure.name.as_str(), "InvalidStateError");
    let options = json!({"allowCredentials": list, "userVerification": "required"});
    assert_eq!(get(&mut key, options).expect("an assertion")["id"], new["id"]);
    let options = json!({"allowCredentials": list[..20], "userVerification": "required"});
    let failure = get(&mut key, options).expect_err("not there");
    assert_eq!(
        failure.to_string(),
        "NotAllowedError: no credential of `allowCredentials` is on the authenticator"
    );
}

#[test]
fn prf_is_evaluated_and_the_same_each_time() {
    let eval = |first: &str| json!({"first": first});
    for profile in ["security-key", "security-key-2.0"] {
        let mut key = Emulated::new(profile).with_pin(PIN);
        let mut options = discoverable();
        merge(&mut options, json!({"extensions": {"prf": {"eval": {"first": "AA", "second": "AQ"}}}}));
        let new = create(&mut key, options).expect(profile);
        let prf = &new["clientExtensionResults"]["prf"];
        assert_eq!(prf["enabled"], true, "{profile}");
        let has_mc = profile == "security-key";
        assert_eq!(prf.get("results").is_some(), has_mc, "{profile}");

        let allow = only(&new);
        // Also where the relying party would do without verification.
        let mut results = |prf: Value| {
            let members = json!({"userVerification": "discouraged", "allowCredentials": allow,
                "extensions": {"prf": prf}});
            let signed = get(&mut key, members).expect(profile);
            assert_eq!(flags(&signed) & UV, UV, "{profile}");
            signed["clientExtensionResults"]["prf"].clone()
        };
        let both = results(json!({"eval": {"first": "AA", "second": "AQ"}}));
        assert!(both.get("enabled").is_none());
        if has_mc {
            assert_eq!(both["results"], prf["results"], "{profile}");
        }
        let [first, second] = ["first", "second"].map(|name| both["results"][name].clone());
        assert_eq!(first.as_str().map(str::len), Some(43));
        assert_ne!(first, second);
        assert_eq!(results(json!({"eval": eval("AQ")})), json!({"results": {"first": second}}), "{profile}");
        let by_credential = json!({"eval": eval("AQ"),
            "evalByCredential": {new["id"].as_str().expect("an id"): eval("AA")}});
        assert_eq!(results(by_credential), json!({"results": {"first": first}}), "{profile}");
        assert_eq!(results(json!({"eval": eval("Ag")}))["results"]["first"].as_str().map(str::len), Some(43));
    }
}

#[test]
fn prf_values_are_those_of_the_credential_that_answers() {
    let mut key = Emulated::new("security-key").with_pin(PIN);
    let mut ids = ["YWRh", "YmVu"].map(|user| {
        let mut options = discoverable();
        merge(
            &mut options,
            json!({"user": {"id": user, "name": "", "displayName": ""},
            "extensions": {"prf": {}}}),
        );
        let new = create(&mut key, options).expect("a credential");
        assert_eq!(new["clientExtensionResults"], json!({"prf": {"enabled": true}}));
        new["id"].as_str().expect("an id").to_owned()
    });
    let mut evaluate = |allowed: &[&str], keys: &[&str]| {
        let allow: Vec<_> = allowed.iter().map(|id| json!({"type": "public-key", "id": id})).collect();
        let by_credential: Value = keys
            .iter()
            .map(|id| ((*id).to_owned(), json!({"first": id})))
            .collect::<serde_json::Map<_, _>>()
            .into();
        let members = json!({"allowCredentials": allow,
            "extensions": {"prf": {"evalByCredential": by_credential}}});
        let signed = get(&mut key, members).expect("an assertion");
        (signed["id"].clone(), signed["clientExtensionResults"]["prf"]["results"]["first"].clone())
    };
    let alone = ids.each_ref().map(|id| evaluate(&[id], &[id]));
    let (answering, first) = evaluate(&[&ids[0], &ids[1]], &[&ids[0], &ids[1]]);
    assert!(alone.contains(&(answering.clone(), first)), "the values of the other one");
    // Without values for the one that answers there is no result.
    ids.sort_by_key(|id| answering != id.as_str());
    let (id, first) = evaluate(&[&ids[0], &ids[1]], &[&ids[1]]);
    assert_eq!((id, first), (answering, Value::Null));
}

#[test]
fn prf_needs_an_authenticator_that_verifies() {
    let mut key = Emulated::new("security-key");
    let new =
        create(&mut key, json!({"extensions": {"prf": {"eval": {"first": "AA"}}}})).expect("a credential");
    assert_eq!(new["clientExtensionResults"], json!({"prf": {"enabled": true}}));
    let members = json!({"allowCredentials": only(&new), "extensions": {"prf": {"eval": {"first": "AA"}}}});
    // Without verification it would be another function than with it.
    let signed = get(&mut key, members.clone()).expect("an assertion");
    assert_eq!(signed["clientExtensionResults"], json!({"prf": {}}));

    let mut hello = Emulated::new("windows-hello-software").with_pin(PIN);
    let mut options = discoverable();
    merge(&mut options, json!({"extensions": {"prf": {}}}));
    let new = create(&mut hello, options).expect("a passkey");
    let supported = hello.profile.ctap.extensions.contains(&softhello_ctap::Extension::HmacSecret);
    assert_eq!(new["clientExtensionResults"]["prf"]["enabled"], supported);
}

#[test]
fn large_blobs_are_written_and_read() {
    for (profile, array) in [("security-key", true), ("security-key+large-blob", false)] {
        let mut key = Emulated::new(profile).with_pin(PIN);
        let mut options = discoverable();
        merge(&mut options, json!({"extensions": {"largeBlob": {"support": "required"}}}));
        let new = create(&mut key, options).expect(profile);
        assert_eq!(new["clientExtensionResults"], json!({"largeBlob": {"supported": true}}), "{profile}");
        let allow = only(&new);
        let mut access = |input: Value| {
            let members = json!({"allowCredentials": allow, "userVerification": "discouraged",
                "extensions": {"largeBlob": input}});
            get(&mut key, members).expect(profile)["clientExtensionResults"]["largeBlob"].clone()
        };
        assert_eq!(access(json!({"read": true})), json!({}), "{profile}: nothing there yet");
        assert_eq!(access(json!({"write": "c29mdA"})), json!({"written": true}), "{profile}");
        assert_eq!(access(json!({"read": true})), json!({"blob": "c29mdA"}), "{profile}");
        assert_eq!(access(json!({"write": "aGVsbG8"})), json!({"written": true}), "{profile}");
        assert_eq!(access(json!({"read": true})), json!({"blob": "aGVsbG8"}), "{profile}");
        let mut noise = [0; 20_000];
        ChaCha20Rng::seed_from_u64(7).fill_bytes(&mut noise);
        let noise = data_encoding::BASE64URL_NOPAD.encode(&noise);
        assert_eq!(access(json!({"write": noise})), json!({"written": false}), "{profile}: no room");
        assert_eq!(access(json!({"read": true})), json!({"blob": "aGVsbG8"}), "{profile}");
        assert_eq!(key.count(api::LARGE_BLOBS) > 0, array, "{profile}");
    }
}

#[test]
fn large_blobs_of_two_credentials_stay_apart() {
    let mut key = Emulated::new("security-key").with_pin(PIN);
    let ids: Vec<Value> = ["YWRh", "YmVu"]
        .iter()
        .map(|user| {
            let mut options = discoverable();
            merge(
                &mut options,
                json!({"user": {"id": user, "name": "", "displayName": ""},
            "extensions": {"largeBlob": {"support": "preferred"}}}),
            );
            create(&mut key, options).expect("a credential")
        })
        .collect();
    // More than one fragment.
    let long: String = "QUJD".repeat(700);
    for (id, blob) in ids.iter().zip(["QQ", &long]) {
        let members = json!({"allowCredentials": only(id), "extensions": {"largeBlob": {"write": blob}}});
        assert_eq!(
            get(&mut key, members).expect("written")["clientExtensionResults"]["largeBlob"]["written"],
            true
        );
    }
    for (id, blob) in ids.iter().zip(["QQ", &long]) {
        let members = json!({"allowCredentials": only(id), "extensions": {"largeBlob": {"read": true}}});
        assert_eq!(
            get(&mut key, members).expect("read")["clientExtensionResults"]["largeBlob"]["blob"],
            blob
        );
    }
}

#[test]
fn extensions_that_an_authenticator_lacks() {
    let mut key = Emulated::new("u2f-key");
    let wishes = json!({"prf": {"eval": {"first": "AA"}}, "largeBlob": {"support": "preferred"}, "credProps": true,
        "credBlob": "AA", "minPinLength": true, "credentialProtectionPolicy": "userVerificationRequired"});
    let new = create(&mut key, json!({"extensions": wishes})).expect("a credential");
    assert_eq!(
        new["clientExtensionResults"],
        json!({"credBlob": false, "credProps": {"rk": false}, "largeBlob": {"supported": false},
            "prf": {"enabled": false}})
    );
    for (extensions, want) in [
        (
            json!({"largeBlob": {"support": "required"}}),
            "ConstraintError: support of `largeBlob` is required, and the authenticator has none for this credential",
        ),
        (
            json!({"credentialProtectionPolicy": "userVerificationRequired",
                "enforceCredentialProtectionPolicy": true}),
            "ConstraintError: a credential protection policy is to be enforced, and the authenticator knows none",
        ),
        (json!({"largeBlob": {"read": true}}), "NotSupportedError: `largeBlob.read` and"),
        (json!({"prf": {"evalByCredential": {}}}), "NotSupportedError: `prf.evalByCredential` is for"),
        (
            json!({"appidExclude": "https://example.com"}),
            "SecurityError: the AppID `https://example.com` is of",
        ),
    ] {
        let failure = create(&mut key, json!({"extensions": extensions})).expect_err(want).to_string();
        assert!(failure.starts_with(want), "{failure}");
    }
    let members = |extensions: Value| json!({"allowCredentials": only(&new), "extensions": extensions});
    let wishes = json!({"prf": {"eval": {"first": "AA"}}, "largeBlob": {"write": "AA"}, "getCredBlob": true});
    assert_eq!(
        get(&mut key, members(wishes)).expect("an assertion")["clientExtensionResults"],
        json!({"largeBlob": {"written": false}, "prf": {}})
    );
    for (extensions, want) in [
        (json!({"largeBlob": {"support": "required"}}), "NotSupportedError: `largeBlob.support` is"),
        (json!({"largeBlob": {"read": true, "write": "AA"}}), "NotSupportedError: `largeBlob.read` and"),
        (json!({"prf": {"evalByCredential": {"AA": {"first": "AA"}}}}), "SyntaxError: the key `AA` of"),
        (json!({"appid": "http://example.org"}), "SecurityError: the AppID `http://example.org` does"),
    ] {
        let failure = get(&mut key, members(extensions)).expect_err(want).to_string();
        assert!(failure.starts_with(want), "{failure}");
    }
    let failure = get(&mut key, json!({"extensions": {"largeBlob": {"write": "AA"}}})).expect_err("no list");
    assert_eq!(
        failure.to_string(),
        "NotSupportedError: `largeBlob.write` needs exactly one entry in `allowCredentials`"
    );
}

#[test]
fn protection_blob_and_pin_length_are_told() {
    let mut key = Emulated::new("security-key").with_pin(PIN);
    key.set(Setting::MinPinLengthRpIds(vec!["example.org".to_owned()]));
    let mut options = discoverable();
    merge(
        &mut options,
        json!({"extensions": {"credBlob": "c29mdA", "minPinLength": true, "credProps": true,
        "credentialProtectionPolicy": "userVerificationRequired", "enforceCredentialProtectionPolicy": true}}),
    );
    let new = create(&mut key, options).expect("a credential");
    assert_eq!(
        new["clientExtensionResults"],
        json!({"credBlob": true, "credProps": {"rk": true}, "minPinLength": 4})
    );
    let members = json!({"allowCredentials": only(&new), "userVerification": "discouraged"});
    let failure = get(&mut key, members).expect_err("protected");
    assert_eq!(failure.status.map(|status| status.code()), Some(0x2E));
    let members = json!({"userVerification": "required", "extensions": {"getCredBlob": true}});
    let signed = get(&mut key, members).expect("an assertion");
    assert_eq!(signed["clientExtensionResults"], json!({"getCredBlob": "c29mdA"}));

    let long = data_encoding::BASE64URL_NOPAD.encode(&[0; 33]);
    let mut options = discoverable();
    merge(&mut options, json!({"extensions": {"credBlob": long, "minPinLength": true}, "rp": {"name": ""}}));
    let new = create(&mut key, options).expect("a credential");
    assert_eq!(new["clientExtensionResults"], json!({"credBlob": false, "minPinLength": 4}));
}

#[test]
fn a_u2f_key_registers_and_signs_in() {
    let mut key = Emulated::new("u2f-key");
    let new = create(&mut key, json!({})).expect("a credential");
    assert_eq!(flags(&new), 0x41);
    assert_eq!(new["response"]["publicKeyAlgorithm"], -7);
    let object = new["response"]["attestationObject"].as_str().expect("an object");
    let object = data_encoding::BASE64URL_NOPAD.decode(object.as_bytes()).expect("base64url");
    assert!(object.starts_with(b"\xa3cfmthfido-u2f"));
    let none = create(&mut key, json!({"attestation": "none"})).expect("a credential");
    let object = none["response"]["attestationObject"].as_str().expect("an object");
    assert!(object.starts_with("o2NmbXRkbm9uZWdhdHRTdG10oGhhdXRoRGF0YV"));

    let signed = get(&mut key, json!({"allowCredentials": only(&new)})).expect("an assertion");
    assert_eq!((flags(&signed), &signed["id"]), (UP, &new["id"]));

    key.user(Script::Decline);
    for failure in [
        create(&mut key, json!({})).expect_err("nobody touched"),
        create(&mut key, json!({"excludeCredentials": only(&new)})).expect_err("nobody touched"),
        get(&mut key, json!({"allowCredentials": only(&new)})).expect_err("nobody touched"),
    ] {
        assert_eq!(failure.to_string(), "NotAllowedError: the user did not touch the U2F authenticator");
    }
    key.user(Script::Approve);
    for (failure, want) in [
        (
            create(&mut key, json!({"excludeCredentials": only(&new)})).expect_err("excluded"),
            "InvalidStateError: a credential of `excludeCredentials` is on the authenticator",
        ),
        (
            create(&mut key, json!({"pubKeyCredParams": [{"type": "public-key", "alg": -8}]}))
                .expect_err("EdDSA"),
            "NotSupportedError: the authenticator speaks U2F alone, which has no other algorithm than ES256",
        ),
        (
            create(&mut key, json!({"authenticatorSelection": {"residentKey": "required"}})).expect_err("rk"),
            "ConstraintError: a discoverable credential is required, and the authenticator cannot make one",
        ),
        (
            create(&mut key, json!({"authenticatorSelection": {"userVerification": "required"}}))
                .expect_err("uv"),
            "ConstraintError: user verification is required, and the authenticator cannot verify",
        ),
        (
            get(&mut key, json!({})).expect_err("no list"),
            "NotAllowedError: the authenticator speaks U2F alone, which has no discoverable credentials",
        ),
        (
            get(&mut key, json!({"allowCredentials": [{"type": "public-key", "id": "AAAA"}]}))
                .expect_err("unknown"),
            "NotAllowedError: no credential of `allowCredentials` is on the authenticator",
        ),
    ] {
        assert_eq!(failure.to_string(), want);
    }
}

#[test]
fn credentials_of_an_app_id_are_found() {
    const APP_ID: &str = "https://example.org/app-id.json";
    for profile in ["u2f-key", "security-key-2.0", "security-key"] {
        let mut key = Emulated::new(profile);
        // As a page of the days of U2F registered it.
        let message =
            softhello_ctap::u2f::register_message(&[7; 32], &softhello_ctap::u2f::application(APP_ID));
        let mut reply =
            block_on(softhello_ctap::Authenticator::message(&mut key, Default::default(), &message));
        reply.truncate(reply.len() - 2);
        let old = softhello_ctap::u2f::Registration::parse(&reply).expect("a registration").key_handle;
        let old = json!({"id": data_encoding::BASE64URL_NOPAD.encode(&old)});

        let failure = get(&mut key, json!({"allowCredentials": only(&old)})).expect_err(profile);
        assert_eq!(failure.name.as_str(), "NotAllowedError", "{profile}");
        let members = json!({"allowCredentials": only(&old), "extensions": {"appid": APP_ID}});
        let signed = get(&mut key, members).expect(profile);
        assert_eq!(signed["clientExtensionResults"], json!({"appid": true}), "{profile}");

        create(&mut key, json!({"excludeCredentials": only(&old)})).expect("the AppID is not looked at");
        let extensions = json!({"appidExclude": APP_ID});
        let members = json!({"excludeCredentials": only(&old), "extensions": extensions});
        let failure = create(&mut key, members).expect_err(profile);
        assert_eq!(
            failure.to_string(),
            "InvalidStateError: a credential of `excludeCredentials` is on the authenticator",
            "{profile}"
        );
        let new = create(&mut key, json!({"extensions": extensions})).expect(profile);
        assert_eq!(new["clientExtensionResults"], json!({"appidExclude": true}), "{profile}");
        let members =
            json!({"allowCredentials": [only(&old)[0], only(&new)[0]], "extensions": {"appid": APP_ID}});
        let signed = get(&mut key, members).expect(profile);
        assert_eq!(signed["id"], new["id"], "{profile}: the RP ID comes first");
        assert_eq!(signed["clientExtensionResults"], json!({"appid": false}), "{profile}");
    }
}
