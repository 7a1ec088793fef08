use data_encoding::{BASE64URL_NOPAD, HEXLOWER};

use super::*;

const USER: &str = "ada@example.com";

#[test]
fn options_say_what_was_asked_for() {
    let mut rp = RelyingParty::new("RP.example.com").unwrap();
    assert_eq!(rp.origin(), "https://rp.example.com");
    for (name, algorithms, attestation) in
        [("Windows Hello", &[RS256, ES256][..], "direct"), ("the client's default", &[], "none")]
    {
        let options = options(rp.creation_options(USER, Registration { algorithms, attestation }));
        let listed: Vec<i64> = options["pubKeyCredParams"]
            .as_array()
            .unwrap()
            .iter()
            .map(|param| param["alg"].as_i64().unwrap())
            .collect();
        assert_eq!(listed, algorithms, "{name}");
        assert_eq!(options["attestation"], attestation, "{name}");
        assert_eq!(options["rp"]["id"], "rp.example.com", "{name}");
        assert_eq!(options["user"]["displayName"], USER, "{name}");
        assert_eq!(options["authenticatorSelection"]["userVerification"], "required", "{name}");
        assert_eq!(options.get("attestationFormats"), None, "{name}");
    }
    let unknown =
        rp.creation_options(USER, Registration { algorithms: &[ES256, -65535], ..Default::default() });
    assert!(matches!(unknown, Err(RpError::Algorithm(-65535))));
    assert!(matches!(rp.creation_options("a b", Registration::default()), Err(RpError::UserName { .. })));
    assert!(matches!(rp.request_options(Some(USER)), Err(RpError::NoCredential(_))));
    assert!(matches!(RelyingParty::new("b\u{fc}cher.example"), Err(RpError::RpId { .. })));
}

#[test]
fn a_registration_is_verified_and_remembered() {
    let mut rp = RelyingParty::new("rp.example.com").unwrap();
    for (name, origin, rp_id_hash, flags, want) in [
        ("another origin", "https://example.com", RP_ID_HASH, 0x45, "origin"),
        ("another port", "https://rp.example.com:8443", RP_ID_HASH, 0x45, "origin"),
        ("another RP ID", "https://rp.example.com", &RP_ID_HASH.replace('f', "e"), 0x45, "hash"),
        ("no user verification", "https://rp.example.com", RP_ID_HASH, 0x41, "not verified"),
        ("no user presence", "https://rp.example.com", RP_ID_HASH, 0x44, "not present"),
    ] {
        let options = options(rp.creation_options(USER, Registration::default()));
        let refused = rp.register(&registration(&options, origin, rp_id_hash, flags)).unwrap_err();
        assert!(matches!(refused, RpError::Registration(_)), "{name}");
        assert!(refused.to_string().contains(want), "{name}: {refused}");
    }
    let first = options(rp.creation_options(USER, Registration::default()));
    let response = registration(&first, "https://rp.example.com", RP_ID_HASH, 0x45);
    let second = options(rp.creation_options(USER, Registration::default()));
    let stale = rp.register(&response).unwrap_err();
    assert!(stale.to_string().contains("challenge"), "{stale}");
    assert!(matches!(rp.register(&response), Err(RpError::NoCeremony("registration"))));
    assert_eq!(first["user"]["id"], second["user"]["id"]);

    let options = options(rp.creation_options(USER, Registration::default()));
    let registered =
        rp.register(&registration(&options, "https://rp.example.com", RP_ID_HASH, 0x45)).unwrap();
    let want = Registered {
        credential_id: vec![7; 32],
        aaguid: [6; 16],
        format: "none",
        algorithm: ES256,
        sign_count: 0,
        user_verified: true,
        backup_eligible: false,
    };
    assert_eq!(registered, want);
}

#[test]
fn a_known_credential_is_excluded_listed_and_not_registered_twice() {
    let mut rp = RelyingParty::new("rp.example.com").unwrap();
    let first = options(rp.creation_options(USER, Registration::default()));
    rp.register(&registration(&first, "https://rp.example.com", RP_ID_HASH, 0x45)).unwrap();

    let id = Value::from(BASE64URL_NOPAD.encode(&[7; 32]));
    let again = options(rp.creation_options(USER, Registration::default()));
    assert_eq!(again["excludeCredentials"][0]["id"], id);
    let refused = rp.register(&registration(&again, "https://rp.example.com", RP_ID_HASH, 0x45));
    assert!(matches!(refused, Err(RpError::CredentialIdInUse(user)) if user == USER));
    assert_eq!(options(rp.request_options(Some(USER)))["allowCredentials"][0]["id"], id);
    assert_eq!(options(rp.request_options(None))["allowCredentials"], json!([]));
}

#[test]
fn a_sign_in_needs_the_credential_and_its_signature() {
    let mut rp = RelyingParty::new("rp.example.com").unwrap();
    assert!(matches!(rp.sign_in("{}"), Err(RpError::NoCeremony("sign-in"))));
    let creation = options(rp.creation_options(USER, Registration::default()));
    rp.register(&registration(&creation, "https://rp.example.com", RP_ID_HASH, 0x45)).unwrap();
    let mut assertion = |id: u8| {
        let options = options(rp.request_options(None));
        let data = HEXLOWER.decode(format!("{RP_ID_HASH}0500000001").as_bytes()).unwrap();
        let id = BASE64URL_NOPAD.encode(&[id; 32]);
        let response = json!({
            "id": id, "rawId": id, "type": "public-key", "clientExtensionResults": {},
            "response": {
                "clientDataJSON": client_data("webauthn.get", &options, "https://rp.example.com"),
                "authenticatorData": BASE64URL_NOPAD.encode(&data),
                "signature": BASE64URL_NOPAD.encode(&[0x30, 6, 2, 1, 1, 2, 1, 1]),
                "userHandle": creation["user"]["id"],
            },
        });
        rp.sign_in(&response.to_string()).unwrap_err()
    };
    assert!(matches!(assertion(7), RpError::SignIn(AuthCeremonyErr::AssertionSignature)));
    assert!(matches!(assertion(8), RpError::UnknownCredential));
}

fn options(text: Result<String, RpError>) -> Value {
    serde_json::from_str(&text.unwrap()).unwrap()
}

fn client_data(kind: &str, options: &Value, origin: &str) -> String {
    let challenge = options["challenge"].as_str().unwrap();
    let text =
        format!(r#"{{"type":"{kind}","challenge":"{challenge}","origin":"{origin}","crossOrigin":false}}"#);
    BASE64URL_NOPAD.encode(text.as_bytes())
}

/// With attestation `none` there is no signature, and any point of the curve is a key: here its generator.
fn registration(options: &Value, origin: &str, rp_id_hash: &str, flags: u8) -> String {
    let (aaguid, id) = ("06".repeat(16), "07".repeat(32));
    let cose_key = format!("a5010203262001215820{GX}225820{GY}");
    let auth_data = format!("{rp_id_hash}{flags:02x}00000000{aaguid}0020{id}{cose_key}");
    // {"fmt": "none", "attStmt": {}, "authData": h'..'}
    let object = format!(
        "a363666d74646e6f6e656761747453746d74a0686175746844617461 58{:02x}{auth_data}",
        auth_data.len() / 2
    );
    let spki = format!("3059301306072a8648ce3d020106082a8648ce3d030107034200 04{GX}{GY}");
    let base64 =
        |hex: &str| BASE64URL_NOPAD.encode(&HEXLOWER.decode(hex.replace(' ', "").as_bytes()).unwrap());
    let response = json!({
        "id": base64(&id), "rawId": base64(&id), "type": "public-key", "clientExtensionResults": {},
        "response": {
            "clientDataJSON": client_data("webauthn.create", options, origin),
            "attestationObject": base64(&object),
            "authenticatorData": base64(&auth_data),
            "publicKey": base64(&spki),
            "publicKeyAlgorithm": ES256,
            "transports": ["internal"],
        },
    });
    response.to_string()
}

/// SHA-256 of `rp.example.com`.
const RP_ID_HASH: &str = "fe828f3f47351b0833ab3076f76aa3f75e417db7ec028106bd325e80f025cad1";
const GX: &str = "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296";
const GY: &str = "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5";
