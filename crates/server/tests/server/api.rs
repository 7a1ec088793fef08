//! What each route does.

use std::{
    io::{BufRead as _, BufReader, Read as _},
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::common::{Answer, GET, Running, create};

#[test]
fn devices_see_nothing_of_each_other() {
    let server = Running::start();
    for body in [r#"{"id":"a"}"#, r#"{"id":"b","ephemeral":false}"#, r#"{"id":"c","profile":"security-key"}"#]
    {
        server.json("POST", "/api/devices", body, 201);
    }
    server.json("POST", "/api/devices", r#"{"id":"a"}"#, 409);
    server.json("POST", "/api/devices", r#"{"id":"no/slash"}"#, 400);
    server.json("POST", "/api/devices", r#"{"profile":"no-such"}"#, 400);
    server.json("POST", "/api/devices", r#"{"ephemeral":false,"ttlSeconds":1}"#, 400);
    let devices = ["default", "a", "b", "c"];
    for device in devices {
        server.json("POST", &format!("/api/devices/{device}/create"), &create(device), 200);
    }
    for device in devices {
        let path = format!("/api/devices/{device}/accounts/default/passkeys");
        // A security key keeps only what is asked to be discoverable.
        let wanted = if device == "c" { json!([]) } else { json!([device]) };
        let passkeys = server.json("GET", &path, "", 200);
        let names: Vec<&Value> =
            passkeys.as_array().expect("a list").iter().map(|one| &one["user"]["name"]).collect();
        assert_eq!(json!(names), wanted, "{device}");
    }
    server.json("DELETE", "/api/devices/b", "", 204);
    server.json("GET", "/api/devices/b", "", 404);
    server.json("POST", "/api/devices", r#"{"id":"b","ephemeral":false}"#, 201);
    assert_eq!(server.json("GET", "/api/devices/b/accounts/default/passkeys", "", 200), json!([]));
    server.json("DELETE", "/api/devices/default", "", 409);
}

#[test]
fn an_ephemeral_device_ends_with_its_time() {
    let server = Running::start();
    server.json("POST", "/api/devices", r#"{"id":"short","ttlSeconds":1}"#, 201);
    server.json("GET", "/api/devices/short", "", 200);
    let begin = Instant::now();
    while server.ask("GET", "/api/devices/short", "").status != 404 {
        assert!(begin.elapsed() < Duration::from_secs(20), "it lives on");
        thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn accounts_containers_and_passkeys() {
    let server = Running::start();
    let base = "/api/devices/default";
    server.json("POST", &format!("{base}/accounts"), r#"{"name":"ada","kind":"entra"}"#, 201);
    server.json("POST", &format!("{base}/accounts"), r#"{"name":"x","kind":"nonsense"}"#, 400);
    server.json("POST", &format!("{base}/accounts"), r#"{"name":"bob","pin":false}"#, 201);
    server.json("PATCH", base, r#"{"account":"nobody"}"#, 404);
    let signed_in = server.json("PATCH", base, r#"{"account":"bob"}"#, 200);
    assert_eq!((&signed_in["account"], &signed_in["isUvpaa"]), (&json!("bob"), &json!(false)));
    server.json("PUT", &format!("{base}/accounts/bob/pin"), r#"{"pin":"4711"}"#, 204);
    assert_eq!(server.json("GET", &format!("{base}/uvpaa"), "", 200), json!({ "isUvpaa": true }));
    server.json("POST", &format!("{base}/create"), &create("bob@rp"), 200);

    let passkeys = format!("{base}/accounts/bob/passkeys");
    let listed = server.json("GET", &passkeys, "", 200);
    let id = listed[0]["id"].as_str().expect("an id").to_owned();
    let changed = server.json("PATCH", &format!("{passkeys}/{id}"), r#"{"signCount":41}"#, 200);
    assert_eq!(changed["signCount"], 41);
    server.json("PATCH", &format!("{passkeys}/{id}"), r#"{"signCount":1}"#, 409);
    server.json(
        "PATCH",
        &format!("{passkeys}/{id}"),
        r#"{"signCount":1,"breaking":["counter-increases"]}"#,
        200,
    );

    let exported = server.ask("GET", &format!("{base}/accounts/bob/export"), "").body;
    let imported = server.json("POST", &format!("{base}/accounts/ada/import"), &exported, 200);
    assert_eq!(imported["imported"], 1);
    server.json("DELETE", &format!("{passkeys}/{id}"), "", 204);
    server.json("DELETE", &format!("{passkeys}/{id}"), "", 404);
    assert_eq!(server.json("GET", &format!("{base}/accounts/ada/passkeys"), "", 200)[0]["id"], json!(id));

    // The authenticator of `bob` was used and is kept ready: its container can be deleted all the same.
    server.json("GET", &format!("{base}/accounts/bob/container"), "", 200);
    server.json("DELETE", &format!("{base}/accounts/bob/container"), "", 204);
    server.json("DELETE", &format!("{base}/accounts/bob/container"), "", 404);
    server.json("DELETE", &format!("{base}/accounts/bob"), "", 204);
    server.json("DELETE", &format!("{base}/accounts/bob"), "", 404);
}

#[test]
fn the_conflict_has_its_chain() {
    let server = Running::start();
    server.json(
        "POST",
        "/api/devices/default/accounts/default/whfb",
        r#"{"upn":"ada@contoso.example"}"#,
        201,
    );
    let create = create("ada@contoso.example").replace("https://rp.example", "https://login.microsoft.com");
    let refused = server.json("POST", "/api/devices/default/create", &create, 422);
    assert_eq!(refused["name"], "InvalidStateError");
    assert_eq!(
        refused["chain"],
        "AlreadyRegistered → CTAP2_ERR_CREDENTIAL_EXCLUDED (0x19) → NTE_EXISTS (0x8009000F) → InvalidStateError"
    );
    server.json("DELETE", "/api/devices/default/accounts/default/whfb/ada@contoso.example", "", 204);
    server.json("POST", "/api/devices/default/create", &create, 200);
    let diagram = server.json("GET", "/api/traces/1", "", 200)["diagram"].clone();
    let said: Vec<String> = diagram
        .as_array()
        .expect("messages")
        .iter()
        .map(|message| {
            format!("{} → {}: {}", message["from"], message["to"], message["text"]).replace('"', "")
        })
        .collect();
    insta::assert_snapshot!(said.join("\n"));
}

#[test]
fn users_follow_their_script() {
    let server = Running::start();
    let user = |body: &str| server.json("PUT", "/api/devices/default/user", body, 200);
    user(r#"{"does":"approve","next":["decline","wrong-pin"]}"#);
    let outcomes: Vec<u16> =
        (0..3).map(|_| server.ask("POST", "/api/devices/default/create", &create("ada")).status).collect();
    assert_eq!(outcomes, [422, 422, 200]);
    user(r#"{"does":"timeout","delayMs":100}"#);
    let refused = server.json("POST", "/api/devices/default/get", GET, 422);
    assert_eq!(refused["name"], "NotAllowedError");
    // The page's timeout is enforced here.
    user(r#""timeout""#);
    let begin = Instant::now();
    let get = GET.replace(r#""challenge""#, r#""timeout":300,"challenge""#);
    assert_eq!(server.json("POST", "/api/devices/default/get", &get, 422)["name"], "NotAllowedError");
    assert!(begin.elapsed() < Duration::from_secs(20));
}

#[test]
fn a_person_is_asked_and_answers() {
    let server = Running::start();
    server.json("PUT", "/api/devices/default/user", r#""ask""#, 200);
    let asked = |server: &Running| {
        let begin = Instant::now();
        loop {
            let questions = server.json("GET", "/api/questions", "", 200);
            if let Some(question) = questions.get(0) {
                return question.clone();
            }
            assert!(begin.elapsed() < Duration::from_secs(10), "nobody asks");
            thread::sleep(Duration::from_millis(10));
        }
    };
    thread::scope(|scope| {
        let create = scope.spawn(|| server.ask("POST", "/api/devices/default/create", &create("ada")));
        let question = asked(&server);
        assert_eq!((&question["gesture"], &question["wantsPin"]), (&json!("verify"), &json!(true)));
        let answer = |question: &Value, body: &str, status| {
            server.json("POST", &format!("/api/questions/{}", question["id"]), body, status);
        };
        answer(&question, r#"{"answer":"yes","pin":"0000"}"#, 204);
        answer(&question, r#"{"answer":"yes","pin":"0000"}"#, 404);
        // A wrong PIN is asked for again.
        let again = asked(&server);
        answer(&again, r#"{"answer":"yes","pin":"123456"}"#, 204);
        assert_eq!(create.join().expect("an answer").status, 200);

        let get = scope.spawn(|| server.ask("POST", "/api/devices/default/get", GET));
        answer(&asked(&server), r#"{"answer":"no"}"#, 204);
        let refused: Answer = get.join().expect("an answer");
        assert_eq!((refused.status, refused.json()["name"].clone()), (422, json!("NotAllowedError")));
    });
}

#[test]
fn closing_the_connection_aborts() {
    let server = Running::start();
    server.json("PUT", "/api/devices/default/user", r#""ask""#, 200);
    let stream = server.begin("POST", "/api/devices/default/create", &create("ada"));
    let until = |what: &str, done: &dyn Fn() -> bool| {
        let begin = Instant::now();
        while !done() {
            assert!(begin.elapsed() < Duration::from_secs(10), "{what}");
            thread::sleep(Duration::from_millis(10));
        }
    };
    let questions = || server.json("GET", "/api/questions", "", 200).as_array().map_or(0, Vec::len);
    until("nobody asks", &|| questions() == 1);
    drop(stream);
    until("the question stays", &|| questions() == 0);
    until("it is not traced", &|| server.json("GET", "/api/traces", "", 200)[0]["outcome"] != Value::Null);
    // The device is free again.
    server.json("PUT", "/api/devices/default/user", r#""approve""#, 200);
    server.json("POST", "/api/devices/default/create", &create("ada"), 200);
}

#[test]
fn what_happens_is_told_live() {
    let server = Running::start();
    let stream = server.begin("GET", "/api/events", "");
    let mut lines = BufReader::new(stream).lines();
    assert!(lines.next().expect("a line").expect("a line").contains(" 200 "));
    // Who only looks changes nothing: a page that looks again at every change would never end.
    for looked in ["accounts", "accounts/default/passkeys", "accounts/default/export", "info"] {
        server.ask("GET", &format!("/api/devices/default/{looked}"), "");
    }
    server.json("POST", "/api/devices/default/create", &create("ada"), 200);
    let told = lines.map(|line| line.expect("a line")).filter(|line| line.starts_with("event: "));
    assert_eq!(told.take(2).collect::<Vec<_>>(), ["event: trace", "event: changed"]);
}

#[test]
fn bytes_are_explained_with_their_ranges() {
    let server = Running::start();
    server.json("POST", "/api/devices/default/create", &create("ada"), 200);
    let trace = server.json("GET", "/api/traces/1", "", 200);
    let mut checked = 0;
    for exchange in trace["exchanges"].as_array().expect("exchanges") {
        for side in ["request", "response"] {
            let explained = &exchange[side];
            let length = explained["hex"].as_str().expect("hex").len() as u64 / 2;
            let mut at = 0;
            for node in explained["nodes"].as_array().expect("nodes") {
                at = covered(node, at, &mut checked);
            }
            assert_eq!(at, length, "every byte belongs to a node");
        }
    }
    assert!(checked > 50, "{checked}");
}

/// Nodes follow each other without a gap, and each ends where its last child does.
fn covered(node: &Value, at: u64, checked: &mut usize) -> u64 {
    *checked += 1;
    assert_eq!(node["offset"], at, "{node}");
    let mut end = at + node["length"].as_u64().expect("a length");
    for child in node["children"].as_array().expect("children") {
        end = covered(child, end, checked);
    }
    assert_eq!(node["end"], end, "{node}");
    end
}

#[test]
fn what_is_wrong_about_a_request_is_json_too() {
    let server = Running::start();
    for (method, path, status) in [
        ("GET", "/api/traces/x", 400),
        ("GET", "/api/traces?limit=x", 400),
        ("GET", "/api/why", 400),
        ("PUT", "/api/traces", 405),
        ("GET", "/api/nothing", 404),
    ] {
        assert!(server.json(method, path, "", status)["message"].is_string(), "{method} {path}");
    }
}

#[test]
fn scenarios_and_codes() {
    let server = Running::start();
    let list = server.json("GET", "/api/scenarios", "", 200);
    assert!(list["scenarios"].as_array().expect("a list").len() > 50);
    let run = server.json("POST", "/api/scenarios/whfb-conflict-retry/run", "", 200);
    assert!(run.to_string().contains("InvalidStateError"));
    server.json("POST", "/api/scenarios/no-such/run", "", 404);
    let toml = server.json("GET", "/api/scenarios/whfb-conflict-retry", "", 200)["toml"].clone();
    server.json("POST", "/api/scenarios/run", &json!({ "toml": toml }).to_string(), 200);
    server.json("POST", "/api/scenarios/run", r#"{"toml":"nonsense"}"#, 400);
    assert!(server.json("GET", "/api/why?code=0x8009000F", "", 200).to_string().contains("NTE_EXISTS"));
}

#[test]
fn signals_change_the_passkeys_of_their_own_rp() {
    let server = Running::start();
    let made = server.json("POST", "/api/devices/default/create", &create("ada"), 200);
    let signal = |origin: &str, method: &str, options: Value, status| {
        let body = json!({ "origin": origin, "method": method, "options": options }).to_string();
        server.json("POST", "/api/devices/default/signal", &body, status)
    };
    let passkeys = || server.json("GET", "/api/devices/default/accounts/default/passkeys", "", 200);
    let details =
        json!({ "rpId": "rp.example", "userId": "YWRh", "name": "countess", "displayName": "Ada L." });
    signal("https://rp.example", "currentUserDetails", details.clone(), 204);
    assert_eq!(passkeys()[0]["user"]["name"], "countess");
    let refused = signal("https://evil.example", "currentUserDetails", details, 422);
    assert_eq!(refused["name"], "SecurityError");
    let id = made["id"].clone();
    let accepted =
        |ids: Value| json!({ "rpId": "rp.example", "userId": "YWRh", "allAcceptedCredentialIds": ids });
    signal("https://rp.example", "allAcceptedCredentials", accepted(json!([id])), 204);
    assert_eq!(passkeys().as_array().map(Vec::len), Some(1));
    let unknown = json!({ "rpId": "rp.example", "credentialId": id });
    signal("https://rp.example", "unknownCredential", unknown, 204);
    assert_eq!(passkeys(), json!([]));
}

#[test]
fn the_demonstration_has_one_visitor_a_cookie() {
    let server = Running::start();
    let first = server.say("GET", "/demo/api/state", &[], "");
    assert!(first.header("set-cookie").is_none(), "{}", first.head);
    assert_eq!(first.json()["methods"], json!([]));
    let origin = format!("http://localhost:{}", server.address.port());
    let begun = server.say("POST", "/demo/api/register/options", &[("Origin", &origin)], "");
    let cookie = begun.header("set-cookie").expect("a cookie").split(';').next().expect("a pair").to_owned();
    let ask =
        |path: &str, body: &str| server.say("POST", path, &[("Cookie", &cookie), ("Origin", &origin)], body);
    let device = |which: &str, options: Value| {
        let body = json!({ "origin": origin, "options": options }).to_string();
        server.ask("POST", &format!("/api/devices/default/{which}"), &body)
    };
    let options = ask("/demo/api/register/options", "").json();
    let made = device("create", options).body;
    assert_eq!(ask("/demo/api/register", &made).status, 201);
    // The challenge is used up.
    assert_eq!(ask("/demo/api/register", &made).status, 400);
    let again = device("create", ask("/demo/api/register/options", "").json());
    assert_eq!((again.status, again.json()["name"].clone()), (422, json!("InvalidStateError")));
    assert_eq!(ask("/demo/api/sign-out", "").status, 204);
    let got = device("get", ask("/demo/api/sign-in/options", "").json()).body;
    assert_eq!(ask("/demo/api/sign-in", &got).json()["signedIn"], true);
    let other = server.say("GET", "/demo/api/state", &[], "").json();
    assert_eq!(other["methods"], json!([]));
}

#[test]
fn a_server_that_ends_finishes_what_is_under_way() {
    let mut stream = {
        let server = Running::start();
        server.json("PUT", "/api/devices/default/user", r#"{"does":"approve","delayMs":500}"#, 200);
        let stream = server.begin("POST", "/api/devices/default/create", &create("ada"));
        // Until it is under way.
        thread::sleep(Duration::from_millis(150));
        stream
    };
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}
