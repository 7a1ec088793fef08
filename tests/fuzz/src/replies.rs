//! The client, at an authenticator that answers with the input.

use std::{
    future::Future,
    pin::pin,
    task::{Context, Poll, Waker},
};

use softhello_ctap::{Authenticator, Channel, Exchange};
use softhello_webauthn::{Choice, Client, CreationOptions, Failure, RequestOptions};

use crate::bench::{Bench, RP_ID, Request, hello, security_key};

/// One ceremony: a byte that chooses it and its options, then the replies. Before each stands its length, two bytes;
/// behind the last one every reply is empty.
pub fn ceremonies(input: &[u8]) {
    let Some((which, replies)) = input.split_first() else { return };
    let client = Client::new(&format!("https://{RP_ID}")).expect("an origin");
    let mut authenticator = Replies(replies);
    if which & 1 == 0 {
        let options = creation(which & 2 != 0, which & 4 != 0);
        match ready(client.create(&mut authenticator, &options)) {
            Ok(response) => {
                assert!((1..=1023).contains(&response.credential_id().len()), "an id of a possible length");
                assert!(response.to_json().starts_with('{'));
            }
            Err(failure) => said(&failure),
        }
        return;
    }
    let (listed, chosen) = (which & 2 != 0, which & 4 != 0);
    let choice = if chosen { Choice::Credential(IDS[1].to_vec()) } else { Choice::Newest };
    match ready(client.get_with(&mut authenticator, &request(listed), &choice)) {
        Ok(response) => {
            let id = response.credential_id();
            assert!(!chosen || id == IDS[1], "no other than the chosen one");
            assert!(!listed || IDS.contains(&id), "an allowed one");
            assert!(listed || response.user_handle().is_some(), "a discoverable one");
            assert!(response.to_json().starts_with('{'));
        }
        Err(failure) => said(&failure),
    }
}

fn said(failure: &Failure) {
    assert!(!failure.to_string().is_empty());
}

/// The rest of the input.
struct Replies<'a>(&'a [u8]);

impl Authenticator for Replies<'_> {
    fn exchange(&mut self, _: Channel, _: &[u8]) -> impl Future<Output = Exchange> + Send {
        let mut response = Vec::new();
        if let Some((len, rest)) = self.0.split_first_chunk() {
            let (reply, rest) = rest.split_at(usize::from(u16::from_be_bytes(*len)).min(rest.len()));
            self.0 = rest;
            response.extend(reply);
        }
        async { Exchange { response, cause: None } }
    }
}

/// Nothing here ever waits.
fn ready<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("a scripted authenticator answers at once"),
    }
}

/// The ids of both lists; in base64url in [`LIST`].
const IDS: [&[u8]; 3] = [b"one", b"two", b"six"];

const LIST: &str = r#"[{"type":"public-key","id":"b25l"},{"type":"public-key","id":"dHdv"},{"type":"public-key","id":"c2l4"}]"#;

fn creation(excluding: bool, strict: bool) -> CreationOptions {
    let exclude = if excluding { format!(r#""excludeCredentials":{LIST},"#) } else { String::new() };
    let strict = if strict {
        r#""attestation":"direct","authenticatorSelection":{"residentKey":"required","userVerification":"required"},"#
    } else {
        ""
    };
    CreationOptions::from_json(&format!(
        r#"{{{exclude}{strict}"rp":{{"name":"An RP"}},"user":{{"id":"YWRh","name":"ada","displayName":"Ada"}},"challenge":"AAEC","pubKeyCredParams":[],"extensions":{{"credProps":true}}}}"#
    ))
    .expect("usable options")
}

fn request(listed: bool) -> RequestOptions {
    let allow = if listed { format!(r#""allowCredentials":{LIST},"#) } else { String::new() };
    RequestOptions::from_json(&format!(r#"{{{allow}"challenge":"AAEC"}}"#)).expect("usable options")
}

/// Ceremonies that go well: name, bytes.
pub(crate) fn seeds() -> Vec<(&'static str, Vec<u8>)> {
    let script = |which: u8, replies: &[Vec<u8>]| {
        let framed = replies.iter().flat_map(|reply| {
            let len = u16::try_from(reply.len()).expect("seeds are short");
            [&len.to_be_bytes()[..], reply].concat()
        });
        [which].into_iter().chain(framed).collect::<Vec<u8>>()
    };
    let mut seeds = Vec::new();
    for (profile, uv, creation, assertion) in [
        (hello(), true, "hello-creation", "hello-assertion"),
        (security_key(), false, "key-creation", "key-assertion"),
    ] {
        let mut bench = Bench::new(profile).passkey("ada");
        let with_uv = |request: Request| if uv { request.option("uv", true) } else { request };
        let info = bench.send(&[4]).response;
        let created = bench.send(&with_uv(Request::make_credential()).bytes()).response;
        let asserted = bench.send(&with_uv(Request::get_assertion()).bytes()).response;
        seeds.push((creation, script(if uv { 4 } else { 0 }, &[info.clone(), created])));
        seeds.push((assertion, script(1, &[info, asserted])));
    }
    seeds
}
