//! Options JSON: what the browser's parsing functions accept and what they throw.

use std::time::Duration;

use proptest::prelude::*;
use softhello_webauthn::{
    AttestationConveyance, AuthenticatorAttachment, CreationOptions, MAX_JSON, RequestOptions, ResidentKey,
    UserVerificationRequirement,
};

use crate::common::{creation, request};

/// Options that are complete, but for `without`, and have `with` (ending in a comma) before everything else.
fn creation_json(with: &str, without: &str) -> String {
    let members: Vec<&str> = [
        r#""rp": {"name": "Example", "id": "example.org"}"#,
        r#""user": {"id": "YWRh", "name": "ada", "displayName": "Ada"}"#,
        r#""challenge": "AAEC""#,
        r#""pubKeyCredParams": [{"type": "public-key", "alg": -7}]"#,
    ]
    .into_iter()
    .filter(|member| !member.starts_with(&format!("\"{without}\"")))
    .collect();
    format!("{{{with}{}}}", members.join(", "))
}

#[test]
fn what_a_browser_refuses_is_refused_with_the_members_name() {
    let replaced = |member: &str, by: &str| creation_json(&format!("{by},"), member);
    for (text, want) in [
        (String::new(), "SyntaxError: the text is not JSON"),
        ("{".to_owned(), "SyntaxError: the text is not JSON"),
        ("{'rp': 1}".to_owned(), "SyntaxError: the text is not JSON"),
        ("[".repeat(200), "SyntaxError: the text is not JSON"),
        (" ".repeat(MAX_JSON + 1), "TypeError: the text has 1048577 bytes"),
        ("null".to_owned(), "TypeError: the text must be an object, not null"),
        ("7".to_owned(), "TypeError: the text must be an object, not a number"),
        (r#"{"publicKey": null}"#.to_owned(), "TypeError: `publicKey` must be an object, not null"),
        (r#"{"publicKey": []}"#.to_owned(), "TypeError: `publicKey` must be an object, not a list"),
        ("{}".to_owned(), "TypeError: `challenge` is missing"),
        (r#"{"publicKey": {}}"#.to_owned(), "TypeError: `publicKey.challenge` is missing"),
        (creation_json("", "rp"), "TypeError: `rp` is missing"),
        (creation_json("", "user"), "TypeError: `user` is missing"),
        (creation_json("", "pubKeyCredParams"), "TypeError: `pubKeyCredParams` is missing"),
        (replaced("rp", r#""rp": {}"#), "TypeError: `rp.name` is missing"),
        (replaced("rp", r#""rp": "example.org""#), "TypeError: `rp` must be an object, not a string"),
        (replaced("rp", r#""rp": {"name": {}}"#), "TypeError: `rp.name` must be a string, not an object"),
        (replaced("user", r#""user": {"displayName": "", "name": ""}"#), "TypeError: `user.id` is missing"),
        (
            replaced("user", r#""user": {"id": "YWRhIA==", "displayName": "", "name": ""}"#),
            "EncodingError: `user.id` carries padding",
        ),
        (replaced("challenge", r#""challenge": "a+b/""#), "EncodingError: `challenge` has the character '+'"),
        // The whole dictionary is converted before anything is decoded.
        (r#"{"challenge": "AA=="}"#.to_owned(), "TypeError: `pubKeyCredParams` is missing"),
        (replaced("user", r#""challenge": "AA==""#), "TypeError: `user` is missing"),
        (replaced("challenge", r#""challenge": "AAAAA""#), "EncodingError: `challenge` is cut off"),
        (
            replaced("", r#""extensions": {"prf": {"eval": {}}}"#),
            "TypeError: `extensions.prf.eval.first` is missing",
        ),
        (
            replaced("", r#""extensions": {"prf": {"evalByCredential": {"AA": {"first": "AA=="}}}}"#),
            "EncodingError: `extensions.prf.evalByCredential.AA.first` carries padding",
        ),
        (
            replaced("", r#""extensions": {"prf": {"evalByCredential": []}}"#),
            "TypeError: `extensions.prf.evalByCredential` must be an object, not a list",
        ),
        (
            replaced("", r#""extensions": {"largeBlob": {"write": "="}}"#),
            "EncodingError: `extensions.largeBlob.write` carries padding",
        ),
        (
            replaced("", r#""extensions": {"credentialProtectionPolicy": "never"}"#),
            "TypeError: `extensions.credentialProtectionPolicy` must be userVerificationOptional, ",
        ),
        (
            replaced("pubKeyCredParams", r#""pubKeyCredParams": null"#),
            "TypeError: `pubKeyCredParams` must be a list, not null",
        ),
        (
            replaced(
                "pubKeyCredParams",
                r#""pubKeyCredParams": [{"alg": -7, "type": "public-key"}, {"alg": -7}]"#,
            ),
            "TypeError: `pubKeyCredParams[1].type` is missing",
        ),
        (
            creation_json(r#""excludeCredentials": [{"type": "public-key", "id": "A="}],"#, ""),
            "EncodingError: `excludeCredentials[0].id` carries padding",
        ),
        (
            creation_json(r#""excludeCredentials": null,"#, ""),
            "TypeError: `excludeCredentials` must be a list, not null",
        ),
        (
            creation_json(r#""authenticatorSelection": true,"#, ""),
            "TypeError: `authenticatorSelection` must be an object, not a boolean",
        ),
        (creation_json(r#""timeout": [],"#, ""), "TypeError: `timeout` must be a number, not a list"),
        (creation_json(r#""extensions": 1,"#, ""), "TypeError: `extensions` must be an object"),
    ] {
        let error = CreationOptions::from_json(&text).expect_err(want);
        assert!(error.to_string().starts_with(want), "{error}, not {want}");
    }
    for (text, want) in [
        ("{}", "TypeError: `challenge` is missing"),
        (r#"{"challenge": "AA=="}"#, "EncodingError: `challenge` carries padding"),
        (
            r#"{"challenge": "", "allowCredentials": [{"type": "public-key", "id": "="}, {"id": ""}]}"#,
            "TypeError: `allowCredentials[1].type` is missing",
        ),
        (r#"{"challenge": "=", "timeout": []}"#, "TypeError: `timeout` must be a number, not a list"),
        (r#"{"challenge": "", "allowCredentials": {}}"#, "TypeError: `allowCredentials` must be a list"),
        (
            r#"{"publicKey": {"challenge": "", "allowCredentials": [{"type": "public-key", "id": "é"}]}}"#,
            "EncodingError: `publicKey.allowCredentials[0].id` has the character 'é'",
        ),
    ] {
        let error = RequestOptions::from_json(text).expect_err(want);
        assert!(error.to_string().starts_with(want), "{error}, not {want}");
    }
}

#[test]
fn bare_and_wrapped_options_are_the_same() {
    let bare = creation_json("", "");
    let options = CreationOptions::from_json(&bare).expect("usable");
    for text in [
        format!(r#"{{"publicKey": {bare}, "mediation": "optional"}}"#),
        format!("\u{feff}{bare}"),
        creation_json(r#""unknown": {"a": [null]}, "challenge": "____", "#, ""),
    ] {
        assert_eq!(CreationOptions::from_json(&text).as_ref(), Ok(&options), "{text}");
    }
}

#[test]
fn members_convert_as_in_web_idl() {
    let options = creation(
        r#""attestation": "direct", "attestationFormats": ["tpm", 1], "hints": ["client-device"], "timeout": "1000",
           "authenticatorSelection": {"authenticatorAttachment": "platform", "residentKey": "preferred",
               "userVerification": "required", "requireResidentKey": 1},
           "extensions": {"credProps": 1, "unknown": {"a": 1}},"#,
    );
    assert_eq!(options.attestation, AttestationConveyance::Direct);
    assert_eq!(options.attestation_formats, ["tpm", "1"]);
    assert_eq!(options.hints, ["client-device"]);
    assert_eq!(options.timeout, Some(Duration::from_secs(1)));
    let selection = options.authenticator_selection;
    assert_eq!(selection.authenticator_attachment, Some(AuthenticatorAttachment::Platform));
    assert_eq!(selection.resident_key, Some(ResidentKey::Preferred));
    assert!(selection.require_resident_key);
    assert_eq!(selection.user_verification, UserVerificationRequirement::Required);
    assert_eq!(options.extensions.cred_props, Some(true));
}

#[test]
fn unknown_values_count_as_absent() {
    let options = creation(
        r#""attestation": "everything", "authenticatorSelection": {"authenticatorAttachment": "belt",
               "residentKey": "maybe", "requireResidentKey": true, "userVerification": "often"},"#,
    );
    assert_eq!(options.attestation, AttestationConveyance::None);
    let selection = options.authenticator_selection;
    assert_eq!(selection.authenticator_attachment, None);
    assert_eq!(selection.effective_resident_key(), ResidentKey::Required);
    assert_eq!(selection.user_verification, UserVerificationRequirement::Preferred);
    assert_eq!(
        request(r#""userVerification": null,"#).user_verification,
        UserVerificationRequirement::Preferred
    );
}

#[test]
fn the_lifetime_is_in_the_recommended_range() {
    for (timeout, seconds) in [
        ("", 300),
        (r#""timeout": 60000,"#, 300),
        (r#""timeout": 360000,"#, 360),
        (r#""timeout": 4e9,"#, 600),
    ] {
        assert_eq!(creation(timeout).lifetime(), Duration::from_secs(seconds), "{timeout}");
        assert_eq!(request(timeout).lifetime(), Duration::from_secs(seconds), "{timeout}");
    }
}

/// A JSON value of names and values that options have, among others.
fn json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<f64>().prop_map(Into::into),
        "[A-Za-z0-9_=-]{0,12}|public-key|required|\\PC{0,4}".prop_map(Into::into),
    ];
    let name = prop_oneof![
        prop::sample::select(vec![
            "publicKey",
            "rp",
            "id",
            "name",
            "user",
            "displayName",
            "challenge",
            "pubKeyCredParams",
            "type",
            "alg",
            "timeout",
            "excludeCredentials",
            "allowCredentials",
            "transports",
            "authenticatorSelection",
            "residentKey",
            "requireResidentKey",
            "userVerification",
            "authenticatorAttachment",
            "hints",
            "attestation",
            "attestationFormats",
            "extensions",
            "credProps",
            "rpId",
        ])
        .prop_map(str::to_owned),
        "\\PC{0,4}",
    ];
    leaf.prop_recursive(5, 64, 12, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Into::into),
            prop::collection::vec((name.clone(), inner), 0..12)
                .prop_map(|members| serde_json::Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn no_json_panics(value in json()) {
        let text = value.to_string();
        drop(CreationOptions::from_json(&text));
        drop(RequestOptions::from_json(&text));
    }

    #[test]
    fn no_text_panics(text in "\\PC{0,64}") {
        drop(CreationOptions::from_json(&text));
        drop(RequestOptions::from_json(&text));
    }
}
