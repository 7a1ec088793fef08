//! The test vectors of Web Authentication Level 3 §16, through the client: client data and attestation objects come
//! out byte for byte, and so do the authenticator data and signatures that the authenticator put in.

use data_encoding::BASE64URL_NOPAD;
use serde_json::Value;
use softhello_ctap::cbor::{Reader, Writer};
use softhello_webauthn::{Client, CreationOptions, RequestOptions};

use crate::common::{Scripted, hello, unhex};

#[test]
fn every_vector_comes_out_byte_for_byte() {
    let text = include_str!("../../../../vectors/webauthn-l3.json");
    let vectors: Value = serde_json::from_str(text).expect("JSON");
    let vectors = vectors.get("vectors").and_then(Value::as_array).expect("a list of vectors");
    assert_eq!(vectors.len(), 15);
    for vector in vectors {
        registration(vector);
        authentication(vector);
    }
}

fn registration(vector: &Value) {
    let name = vector.get("id").and_then(Value::as_str).expect("an id");
    let half = vector.get("registration").expect("a registration");
    let object = bytes(half, "attestationObject");
    let (fmt, att_stmt, auth_data) = parts(&object);
    let mut reply = Writer::appending(vec![0]);
    reply.map(3).int(1).text(fmt).int(2).bytes(auth_data).int(3).raw(att_stmt);
    let mut authenticator = Scripted::new([hello(), reply.into_bytes()]);
    let options = CreationOptions::from_json(&format!(
        r#"{{"rp": {{"id": "example.org", "name": ""}}, "challenge": "{}", "attestation": "{}",
            "user": {{"id": "AA", "name": "", "displayName": ""}},
            "pubKeyCredParams": [{}]}}"#,
        BASE64URL_NOPAD.encode(&bytes(half, "challenge")),
        if name.starts_with("none") { "none" } else { "direct" },
        [-7, -8, -35, -36, -53, -257]
            .map(|alg| format!(r#"{{"type": "public-key", "alg": {alg}}}"#))
            .join(",")
    ))
    .expect(name);
    let response = pollster::block_on(client(half).create(&mut authenticator, &options)).expect(name);
    assert_eq!(response.client_data_json(), bytes(half, "clientDataJSON"), "{name}");
    assert_eq!(response.attestation_object(), object, "{name}");
    assert_eq!(response.authenticator_data(), auth_data, "{name}");
    assert_eq!(response.credential_id(), bytes(half, "credential_id"), "{name}");
    let known = [-7, -8, -257].contains(&response.public_key_algorithm());
    assert_eq!(response.public_key().is_some(), known, "{name}");
}

fn authentication(vector: &Value) {
    let name = vector.get("id").and_then(Value::as_str).expect("an id");
    let half = vector.get("authentication").expect("an authentication");
    let id = bytes(vector.get("registration").expect("a registration"), "credential_id");
    let (auth_data, signature) = (bytes(half, "authenticatorData"), bytes(half, "signature"));
    let mut reply = Writer::appending(vec![0]);
    reply.map(4).int(1).map(2).text("id").bytes(&id).text("type").text("public-key");
    reply.int(2).bytes(&auth_data).int(3).bytes(&signature);
    reply.int(4).map(1).text("id").bytes(&[1]);
    let mut authenticator = Scripted::new([hello(), reply.into_bytes()]);
    let options = RequestOptions::from_json(&format!(
        r#"{{"rpId": "example.org", "challenge": "{}"}}"#,
        BASE64URL_NOPAD.encode(&bytes(half, "challenge"))
    ))
    .expect(name);
    let response = pollster::block_on(client(half).get(&mut authenticator, &options)).expect(name);
    assert_eq!(response.client_data_json(), bytes(half, "clientDataJSON"), "{name}");
    assert_eq!(response.authenticator_data(), auth_data, "{name}");
    assert_eq!(response.signature(), signature, "{name}");
    assert_eq!(response.user_handle(), Some(&[1][..]), "{name}");
}

/// The client that the expected client data was made by.
fn client(half: &Value) -> Client {
    let want: Value = serde_json::from_slice(&bytes(half, "clientDataJSON")).expect("JSON");
    let text = |name: &str| want.get(name).and_then(Value::as_str);
    let mut client = Client::new(text("origin").expect("an origin")).expect("an origin");
    client = match text("topOrigin") {
        Some(top_origin) => client.top_origin(top_origin).expect("an origin"),
        None => client.cross_origin(want.get("crossOrigin") == Some(&Value::Bool(true))),
    };
    client.further_members(text("extraData").map(|extra_data| ("extraData", extra_data)))
}

fn bytes(half: &Value, name: &str) -> Vec<u8> {
    unhex(half.get(name).and_then(Value::as_str).expect(name))
}

/// `fmt`, `attStmt` and `authData` of an attestation object.
fn parts(object: &[u8]) -> (&str, &[u8], &[u8]) {
    let mut reader = Reader::new(object);
    assert_eq!(reader.map_len(), Ok(3));
    assert_eq!(reader.text(), Ok("fmt"));
    let fmt = reader.text().expect("text");
    assert_eq!(reader.text(), Ok("attStmt"));
    let att_stmt = reader.item().expect("an item");
    assert_eq!(reader.text(), Ok("authData"));
    (fmt, att_stmt, reader.bytes().expect("bytes"))
}
