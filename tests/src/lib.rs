//! What the tests and measurements that cross crates share. Nothing depends on this package.
#![forbid(unsafe_code)]

pub mod device;
pub mod platform;

use softhello_ctap::{
    api,
    cbor::{Writer, key_order},
};

/// An authenticatorMakeCredential request for ES256, as a client sends it: any attestation, user verification asked for.
pub fn make_credential(rp_id: &str, user_id: &[u8], user_name: &str) -> Vec<u8> {
    let parameter = map(&[("alg", item(|out| out.int(-7))), ("type", text("public-key"))]);
    let mut parameters = Writer::default();
    parameters.array(1).raw(&parameter);
    request(
        api::MAKE_CREDENTIAL,
        &[
            (0x01, bytes(&CLIENT_DATA_HASH)),
            (0x02, map(&[("id", text(rp_id)), ("name", text("An RP"))])),
            (
                0x03,
                map(&[
                    ("id", bytes(user_id)),
                    ("name", text(user_name)),
                    ("displayName", text("Ada Lovelace")),
                ]),
            ),
            (0x04, parameters.into_bytes()),
            (0x07, map(&[("rk", boolean(true)), ("uv", boolean(true))])),
        ],
    )
}

/// An authenticatorGetAssertion request with user verification, for one credential or for whatever there is.
pub fn get_assertion(rp_id: &str, credential: Option<&[u8]>) -> Vec<u8> {
    let mut members = vec![(0x01, text(rp_id)), (0x02, bytes(&CLIENT_DATA_HASH))];
    if let Some(id) = credential {
        let mut list = Writer::default();
        list.array(1).raw(&map(&[("id", bytes(id)), ("type", text("public-key"))]));
        members.push((0x03, list.into_bytes()));
    }
    members.push((0x05, map(&[("uv", boolean(true))])));
    request(api::GET_ASSERTION, &members)
}

/// The clientDataHash of both requests.
pub const CLIENT_DATA_HASH: [u8; 32] = [0xcd; 32];

fn request(command: u8, members: &[(u64, Vec<u8>)]) -> Vec<u8> {
    let mut out = Writer::default();
    out.map(members.len());
    for (key, value) in members {
        out.uint(*key).raw(value);
    }
    [vec![command], out.into_bytes()].concat()
}

fn map(members: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut members: Vec<_> = members.iter().map(|(key, value)| (text(key), value)).collect();
    members.sort_by(|(a, _), (b, _)| key_order(a, b));
    let mut out = Writer::default();
    out.map(members.len());
    for (key, value) in members {
        out.raw(&key).raw(value);
    }
    out.into_bytes()
}

fn text(value: &str) -> Vec<u8> {
    item(|out| out.text(value))
}

fn bytes(value: &[u8]) -> Vec<u8> {
    item(|out| out.bytes(value))
}

fn boolean(value: bool) -> Vec<u8> {
    item(|out| out.bool(value))
}

fn item(write: impl FnOnce(&mut Writer) -> &mut Writer) -> Vec<u8> {
    let mut out = Writer::default();
    write(&mut out);
    out.into_bytes()
}
