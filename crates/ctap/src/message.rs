//! Every message's fields, declared once: the codec, [`explain`](crate::explain) and the documentation read these
//! tables.

mod tables;

use crate::cbor::{self, CborError, Major, Reader, Writer};
pub use tables::*;

/// A map with known members.
#[derive(Debug, PartialEq, Eq)]
pub struct Table {
    /// What the specification calls it.
    pub name: &'static str,
    /// The section that defines it.
    pub section: &'static str,
    /// Its members in canonical order.
    pub fields: &'static [Field],
}

/// A member of a [`Table`].
#[derive(Debug, PartialEq, Eq)]
pub struct Field {
    /// The key on the wire.
    pub key: Key,
    /// The specification's name.
    pub name: &'static str,
    /// The type of the value.
    pub kind: Kind,
    /// Whether a message without it is refused.
    pub required: bool,
}

/// A map key on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// An integer key.
    Int(i64),
    /// A text key.
    Text(&'static str),
}

/// The type of a member.
#[derive(Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// A boolean.
    Bool,
    /// An unsigned integer.
    Uint,
    /// An integer.
    Int,
    /// A text string.
    Text,
    /// A byte string of so many bytes.
    Bytes {
        /// The fewest.
        min: usize,
        /// The most.
        max: usize,
    },
    /// A map with known members.
    Table(&'static Table),
    /// An array of items of one type.
    Array(&'static Kind),
    /// A map with any members.
    AnyMap,
    /// Authenticator data in a byte string.
    AuthData,
    /// Anything.
    Any,
}

/// Any number of bytes.
pub const BYTES: Kind = Kind::Bytes { min: 0, max: usize::MAX };

/// A SHA-256 hash.
pub const HASH: Kind = Kind::Bytes { min: 32, max: 32 };

impl Kind {
    /// The type in words.
    pub fn expected(&self) -> &'static str {
        match self {
            Self::Bool => "a boolean",
            Self::Uint => "an unsigned integer",
            Self::Int => "an integer",
            Self::Text => "a text string",
            Self::Bytes { .. } | Self::AuthData => "a byte string",
            Self::Table(_) | Self::AnyMap => "a map",
            Self::Array(_) => "an array",
            Self::Any => "anything",
        }
    }
}

/// Why a message cannot be read. Members are named by their path, as `rp.id`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MessageError {
    /// Not canonical CBOR.
    #[error("not canonical CBOR: {0}")]
    Cbor(#[from] CborError),
    /// A required member of the message itself is absent.
    #[error("`{member}` is missing")]
    Missing {
        /// Which.
        member: String,
    },
    /// A required member of something inside the message is absent.
    #[error("`{member}` is missing")]
    MissingNested {
        /// Which.
        member: String,
    },
    /// A member has another type.
    #[error("`{member}` is not {expected}")]
    Type {
        /// Which.
        member: String,
        /// The type it should have.
        expected: &'static str,
    },
    /// A member is too short or too long.
    #[error("`{member}` has {len} bytes, not {min} to {max}")]
    Length {
        /// Which.
        member: String,
        /// Its length.
        len: usize,
        /// The fewest bytes allowed.
        min: usize,
        /// The most.
        max: usize,
    },
    /// A member has a value that cannot be used.
    #[error("`{member}` {rule}")]
    Value {
        /// Which.
        member: String,
        /// What is wrong, as `must have 32 bytes`.
        rule: &'static str,
    },
}

/// The members of a map, checked against its table; unknown members are left out.
#[derive(Clone, Debug)]
pub struct Members<'a> {
    table: &'static Table,
    items: [Option<&'a [u8]>; MAX_FIELDS],
}

/// The largest table has so many fields (getInfo's response).
const MAX_FIELDS: usize = 31;

impl<'a> Members<'a> {
    /// Reads a map that [`cbor::validate`] accepted, and checks the type of every known member, also nested ones.
    ///
    /// # Errors
    ///
    /// [`MessageError`], naming the first member that is missing or wrong.
    pub fn read(table: &'static Table, map: &'a [u8]) -> Result<Self, MessageError> {
        Self::read_at(table, map, &Path::Root)
    }

    fn read_at(table: &'static Table, map: &'a [u8], path: &Path<'_>) -> Result<Self, MessageError> {
        let mut reader = Reader::new(map);
        let len = reader
            .map_len()
            .map_err(|_| MessageError::Type { member: path.name(table), expected: "a map" })?;
        let mut items = [None; MAX_FIELDS];
        // Both are in canonical order, so a known member stands behind the one before it.
        let mut rest = 0;
        for _ in 0..len {
            let key = reader.item()?;
            let value = reader.item()?;
            let mut known = table.fields.iter().zip(&mut items).enumerate().skip(rest);
            if let Some((index, (field, slot))) = known.find(|(_, (field, _))| field.key.is(key)) {
                check(&field.kind, value, &Path::Member(path, field.name))?;
                *slot = Some(value);
                rest = index + 1;
            }
        }
        let absent = table.fields.iter().zip(&items).find(|(field, item)| field.required && item.is_none());
        match (absent, path) {
            (None, _) => Ok(Self { table, items }),
            (Some((field, _)), Path::Root) => Err(MessageError::Missing { member: field.name.to_owned() }),
            (Some((field, _)), _) => {
                Err(MessageError::MissingNested { member: Path::Member(path, field.name).name(table) })
            }
        }
    }

    /// The member of this name as the bytes of its item.
    pub fn raw(&self, name: &str) -> Option<&'a [u8]> {
        let found = self.table.fields.iter().zip(&self.items).find(|(field, _)| field.name == name);
        debug_assert!(found.is_some(), "{} has no member {name}", self.table.name);
        found.and_then(|(_, item)| *item)
    }

    fn get<T>(&self, name: &str, read: impl FnOnce(&mut Reader<'a>) -> Option<T>) -> Option<T> {
        self.raw(name).and_then(|item| read(&mut Reader::new(item)))
    }

    /// A boolean member.
    pub fn bool(&self, name: &str) -> Option<bool> {
        self.get(name, |item| item.bool().ok())
    }

    /// An unsigned integer member.
    pub fn uint(&self, name: &str) -> Option<u64> {
        self.get(name, |item| item.uint().ok())
    }

    /// An integer member.
    pub fn int(&self, name: &str) -> Option<i64> {
        self.get(name, |item| item.int().ok())
    }

    /// A text member.
    pub fn text(&self, name: &str) -> Option<&'a str> {
        self.get(name, |item| item.text().ok())
    }

    /// A byte string member.
    pub fn bytes(&self, name: &str) -> Option<&'a [u8]> {
        self.get(name, |item| item.bytes().ok())
    }

    /// A map member that has a table of its own.
    pub fn table(&self, name: &str) -> Option<Members<'a>> {
        let field = self.table.fields.iter().find(|field| field.name == name)?;
        match field.kind {
            Kind::Table(table) => Members::read(table, self.raw(name)?).ok(),
            _ => None,
        }
    }

    /// The items of an array member.
    pub fn array(&self, name: &str) -> Option<Items<'a>> {
        self.raw(name).map(Items::new)
    }
}

/// The items of an array, as their bytes.
#[derive(Clone, Debug)]
pub struct Items<'a> {
    reader: Reader<'a>,
    left: u64,
}

impl<'a> Items<'a> {
    fn new(array: &'a [u8]) -> Self {
        let mut reader = Reader::new(array);
        let left = reader.array_len().unwrap_or(0);
        Self { reader, left }
    }

    /// How many items are left.
    pub fn remaining(&self) -> u64 {
        self.left
    }
}

impl<'a> Iterator for Items<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        self.left = self.left.checked_sub(1)?;
        self.reader.item().ok()
    }
}

impl Key {
    /// Whether `item` encodes this key.
    pub fn is(self, item: &[u8]) -> bool {
        let mut reader = Reader::new(item);
        match self {
            Self::Int(key) => reader.int() == Ok(key),
            Self::Text(key) => reader.text() == Ok(key),
        }
    }

    fn write(self, out: &mut Writer) {
        match self {
            Self::Int(key) => out.int(key),
            Self::Text(key) => out.text(key),
        };
    }
}

/// Where in a message a member stands; made into text only for an error.
enum Path<'a> {
    Root,
    Member(&'a Path<'a>, &'static str),
    Item(&'a Path<'a>, u64),
}

impl Path<'_> {
    fn name(&self, table: &Table) -> String {
        let text = self.text();
        if text.is_empty() { table.name.to_owned() } else { text }
    }

    fn text(&self) -> String {
        match self {
            Self::Root => String::new(),
            Self::Member(parent, name) => match parent.text() {
                parent if parent.is_empty() => (*name).to_owned(),
                parent => format!("{parent}.{name}"),
            },
            Self::Item(parent, index) => format!("{}[{index}]", parent.text()),
        }
    }
}

fn check(kind: &Kind, item: &[u8], path: &Path<'_>) -> Result<(), MessageError> {
    let mut reader = Reader::new(item);
    let typed = match kind {
        Kind::Bool => reader.bool().is_ok(),
        Kind::Uint => reader.uint().is_ok(),
        Kind::Int => reader.int().is_ok(),
        Kind::Text => reader.text().is_ok(),
        Kind::AuthData => reader.bytes().is_ok(),
        Kind::AnyMap => reader.map_len().is_ok(),
        Kind::Any => true,
        Kind::Bytes { min, max } => match reader.bytes() {
            Ok(bytes) if (*min..=*max).contains(&bytes.len()) => true,
            Ok(bytes) => {
                let (member, len) = (path.text(), bytes.len());
                return Err(MessageError::Length { member, len, min: *min, max: *max });
            }
            Err(_) => false,
        },
        Kind::Table(table) => match cbor::Reader::new(item).head() {
            Ok(head) if head.major == Major::Map => return Members::read_at(table, item, path).map(drop),
            _ => false,
        },
        Kind::Array(inner) => match reader.array_len() {
            Ok(len) => {
                for index in 0..len {
                    check(inner, reader.item()?, &Path::Item(path, index))?;
                }
                true
            }
            Err(_) => false,
        },
    };
    if typed { Ok(()) } else { Err(MessageError::Type { member: path.text(), expected: kind.expected() }) }
}

/// Writes a map by the names of its table.
#[derive(Debug)]
pub struct MapWriter<'a> {
    table: &'static Table,
    out: &'a mut Writer,
}

impl<'a> MapWriter<'a> {
    /// Begins a map of `len` members. They are to be written in the table's order.
    pub fn new(table: &'static Table, len: usize, out: &'a mut Writer) -> Self {
        out.map(len);
        Self { table, out }
    }

    /// Writes the key of this member; the value follows on the writer that is given back.
    pub fn member(&mut self, name: &str) -> &mut Writer {
        let field = self.table.fields.iter().find(|field| field.name == name);
        debug_assert!(field.is_some(), "{} has no member {name}", self.table.name);
        if let Some(field) = field {
            field.key.write(self.out);
        }
        self.out
    }
}

/// Collects the members of a map whose number is known only at its end.
#[derive(Debug)]
pub struct MapBuilder {
    table: &'static Table,
    members: Writer,
    len: usize,
}

impl MapBuilder {
    /// Begins a map. Its members are to be written in the table's order.
    pub fn new(table: &'static Table) -> Self {
        Self { table, members: Writer::default(), len: 0 }
    }

    /// Writes the key of this member; the value follows on the writer that is given back.
    pub fn member(&mut self, name: &str) -> &mut Writer {
        let field = self.table.fields.iter().find(|field| field.name == name);
        debug_assert!(field.is_some(), "{} has no member {name}", self.table.name);
        if let Some(field) = field {
            field.key.write(&mut self.members);
            self.len += 1;
        }
        &mut self.members
    }

    /// Whether it has no member yet.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Writes the whole map.
    pub fn write(self, out: &mut Writer) {
        out.map(self.len).raw(&self.members.into_bytes());
    }

    /// The whole map.
    pub fn into_bytes(self) -> Vec<u8> {
        let mut out = Writer::default();
        self.write(&mut out);
        out.into_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_in_canonical_order() {
        for table in ALL_TABLES {
            assert!(table.fields.len() <= MAX_FIELDS, "{}", table.name);
            let keys: Vec<Vec<u8>> = table
                .fields
                .iter()
                .map(|field| {
                    let mut out = Writer::default();
                    field.key.write(&mut out);
                    out.into_bytes()
                })
                .collect();
            for pair in keys.windows(2) {
                if let [a, b] = pair {
                    assert!(cbor::key_order(a, b).is_lt(), "{}: {a:x?} {b:x?}", table.name);
                }
            }
        }
    }
}
