//! The description of the API, the routes, and what they really answer.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::common::{GET, Running, create};

/// `UPDATE=1 cargo test -p softhello-server openapi` writes the file anew.
#[test]
fn the_file_is_what_the_routes_say() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/openapi.json");
    let made = softhello_server::openapi().to_pretty_json().expect("JSON") + "\n";
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(path, &made).expect("written");
    }
    let kept = std::fs::read_to_string(path).unwrap_or_default();
    assert!(kept == made, "openapi.json is stale: run `UPDATE=1 cargo test -p softhello-server openapi`");
}

#[test]
fn every_described_operation_is_there_and_needs_the_token() {
    let server = Running::start();
    let description = server.say("GET", "/openapi.json", &[], "").json();
    let (mut operations, mut ids) = (0, BTreeSet::new());
    for (path, item) in description["paths"].as_object().expect("paths") {
        for (method, operation) in item.as_object().expect("methods") {
            operations += 1;
            assert!(ids.insert(operation["operationId"].to_string()), "{operation}");
            let path = path.replace("{id}", "7").replace(['{', '}'], "");
            let (method, public) = (method.to_uppercase(), path == "/healthz");
            let without = server.say(&method, &path, &[], "");
            assert_eq!(without.status, if public { 200 } else { 401 }, "{method} {path}");
            if path == "/api/events" {
                continue;
            }
            let answer = server.ask(&method, &path, "");
            assert!(answer.status != 405 && !answer.body.contains("there is nothing at"), "{method} {path}");
        }
    }
    assert!(operations > 40, "{operations}");
}

/// The shapes in the description are written beside what makes the answers: here they are held against each other.
#[test]
fn answers_have_the_shapes_that_are_described() {
    let server = Running::start();
    let description = server.say("GET", "/openapi.json", &[], "").json();
    let check = |path: &str, method: &str, status: &str, answer: &Value| {
        let pointer = ["paths", path, method, "responses", status, "content", "application/json", "schema"]
            .iter()
            .fold(String::new(), |all, part| format!("{all}/{}", part.replace('~', "~0").replace('/', "~1")));
        let mut schema = description.pointer(&pointer).unwrap_or_else(|| panic!("{pointer}")).clone();
        schema["components"] = closed(description["components"].clone());
        let validator = jsonschema::validator_for(&schema).expect("a schema");
        let errors: Vec<String> = validator
            .iter_errors(answer)
            .map(|error| format!("{error} at {}", error.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{method} {path}: {errors:#?}\n{answer:#}");
    };
    let device = server.json("POST", "/api/devices", r#"{"id":"d","ttlSeconds":60,"user":"ask"}"#, 201);
    check("/api/devices", "post", "201", &device);
    server.json("PUT", "/api/devices/d/user", r#"{"does":"approve","next":[]}"#, 200);
    server.json("POST", "/api/devices/d/accounts/default/whfb", r#"{"upn":"ada@contoso.example"}"#, 201);
    let made = server.json("POST", "/api/devices/d/create", &create("ada"), 200);
    check("/api/devices/{device}/create", "post", "200", &made);
    let got = server.json("POST", "/api/devices/d/get", GET, 200);
    check("/api/devices/{device}/get", "post", "200", &got);
    server.json("PUT", "/api/devices/d/user", r#""decline""#, 200);
    let refused = server.json("POST", "/api/devices/d/get", GET, 422);
    check("/api/devices/{device}/get", "post", "422", &refused);
    for (path, described) in [
        ("/api/devices", "/api/devices"),
        ("/api/devices/d", "/api/devices/{device}"),
        ("/api/devices/d/uvpaa", "/api/devices/{device}/uvpaa"),
        ("/api/devices/d/accounts", "/api/devices/{device}/accounts"),
        ("/api/devices/d/accounts/default/container", "/api/devices/{device}/accounts/{account}/container"),
        ("/api/devices/d/accounts/default/passkeys", "/api/devices/{device}/accounts/{account}/passkeys"),
        ("/api/traces", "/api/traces"),
        ("/api/traces/1", "/api/traces/{id}"),
        ("/api/traces/3", "/api/traces/{id}"),
        ("/api/questions", "/api/questions"),
    ] {
        check(described, "get", "200", &server.json("GET", path, "", 200));
    }
    let explained = server.json("POST", "/api/explain", r#"{"bytes":"a10102"}"#, 200);
    check("/api/explain", "post", "200", &explained);
}

/// Members that are not described are wrong too.
fn closed(mut components: Value) -> Value {
    for schema in components["schemas"].as_object_mut().expect("schemas").values_mut() {
        if schema.get("properties").is_some() && schema.get("additionalProperties").is_none() {
            schema["additionalProperties"] = json!(false);
        }
    }
    components
}
