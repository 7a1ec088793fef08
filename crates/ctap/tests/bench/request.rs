//! Requests, member by member.

use std::collections::BTreeMap;

use softhello_ctap::{
    api,
    cbor::{Writer, key_order},
};

/// The clientDataHash of every request.
pub(crate) const CLIENT_DATA_HASH: [u8; 32] = [0xcd; 32];

/// The relying party of every request that names no other.
pub(crate) const RP_ID: &str = "example.org";

/// A request in the making. Its members stand in canonical order.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    command: u8,
    members: BTreeMap<u64, Vec<u8>>,
    options: Vec<(&'static str, bool)>,
}

impl Request {
    /// A request of this command without parameters.
    pub(crate) fn new(command: u8) -> Self {
        Self { command, members: BTreeMap::new(), options: Vec::new() }
    }

    /// A valid authenticatorMakeCredential for the user `ada`, ES256.
    pub(crate) fn make_credential() -> Self {
        Self::new(api::MAKE_CREDENTIAL)
            .with(0x01, bytes(&CLIENT_DATA_HASH))
            .rp(RP_ID)
            .user("ada")
            .algorithms(&[-7])
    }

    /// A valid authenticatorGetAssertion without allowList.
    pub(crate) fn get_assertion() -> Self {
        Self::new(api::GET_ASSERTION).rp(RP_ID).with(0x02, bytes(&CLIENT_DATA_HASH))
    }

    pub(crate) fn command(&self) -> u8 {
        self.command
    }

    pub(crate) fn member(&self, key: u64) -> Option<&[u8]> {
        self.members.get(&key).map(Vec::as_slice)
    }

    /// With these inputs of extensions.
    pub(crate) fn extensions(self, extensions: &[(&str, Vec<u8>)]) -> Self {
        let key = if self.command == api::MAKE_CREDENTIAL { 0x06 } else { 0x04 };
        self.with(key, map(extensions))
    }

    /// With this item as the member `key`.
    pub(crate) fn with(mut self, key: u64, item: Vec<u8>) -> Self {
        self.members.insert(key, item);
        self
    }

    pub(crate) fn without(mut self, key: u64) -> Self {
        self.members.remove(&key);
        self
    }

    pub(crate) fn option(mut self, name: &'static str, value: bool) -> Self {
        self.options.push((name, value));
        self
    }

    pub(crate) fn rp(self, id: &str) -> Self {
        match self.command {
            api::MAKE_CREDENTIAL => self.with(0x02, map(&[("id", text(id)), ("name", text("An RP"))])),
            _ => self.with(0x01, text(id)),
        }
    }

    pub(crate) fn user(self, id: &str) -> Self {
        let (name, display_name) = (format!("{id}@{RP_ID}"), format!("The great {id}"));
        self.with(
            0x03,
            map(&[("id", bytes(id.as_bytes())), ("name", text(&name)), ("displayName", text(&display_name))]),
        )
    }

    pub(crate) fn algorithms(self, algorithms: &[i64]) -> Self {
        let parameters = |alg: &i64| map(&[("alg", int(*alg)), ("type", text("public-key"))]);
        let list: Vec<_> = algorithms.iter().map(parameters).collect();
        self.with(0x04, array(&list))
    }

    /// excludeList or allowList.
    pub(crate) fn list(self, ids: &[&[u8]]) -> Self {
        let descriptors: Vec<_> = ids.iter().map(|id| descriptor(id, "public-key")).collect();
        self.descriptors(&descriptors)
    }

    /// excludeList or allowList, of encoded descriptors.
    pub(crate) fn descriptors(self, descriptors: &[Vec<u8>]) -> Self {
        let key = if self.command == api::MAKE_CREDENTIAL { 0x05 } else { 0x03 };
        self.with(key, array(descriptors))
    }

    /// attestationFormatsPreference.
    pub(crate) fn formats(self, formats: &[&str]) -> Self {
        let formats: Vec<_> = formats.iter().map(|format| text(format)).collect();
        self.with(0x0b, array(&formats))
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut members = self.members.clone();
        if !self.options.is_empty() {
            let key = if self.command == api::MAKE_CREDENTIAL { 0x07 } else { 0x05 };
            let options: Vec<_> = self.options.iter().map(|(name, value)| (*name, boolean(*value))).collect();
            members.insert(key, map(&options));
        }
        let members: Vec<_> = members.into_iter().map(|(key, item)| (uint(key), item)).collect();
        [vec![self.command], raw_map(&members)].concat()
    }
}

pub(crate) fn uint(value: u64) -> Vec<u8> {
    item(|out| out.uint(value))
}

pub(crate) fn int(value: i64) -> Vec<u8> {
    item(|out| out.int(value))
}

pub(crate) fn bytes(value: &[u8]) -> Vec<u8> {
    item(|out| out.bytes(value))
}

pub(crate) fn text(value: &str) -> Vec<u8> {
    item(|out| out.text(value))
}

pub(crate) fn boolean(value: bool) -> Vec<u8> {
    item(|out| out.bool(value))
}

pub(crate) fn array(items: &[Vec<u8>]) -> Vec<u8> {
    let mut out = Writer::default();
    out.array(items.len()).raw(&items.concat());
    out.into_bytes()
}

/// A map of text keys, in canonical order.
pub(crate) fn map(members: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut members: Vec<_> = members.iter().map(|(key, item)| (text(key), item.clone())).collect();
    members.sort_by(|(a, _), (b, _)| key_order(a, b));
    raw_map(&members)
}

/// A map of encoded keys and values, in the order given.
pub(crate) fn raw_map(members: &[(Vec<u8>, Vec<u8>)]) -> Vec<u8> {
    let mut out = Writer::default();
    out.map(members.len());
    for (key, item) in members {
        out.raw(key).raw(item);
    }
    out.into_bytes()
}

/// A PublicKeyCredentialDescriptor.
pub(crate) fn descriptor(id: &[u8], kind: &str) -> Vec<u8> {
    map(&[("id", bytes(id)), ("type", text(kind))])
}

fn item(write: impl FnOnce(&mut Writer) -> &mut Writer) -> Vec<u8> {
    let mut out = Writer::default();
    write(&mut out);
    out.into_bytes()
}
