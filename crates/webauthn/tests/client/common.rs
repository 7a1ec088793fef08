//! A scripted authenticator, and CBOR that people can read.

use std::{collections::VecDeque, future::Future};

use sha2::{Digest as _, Sha256};
use softhello_ctap::{
    Authenticator, Channel, Denied, Exchange, Status,
    cbor::{self, Major, Reader, Writer},
};
use softhello_webauthn::{CreationOptions, RequestOptions};

/// Answers with the next reply of its script, whatever is asked, and keeps the requests.
#[derive(Debug, Default)]
pub(crate) struct Scripted {
    replies: VecDeque<(Vec<u8>, Option<Denied>)>,
    pub(crate) requests: Vec<(Channel, Vec<u8>)>,
}

impl Scripted {
    pub(crate) fn new(replies: impl IntoIterator<Item = Vec<u8>>) -> Self {
        Self { replies: replies.into_iter().map(|reply| (reply, None)).collect(), requests: Vec::new() }
    }

    pub(crate) fn denies(mut self, denied: Denied) -> Self {
        self.replies.push_back((vec![Status::from(&denied).code()], Some(denied)));
        self
    }

    /// The requests after getInfo, in diagnostic notation, one a line.
    pub(crate) fn asked(&self) -> String {
        let (info, rest) = self.requests.split_first().expect("getInfo comes first");
        assert_eq!(info.1, [0x04]);
        let lines: Vec<String> = rest.iter().map(|(_, request)| diagnostic(request)).collect();
        lines.join("\n")
    }
}

impl Authenticator for Scripted {
    fn exchange(&mut self, from: Channel, request: &[u8]) -> impl Future<Output = Exchange> + Send {
        self.requests.push((from, request.to_vec()));
        let (response, cause) = self.replies.pop_front().expect("the script has a reply left");
        async { Exchange { response, cause } }
    }
}

/// Command byte and canonical CBOR, as `01 {1: h'00', "a": [true]}`.
pub(crate) fn diagnostic(message: &[u8]) -> String {
    let (command, body) = message.split_first().expect("a message is not empty");
    if body.is_empty() {
        return format!("{command:02x}");
    }
    cbor::validate(body, cbor::MAX_DEPTH).expect("requests are canonical");
    format!("{command:02x} {}", item(&mut Reader::new(body)))
}

fn item(reader: &mut Reader<'_>) -> String {
    let mut peek = reader.clone();
    let head = peek.head().expect("canonical");
    match head.major {
        Major::Unsigned | Major::Negative => reader.int().expect("an integer").to_string(),
        Major::Bytes => format!("h'{}'", hex(reader.bytes().expect("bytes"))),
        Major::Text => format!("{:?}", reader.text().expect("text")),
        Major::Simple => reader.bool().expect("a boolean").to_string(),
        Major::Array => {
            let len = reader.array_len().expect("an array");
            let items: Vec<String> = (0..len).map(|_| item(reader)).collect();
            format!("[{}]", items.join(", "))
        }
        Major::Map => {
            let len = reader.map_len().expect("a map");
            let pairs: Vec<String> =
                (0..len).map(|_| format!("{}: {}", item(reader), item(reader))).collect();
            format!("{{{}}}", pairs.join(", "))
        }
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(bytes)
}

pub(crate) fn unhex(text: &str) -> Vec<u8> {
    data_encoding::HEXLOWER.decode(text.as_bytes()).expect("lower-case hex")
}

pub(crate) fn refuse(status: Status) -> Vec<u8> {
    vec![status.code()]
}

/// A key, and what writes its value.
type Member<'a> = (i64, &'a dyn Fn(&mut Writer));

/// A getInfo reply: options in canonical order, then further members from `rest`.
pub(crate) fn info(options: &[(&str, bool)], rest: &[Member<'_>]) -> Vec<u8> {
    let mut out = Writer::appending(vec![0]);
    out.map(3 + rest.len());
    out.int(1).array(1).text("FIDO_2_3");
    out.int(3).bytes(&[7; 16]);
    out.int(4).map(options.len());
    for (name, value) in options {
        out.text(name).bool(*value);
    }
    for (key, write) in rest {
        write(out.int(*key));
    }
    out.into_bytes()
}

/// The getInfo reply of Windows Hello as this project makes it.
pub(crate) fn hello() -> Vec<u8> {
    info(
        &[("rk", true), ("up", true), ("uv", true), ("plat", true)],
        &[
            (7, &|out| {
                out.uint(3);
            }),
            (8, &|out| {
                out.uint(32);
            }),
            (9, &|out| {
                out.array(1).text("internal");
            }),
        ],
    )
}

/// authData of a new ES256 credential.
pub(crate) fn new_credential(rp_id: &str, flags: u8, aaguid: [u8; 16], id: &[u8]) -> Vec<u8> {
    let mut out = Sha256::digest(rp_id.as_bytes()).to_vec();
    out.push(flags);
    out.extend([0; 4]);
    out.extend(aaguid);
    out.extend(u16::try_from(id.len()).expect("short").to_be_bytes());
    out.extend(id);
    let mut key = Writer::appending(out);
    key.map(5)
        .int(1)
        .int(2)
        .int(3)
        .int(-7)
        .int(-1)
        .int(1)
        .int(-2)
        .bytes(&[0x11; 32])
        .int(-3)
        .bytes(&[0x22; 32]);
    key.into_bytes()
}

/// authData of an assertion.
pub(crate) fn assertion_data(rp_id: &str, flags: u8) -> Vec<u8> {
    let mut out = Sha256::digest(rp_id.as_bytes()).to_vec();
    out.push(flags);
    out.extend([0, 0, 0, 1]);
    out
}

/// A makeCredential reply.
pub(crate) fn created(fmt: &str, auth_data: &[u8], att_stmt: &[u8]) -> Vec<u8> {
    let mut out = Writer::appending(vec![0]);
    out.map(3).int(1).text(fmt).int(2).bytes(auth_data).int(3).raw(att_stmt);
    out.into_bytes()
}

/// A getAssertion reply.
pub(crate) fn asserted(id: &[u8], auth_data: &[u8], user: Option<&[u8]>, number: Option<u64>) -> Vec<u8> {
    let mut out = Writer::appending(vec![0]);
    out.map(3 + usize::from(user.is_some()) + usize::from(number.is_some()));
    out.int(1).map(2).text("id").bytes(id).text("type").text("public-key");
    out.int(2).bytes(auth_data).int(3).bytes(b"signature");
    if let Some(user) = user {
        out.int(4).map(1).text("id").bytes(user);
    }
    if let Some(number) = number {
        out.int(5).uint(number);
    }
    out.into_bytes()
}

/// Creation options with `members` (each ending in a comma) before the required ones.
pub(crate) fn creation(members: &str) -> CreationOptions {
    CreationOptions::from_json(&format!(
        r#"{{{members} "rp": {{"name": "Example"}}, "challenge": "AAEC",
            "user": {{"id": "YWRh", "name": "ada", "displayName": "Ada"}},
            "pubKeyCredParams": [{{"type": "public-key", "alg": -7}}, {{"type": "public-key", "alg": -257}}]}}"#
    ))
    .expect("usable options")
}

/// Request options with `members` (each ending in a comma) before the required one.
pub(crate) fn request(members: &str) -> RequestOptions {
    RequestOptions::from_json(&format!(r#"{{{members} "challenge": "AAEC"}}"#)).expect("usable options")
}

/// A list of descriptors as JSON.
pub(crate) fn descriptors(ids: &[&[u8]]) -> String {
    let items: Vec<String> = ids
        .iter()
        .map(|id| {
            let id = data_encoding::BASE64URL_NOPAD.encode(id);
            format!(r#"{{"type": "public-key", "id": "{id}", "transports": ["usb"]}}"#)
        })
        .collect();
    format!("[{}]", items.join(","))
}
