//! Virtual authenticators of WebDriver and CDP.

use data_encoding::{BASE64, BASE64URL_NOPAD};
use serde_json::{Value, json};
use softhello_ctap::{Algorithm, PrivateKey};

use crate::common::Running;

fn private_key() -> Vec<u8> {
    let key = PrivateKey::from_bytes(Algorithm::Es256, &[7; 32]).expect("a key");
    key.to_pkcs8().expect("a document").to_vec()
}

/// A session over WebDriver's endpoints.
struct WebDriver<'a>(&'a Running);

impl WebDriver<'_> {
    #[track_caller]
    fn ok(&self, method: &str, path: &str, body: Value) -> Value {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let path = format!("/session/s/webauthn/authenticator{path}");
        self.0.json(method, &path, &body, 200)["value"].clone()
    }

    #[track_caller]
    fn refused(&self, method: &str, path: &str, body: Value, status: u16, error: &str, message: &str) {
        let path = format!("/session/s/webauthn/authenticator{path}");
        let value = self.0.json(method, &path, &body.to_string(), status)["value"].clone();
        assert_eq!(value["error"], error, "{value}");
        assert!(value["message"].as_str().is_some_and(|said| said.contains(message)), "{value}");
        assert!(value["stacktrace"].is_string());
    }

    fn page(&self, which: &str, options: Value) -> (u16, Value) {
        let body = json!({ "origin": "https://rp.example", "options": options }).to_string();
        let answer = self.0.ask("POST", &format!("/api/sessions/s/{which}"), &body);
        (answer.status, answer.json())
    }
}

fn creation(selection: Value) -> Value {
    json!({
        "rp": { "id": "rp.example", "name": "RP" },
        "user": { "id": "YWRh", "name": "ada", "displayName": "Ada" },
        "challenge": "AAEC",
        "pubKeyCredParams": [{ "type": "public-key", "alg": -7 }],
        "authenticatorSelection": selection,
    })
}

fn internal() -> Value {
    json!({
        "protocol": "ctap2", "transport": "internal", "hasResidentKey": true,
        "hasUserVerification": true, "isUserVerified": true, "unknownMember": 1,
    })
}

fn with_transport(transport: &str) -> Value {
    let mut options = internal();
    options["transport"] = transport.into();
    options
}

#[test]
fn credentials_come_go_and_sign_in() {
    let server = Running::start();
    let driver = WebDriver(&server);
    let id = driver.ok("POST", "", with_transport("usb"));
    let id = format!("/{}", id.as_str().expect("an id"));
    assert_eq!(server.json("GET", "/api/sessions/s/uvpaa", "", 200)["isUvpaa"], false);
    let credential = json!({
        "credentialId": BASE64URL_NOPAD.encode(b"resident"), "isResidentCredential": true,
        "rpId": "rp.example", "privateKey": BASE64URL_NOPAD.encode(&private_key()) + "==", "userHandle": "YWRh",
        "signCount": 5, "userName": "ada",
    });
    // Padding is taken where it is right.
    let padded = data_encoding::BASE64URL.encode(&private_key());
    let mut right = credential.clone();
    right["privateKey"] = padded.into();
    driver.ok("POST", &format!("{id}/credential"), right.clone());
    driver.refused("POST", &format!("{id}/credential"), right, 500, "unknown error", "creat");
    let (status, got) = driver.page("get", json!({ "challenge": "AAEC", "rpId": "rp.example" }));
    assert_eq!((status, &got["response"]["userHandle"]), (200, &json!("YWRh")), "{got}");

    // Neither resident nor stored: it is listed all the same.
    let (status, made) = driver.page("create", creation(json!({ "residentKey": "discouraged" })));
    assert_eq!(status, 200, "{made}");
    let listed = driver.ok("GET", &format!("{id}/credentials"), Value::Null);
    let listed = listed.as_array().expect("a list");
    assert_eq!(listed.len(), 2);
    let found = listed.iter().find(|one| one["credentialId"] == made["id"]).expect("it is listed");
    assert_eq!((&found["isResidentCredential"], &found["userHandle"]), (&json!(false), &json!("YWRh")));
    assert_eq!(listed.iter().find(|one| one["isResidentCredential"] == true).expect("one")["signCount"], 6);
    let allow = json!([{ "type": "public-key", "id": made["id"] }]);
    let get = json!({ "challenge": "AAEC", "rpId": "rp.example", "allowCredentials": allow });
    assert_eq!(driver.page("get", get.clone()).0, 200);
    let one = format!("{id}/credentials/{}", made["id"].as_str().expect("an id"));
    driver.ok("DELETE", &one, Value::Null);
    driver.refused("DELETE", &one, json!({}), 400, "invalid argument", "credential matching");
    let (status, refused) = driver.page("get", get);
    assert_eq!((status, &refused["name"]), (422, &json!("NotAllowedError")));

    let resident = format!("{id}/credentials/{}", BASE64URL_NOPAD.encode(b"resident"));
    driver.ok(
        "POST",
        &format!("{resident}/props"),
        json!({ "backupEligibility": true, "backupState": true, "signCount": 3 }),
    );
    let listed = driver.ok("GET", &format!("{id}/credentials"), Value::Null);
    assert_eq!((&listed[0]["backupState"], &listed[0]["signCount"]), (&json!(true), &json!(3)));
    driver.ok("DELETE", &format!("{id}/credentials"), Value::Null);
    assert_eq!(driver.ok("GET", &format!("{id}/credentials"), Value::Null), json!([]));
    driver.ok("DELETE", &id, Value::Null);
    driver.refused("DELETE", &id, json!({}), 400, "invalid argument", "Virtual Authenticator matching");
}

#[test]
fn more_than_three_resident_credentials_fit() {
    let server = Running::start();
    let driver = WebDriver(&server);
    driver.ok("POST", "", internal());
    for number in 0..10 {
        let mut options = creation(json!({ "residentKey": "required" }));
        options["user"]["id"] = BASE64URL_NOPAD.encode(&[number]).into();
        assert_eq!(driver.page("create", options).0, 200, "{number}");
    }
}

#[test]
fn users_verify_and_consent_as_they_are_said_to() {
    let server = Running::start();
    let driver = WebDriver(&server);
    let id = driver.ok("POST", "", with_transport("usb"));
    let uv = format!("/{}/uv", id.as_str().expect("an id"));
    let required = || creation(json!({ "userVerification": "required" }));
    assert_eq!(driver.page("create", required()).0, 200);
    driver.ok("POST", &uv, json!({ "isUserVerified": false }));
    for _ in 0..12 {
        let (status, refused) = driver.page("create", required());
        assert_eq!((status, &refused["name"]), (422, &json!("NotAllowedError")));
    }
    let discouraged = creation(json!({ "userVerification": "discouraged" }));
    let (status, made) = driver.page("create", discouraged);
    assert_eq!(status, 200, "{made}");
    driver.ok("POST", &uv, json!({ "isUserVerified": true }));
    assert_eq!(driver.page("create", required()).0, 200);

    let platform = || creation(json!({ "authenticatorAttachment": "platform" }));
    // Nobody has what is asked for.
    assert_eq!(driver.page("create", platform()).1["name"], "NotAllowedError");
    let mut absent = internal();
    absent["isUserConsenting"] = false.into();
    driver.ok("POST", "", absent);
    assert_eq!(server.json("GET", "/api/sessions/s/uvpaa", "", 200)["isUvpaa"], true);
    assert_eq!(driver.page("create", platform()).1["name"], "NotAllowedError");
}

#[test]
fn u2f_and_prf_and_flags() {
    let server = Running::start();
    let driver = WebDriver(&server);
    driver.ok("POST", "", json!({ "protocol": "ctap1/u2f", "transport": "usb" }));
    let (status, made) = driver.page("create", creation(json!({ "userVerification": "discouraged" })));
    assert_eq!(status, 200, "{made}");
    server.json("DELETE", "/api/sessions/s", "", 204);
    let mut options = internal();
    options["extensions"] = json!(["prf"]);
    options["defaultBackupEligibility"] = json!(true);
    let id = driver.ok("POST", "", options);
    let mut options = creation(json!({ "residentKey": "required", "userVerification": "required" }));
    options["extensions"] = json!({ "prf": {} });
    let (status, made) = driver.page("create", options);
    assert_eq!((status, &made["clientExtensionResults"]["prf"]["enabled"]), (200, &json!(true)), "{made}");
    let salt = BASE64URL_NOPAD.encode(&[1; 32]);
    let get = json!({
        "challenge": "AAEC", "rpId": "rp.example", "userVerification": "required",
        "extensions": { "prf": { "eval": { "first": salt } } },
    });
    let (status, got) = driver.page("get", get);
    let first = got["clientExtensionResults"]["prf"]["results"]["first"].as_str().map(str::len);
    assert_eq!((status, first), (200, Some(43)), "{got}");
    let listed = driver.ok("GET", &format!("/{}/credentials", id.as_str().expect("an id")), Value::Null);
    assert_eq!(listed[0]["backupEligibility"], true);
}

#[test]
fn what_is_wrong_is_refused_in_chromedrivers_words() {
    let server = Running::start();
    let driver = WebDriver(&server);
    let with = |member: &str, value: Value| {
        let mut options = internal();
        options[member] = value;
        options
    };
    for (body, status, error, message) in [
        (json!([]), 400, "invalid argument", "missing command parameters"),
        (json!({}), 400, "invalid argument", "Invalid parameters"),
        (with("protocol", json!("ctap9")), 400, "invalid argument", "not a recognized protocol version"),
        (with("transport", json!("wifi")), 400, "invalid argument", "The transport is not valid"),
        (with("hasResidentKey", Value::Null), 400, "invalid argument", "Invalid parameters"),
        (with("extensions", json!("prf")), 400, "invalid argument", "must be a list of strings"),
        (
            with("extensions", json!(["bogus"])),
            500,
            "unsupported operation",
            "bogus is not a recognized extension",
        ),
        (with("extensions", json!(["credBlob"])), 400, "invalid argument", "CTAP 2.1 authenticator"),
    ] {
        driver.refused("POST", "", body, status, error, message);
    }
    driver.refused(
        "GET",
        "/nobody/credentials",
        json!({}),
        400,
        "invalid argument",
        "Virtual Authenticator matching",
    );
    let id = driver.ok("POST", "", json!({ "protocol": "ctap2", "transport": "usb" }));
    let base = format!("/{}/credential", id.as_str().expect("an id"));
    let credential = |member: &str, value: Value| {
        let mut credential = json!({
            "credentialId": "AAEC", "isResidentCredential": false, "rpId": "rp.example",
            "privateKey": BASE64URL_NOPAD.encode(&private_key()), "signCount": 0,
        });
        credential[member] = value;
        credential
    };
    for (body, status, error, message) in [
        (
            credential("rpId", Value::Null),
            400,
            "invalid argument",
            "The Relying Party ID is a required parameter",
        ),
        (credential("credentialId", json!("+/")), 400, "invalid argument", "base64url encoded string"),
        (credential("signCount", json!(-1)), 400, "invalid argument", "unsigned 32-bit"),
        (credential("isResidentCredential", json!(true)), 400, "invalid argument", "Resident Credentials."),
        (credential("privateKey", json!("AAEC")), 500, "unknown error", "creat"),
    ] {
        driver.refused("POST", &base, body, status, error, message);
    }
}

#[test]
fn cdp_has_the_same_meaning() {
    let server = Running::start();
    let say = |method: &str, params: Value| {
        let body = json!({ "method": format!("WebAuthn.{method}"), "params": params }).to_string();
        server.json("POST", "/api/sessions/c/cdp", &body, 200)
    };
    let page = |which: &str, options: Value| {
        let body = json!({ "origin": "https://rp.example", "options": options }).to_string();
        server.ask("POST", &format!("/api/sessions/c/{which}"), &body).json()
    };
    let options = json!({
        "protocol": "ctap2", "ctap2Version": "ctap2_1", "transport": "internal", "hasResidentKey": true,
        "hasUserVerification": true, "isUserVerified": true,
    });
    assert_eq!(say("addVirtualAuthenticator", json!({ "options": options }))["error"]["code"], -32000);
    assert_eq!(say("enable", Value::Null), json!({ "result": {} }));
    let added = say("addVirtualAuthenticator", json!({ "options": options }));
    let id = added["result"]["authenticatorId"].clone();
    let credential = json!({
        "credentialId": BASE64.encode(b"some"), "isResidentCredential": true, "rpId": "rp.example",
        "privateKey": BASE64.encode(&private_key()), "userHandle": BASE64.encode(b"ada"), "signCount": 1,
    });
    assert_eq!(
        say("addCredential", json!({ "authenticatorId": id, "credential": credential })),
        json!({ "result": {} })
    );
    let listed = say("getCredentials", json!({ "authenticatorId": id }));
    assert_eq!(listed["result"]["credentials"][0]["privateKey"], credential["privateKey"]);
    let get = json!({ "challenge": "AAEC", "rpId": "rp.example" });
    assert_eq!(page("get", get.clone())["response"]["userHandle"], "YWRh");
    let which = json!({ "authenticatorId": id, "credentialId": credential["credentialId"] });
    assert_eq!(say("getCredential", which.clone())["result"]["credential"]["signCount"], 2);

    say("setResponseOverrideBits", json!({ "authenticatorId": id, "isBogusSignature": true }));
    let bogus = page("get", get.clone())["response"]["signature"].clone();
    assert!(bogus.as_str().expect("a signature").bytes().all(|byte| byte == b'A'), "{bogus}");
    say("setResponseOverrideBits", json!({ "authenticatorId": id, "isBadUV": true }));
    let data = page("get", get.clone())["response"]["authenticatorData"].clone();
    let data = BASE64URL_NOPAD.decode(data.as_str().expect("data").as_bytes()).expect("base64url");
    assert_eq!(data[32], 0x01);
    say("setResponseOverrideBits", json!({ "authenticatorId": id }));

    say(
        "setCredentialProperties",
        json!({ "authenticatorId": id, "credentialId": credential["credentialId"], "backupEligibility": true }),
    );
    assert_eq!(say("getCredential", which.clone())["result"]["credential"]["backupEligibility"], true);
    say("setUserVerified", json!({ "authenticatorId": id, "isUserVerified": false }));
    assert_eq!(page("get", get)["name"], "NotAllowedError");
    assert_eq!(say("removeCredential", which.clone()), json!({ "result": {} }));
    for (method, params, code, message) in [
        ("removeCredential", which, -32602, "Could not find a credential"),
        ("nothing", json!({}), -32601, "wasn't found"),
        ("getCredentials", json!({}), -32602, "Invalid parameters"),
        (
            "getCredentials",
            json!({ "authenticatorId": "x" }),
            -32602,
            "Could not find a Virtual Authenticator",
        ),
        ("addVirtualAuthenticator", json!({ "options": options }), -32602, "internal authenticator"),
    ] {
        let error = &say(method, params)["error"];
        assert_eq!(error["code"], code, "{method}: {error}");
        assert!(error["message"].as_str().is_some_and(|said| said.contains(message)), "{method}: {error}");
    }
    assert_eq!(say("disable", json!({})), json!({ "result": {} }));
    assert_eq!(server.json("GET", "/api/devices", "", 200).as_array().map(Vec::len), Some(1));
}
