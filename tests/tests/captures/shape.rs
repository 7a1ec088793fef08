//! What an attestation object looks like apart from its values: members in their order, flags, lengths.

use std::fmt;

use softhello_ctap::{
    Flags,
    cbor::{Major, Reader},
};
use uuid::Uuid;

/// A part of an attestation object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// The order of its members, `fmt` and `attStmt`.
    Statement,
    /// `authData`.
    AuthData,
}

/// The shape of an attestation object, and what of it the tests look into.
pub(crate) struct Shape {
    lines: Vec<(Part, &'static str, String)>,
    pub(crate) fmt: String,
    /// `alg` of the statement.
    pub(crate) attestation_alg: Option<i64>,
    pub(crate) auth_data: Vec<u8>,
}

/// Lines of one shape and not of the other.
pub(crate) struct Differences(Vec<(&'static str, String, String)>);

impl Shape {
    /// The shape of an attestation object; its members may come in any order.
    pub(crate) fn of(attestation_object: &[u8]) -> Self {
        let mut shape =
            Self { lines: Vec::new(), fmt: String::new(), attestation_alg: None, auth_data: Vec::new() };
        let mut reader = Reader::new(attestation_object);
        let mut members = Vec::new();
        for _ in 0..reader.map_len().expect("a map") {
            let name = reader.text().expect("a member's name");
            members.push(name);
            match name {
                "fmt" => shape.fmt = reader.text().expect("fmt is text").to_owned(),
                "attStmt" => shape.read_statement(&mut reader),
                "authData" => shape.auth_data = reader.bytes().expect("authData is bytes").to_vec(),
                other => panic!("an attestation object has no member {other}"),
            }
        }
        assert_eq!(reader.position(), attestation_object.len(), "something follows the attestation object");
        let (members, fmt) = (members.join(", "), shape.fmt.clone());
        shape.add(Part::Statement, "members", members);
        shape.add(Part::Statement, "fmt", fmt);
        shape.read_auth_data();
        shape
    }

    fn add(&mut self, part: Part, name: &'static str, line: impl Into<String>) {
        self.lines.push((part, name, line.into()));
    }

    /// Members of the statement in their order; numbers as they are, of all else the length.
    fn read_statement(&mut self, reader: &mut Reader<'_>) {
        let mut members = Vec::new();
        for _ in 0..reader.map_len().expect("attStmt is a map") {
            let name = reader.text().expect("a member's name");
            let item = reader.item().expect("a member's value");
            if name == "alg" {
                self.attestation_alg = Some(Reader::new(item).int().expect("alg is a number"));
            }
            members.push(format!("{name} {}", describe(item)));
        }
        self.add(Part::Statement, "attStmt", members.join(", "));
    }

    fn read_auth_data(&mut self) {
        let auth_data = std::mem::take(&mut self.auth_data);
        let part = Part::AuthData;
        let flags = Flags(auth_data[32]);
        let names: Vec<_> =
            Flags::NAMES.iter().filter(|(bit, _)| flags.has(*bit)).map(|(_, name)| *name).collect();
        self.add(part, "authData", format!("{} bytes", auth_data.len()));
        self.add(part, "flags", format!("0x{:02x} {}", flags.0, names.join(" ")));
        self.add(part, "signCount", u32::from_be_bytes(auth_data[33..37].try_into().unwrap()).to_string());
        self.add(part, "aaguid", Uuid::from_slice(&auth_data[37..53]).unwrap().to_string());
        let id_len = usize::from(u16::from_be_bytes(auth_data[53..55].try_into().unwrap()));
        self.add(part, "credential id", format!("{id_len} bytes"));
        let mut key = Reader::new(&auth_data[55 + id_len..]);
        let mut members = Vec::new();
        for _ in 0..key.map_len().expect("a COSE key is a map") {
            let label = key.int().expect("a COSE key's label");
            members.push(format!("{label}: {}", describe(key.item().expect("a COSE key's value"))));
        }
        self.add(part, "COSE key", members.join(", "));
        self.add(part, "after the key", format!("{} bytes", auth_data.len() - 55 - id_len - key.position()));
        self.auth_data = auth_data;
    }

    /// Where `other` is not like this one, apart from some parts.
    pub(crate) fn differences(&self, other: &Self, without: &[Part]) -> Differences {
        assert_eq!(self.lines.len(), other.lines.len());
        let pairs = self.lines.iter().zip(&other.lines);
        let differing = pairs.filter(|(a, b)| a != b && !without.contains(&a.0));
        Differences(differing.map(|(a, b)| (a.1, a.2.clone(), b.2.clone())).collect())
    }
}

impl Differences {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for Differences {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|(name, a, b)| writeln!(f, "- {name}: {a}\n+ {name}: {b}"))
    }
}

/// A number or a short text as it is, a public exponent too; of other strings the length, of an array its items.
fn describe(item: &[u8]) -> String {
    const PUBLIC_EXPONENT: [u8; 3] = [1, 0, 1];
    let head = Reader::new(item).head().expect("an item");
    let mut reader = Reader::new(item);
    match head.major {
        Major::Text => format!("{:?}", reader.text().unwrap()),
        Major::Bytes => match reader.bytes().unwrap() {
            bytes if bytes == PUBLIC_EXPONENT => "65537".to_owned(),
            bytes => format!("{} bytes", bytes.len()),
        },
        Major::Array => {
            let items: Vec<_> =
                (0..reader.array_len().unwrap()).map(|_| describe(reader.item().unwrap())).collect();
            format!("[{}]", items.join(", "))
        }
        _ => reader.int().expect("a number").to_string(),
    }
}
