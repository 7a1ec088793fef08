//! Any page in any browser of this computer can reach the port, and so can slow, rude and many clients.

use std::{
    io::{Read as _, Write as _},
    thread,
    time::{Duration, Instant},
};

use softhello_server::Config;

use crate::common::{Running, TOKEN, create};

/// What a page on another origin can send without being asked: simple requests, whose answers it cannot read.
#[test]
fn a_page_of_another_origin_makes_nothing_happen() {
    let server = Running::start();
    let port = server.address.port();
    let (here, own) = (format!("localhost:{port}"), format!("http://localhost:{port}"));
    let login = server.ask("POST", "/login", "");
    assert_eq!(login.status, 204);
    let cookie = login.header("set-cookie").expect("a cookie");
    for attribute in ["; Path=/api;", "HttpOnly", "SameSite=Strict"] {
        assert!(cookie.contains(attribute), "{cookie}");
    }
    assert!(!cookie.contains(TOKEN));
    let cookie = cookie.split(';').next().expect("a pair");
    let evil = "https://evil.example";
    let create = create("eve");
    let create = create.as_str();
    // The name, the headers of a request, and what it gets.
    type Attempt<'a> = (&'a str, &'a str, &'a str, &'a [(&'a str, &'a str)], u16);
    let attempts: &[Attempt<'_>] = &[
        (
            "DNS rebinding: a foreign name that leads here",
            "POST",
            "/api/devices/default/create",
            &[("Host", "evil.example"), ("Cookie", cookie)],
            403,
        ),
        (
            "a simple POST",
            "POST",
            "/api/devices/default/create",
            &[("Host", &here), ("Origin", evil), ("Content-Type", "text/plain")],
            403,
        ),
        (
            "a form that is sent with the cookie, as a browser without SameSite would",
            "POST",
            "/api/devices/default/create",
            &[
                ("Host", &here),
                ("Origin", "null"),
                ("Cookie", cookie),
                ("Content-Type", "application/x-www-form-urlencoded"),
            ],
            403,
        ),
        (
            "fetch with no-cors from another port, which is the same site",
            "GET",
            "/api/devices/default/accounts/default/export",
            &[
                ("Host", &here),
                ("Cookie", cookie),
                ("Sec-Fetch-Site", "same-site"),
                ("Sec-Fetch-Mode", "no-cors"),
            ],
            401,
        ),
        (
            "the cookie alone, as a server on another port was sent it",
            "GET",
            "/api/devices/default/accounts/default/export",
            &[("Host", &here), ("Cookie", cookie)],
            401,
        ),
        (
            "fetch with no-cors, which would fill the demonstration with visitors",
            "GET",
            "/demo/api/state",
            &[("Host", &here), ("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Mode", "no-cors")],
            403,
        ),
        (
            "an event source",
            "GET",
            "/api/events",
            &[("Host", &here), ("Origin", "http://localhost:3000"), ("Cookie", cookie)],
            403,
        ),
        (
            "a WebSocket",
            "GET",
            "/api/events",
            &[
                ("Host", &here),
                ("Origin", evil),
                ("Cookie", cookie),
                ("Upgrade", "websocket"),
                ("Connection", "Upgrade"),
                ("Sec-WebSocket-Version", "13"),
                ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
            ],
            403,
        ),
        (
            "the preflight that a token would need",
            "OPTIONS",
            "/api/devices/default/create",
            &[
                ("Host", &here),
                ("Origin", evil),
                ("Access-Control-Request-Method", "POST"),
                ("Access-Control-Request-Headers", "authorization"),
            ],
            403,
        ),
        ("no token", "POST", "/api/devices/default/create", &[("Host", &here), ("Origin", &own)], 401),
    ];
    for (name, method, path, headers, want) in attempts {
        let length = create.len().to_string();
        let mut all = headers.to_vec();
        all.push(("Connection", "close"));
        all.push(("Content-Length", &length));
        let answer = server.raw(method, path, &all, create);
        assert_eq!(answer.status, *want, "{name}: {}", answer.body);
        assert!(answer.header("access-control-allow-origin").is_none(), "{name}: {}", answer.head);
    }
    let passkeys = server.json("GET", "/api/devices/default/accounts/default/passkeys", "", 200);
    assert_eq!(passkeys, serde_json::json!([]));
    let own_page =
        server.say("GET", "/api/devices", &[("Cookie", cookie), ("Sec-Fetch-Site", "same-origin")], "");
    assert_eq!(own_page.status, 200, "{}", own_page.body);
}

#[test]
fn the_token_is_in_no_answer() {
    let server = Running::start();
    for path in ["/", "/demo", "/openapi.json", "/healthz", "/metrics", "/api/devices", "/nothing"] {
        let answer = server.ask("GET", path, "");
        assert!(!answer.head.contains(TOKEN) && !answer.body.contains(TOKEN), "{path}");
    }
}

#[test]
fn ten_megabytes_are_refused_whether_announced_or_not() {
    let server = Running::start();
    let (authorization, body) = (format!("Bearer {TOKEN}"), "x".repeat(10 * 1024 * 1024));
    let announced = server.ask("POST", "/api/explain", &body);
    assert_eq!(announced.status, 413, "{}", announced.body);
    let host = format!("localhost:{}", server.address.port());
    let chunk = format!("100000\r\n{}\r\n", "x".repeat(1024 * 1024));
    let chunked = server.raw(
        "POST",
        "/api/explain",
        &[("Host", &host), ("Authorization", &authorization), ("Transfer-Encoding", "chunked")],
        &chunk.repeat(10),
    );
    assert_eq!(chunked.status, 413, "{}", chunked.head);
    // A head has a bound as well.
    let long = server.say("GET", "/healthz", &[("X-Long", &"x".repeat(200 * 1024))], "");
    assert!(matches!(long.status, 0 | 431), "{}", long.status);
    assert_eq!(server.say("GET", "/healthz", &[], "").status, 200);
}

#[test]
fn whoever_has_no_token_sends_little() {
    let server = Running::start();
    let (much, little) = ("x".repeat(65 * 1024), "x".repeat(63 * 1024));
    assert_eq!(server.say("POST", "/demo/api/register", &[], &much).status, 413);
    assert_eq!(server.say("POST", "/demo/api/register", &[], &little).status, 400);
    assert_eq!(server.say("GET", "/healthz", &[], "x").status, 413);
    assert_eq!(server.say("GET", "/demo/api/state", &[], "x").status, 413);
}

#[test]
fn clients_that_do_not_read_leave_their_place() {
    let server =
        Running::with(Config { request_timeout: Some(1), max_connections: Some(1), ..Config::default() });
    let mut stream = server.connect();
    stream.set_write_timeout(Some(Duration::from_millis(500))).expect("a timeout");
    let request = format!("GET /openapi.json HTTP/1.1\r\nHost: localhost:{}\r\n\r\n", server.address.port());
    // Until every buffer between both is full.
    while stream.write_all(request.as_bytes()).is_ok() {}
    let begin = Instant::now();
    while server.say("GET", "/healthz", &[], "").status != 200 {
        assert!(begin.elapsed() < Duration::from_secs(15), "it holds its place");
        thread::sleep(Duration::from_millis(20));
    }
    drop(stream);
}

#[test]
fn slow_clients_are_let_go() {
    let server = Running::with(Config { request_timeout: Some(1), ..Config::default() });
    let ended = |first: &str, trickle: bool| {
        let mut stream = server.connect();
        stream.write_all(first.as_bytes()).expect("written");
        let begin = Instant::now();
        if trickle {
            while stream.write_all(b"x").is_ok() && begin.elapsed() < Duration::from_secs(10) {
                thread::sleep(Duration::from_millis(200));
            }
        }
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        assert!(begin.elapsed() < Duration::from_secs(15), "{first}");
        String::from_utf8_lossy(&answer).into_owned()
    };
    let host = format!("localhost:{}", server.address.port());
    ended("GET /healthz HTTP/1.1\r\nX-Slow: ", true);
    ended("GET /heal", false);
    let head = format!("POST /api/explain HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {TOKEN}\r\n");
    let body = ended(&format!("{head}Content-Length: 1000\r\n\r\n{{"), false);
    assert!(body.contains(" 408 "), "{body}");
    assert_eq!(server.say("GET", "/healthz", &[], "").status, 200);
}

#[test]
fn more_connections_than_the_limit_get_503_and_leave_room_when_they_go() {
    let server = Running::with(Config { max_connections: Some(8), ..Config::default() });
    let kept: Vec<_> = (0..8)
        .map(|_| {
            let mut stream = server.connect();
            let host = format!("localhost:{}", server.address.port());
            write!(stream, "GET /healthz HTTP/1.1\r\nHost: {host}\r\n\r\n").expect("written");
            let mut answer = [0; 12];
            stream.read_exact(&mut answer).expect("an answer");
            assert_eq!(&answer, b"HTTP/1.1 200");
            stream
        })
        .collect();
    for _ in 0..20 {
        let refused = server.say("GET", "/healthz", &[], "");
        assert_eq!(refused.status, 503, "{}", refused.head);
        assert!(refused.body.contains("--max-connections"), "{}", refused.body);
    }
    drop(kept);
    let begin = Instant::now();
    while server.say("GET", "/healthz", &[], "").status != 200 {
        assert!(begin.elapsed() < Duration::from_secs(10), "no room again");
        thread::sleep(Duration::from_millis(20));
    }
    let metrics = server.ask("GET", "/metrics", "").body;
    assert!(metrics.contains("softhello_refused_connections_total 2"), "{metrics}");
}
