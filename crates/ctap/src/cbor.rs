//! CTAP2 canonical CBOR: checked before it is read, and written in canonical form.
//!
//! Source: CTAP 2.3 §8, "CTAP2 canonical CBOR encoding form".

/// The deepest nesting of maps and arrays in a message; the parameter map is level 1.
pub const MAX_DEPTH: usize = 4;

/// Why bytes are not canonical CBOR. `at` is the offset of the offending item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CborError {
    /// The input ends inside an item.
    #[error("the input ends inside the item at byte {at}")]
    Truncated {
        /// Offset of the item.
        at: usize,
    },
    /// Bytes follow the item.
    #[error("more bytes follow the end of the item at byte {at}")]
    Trailing {
        /// Offset of the first surplus byte.
        at: usize,
    },
    /// A number or length is not in its shortest form.
    #[error("the number at byte {at} is not in its shortest form")]
    NotMinimal {
        /// Offset of the item.
        at: usize,
    },
    /// An indefinite length, a tag, a float or a simple value other than a boolean.
    #[error("the item at byte {at} is of a kind that canonical CTAP2 CBOR does not have")]
    Forbidden {
        /// Offset of the item.
        at: usize,
    },
    /// A text string is not UTF-8.
    #[error("the text at byte {at} is not UTF-8")]
    NotUtf8 {
        /// Offset of the item.
        at: usize,
    },
    /// A map key is the same as the one before it.
    #[error("the map key at byte {at} stands twice")]
    DuplicateKey {
        /// Offset of the second.
        at: usize,
    },
    /// A map key should stand before the one before it.
    #[error("the map key at byte {at} is out of order")]
    KeyOrder {
        /// Offset of the key.
        at: usize,
    },
    /// Maps and arrays are nested deeper than allowed.
    #[error("nested deeper than {MAX_DEPTH} levels at byte {at}")]
    TooDeep {
        /// Offset of the item.
        at: usize,
    },
}

/// Checks that `bytes` are exactly one canonical item, nested at most `depth` levels. Allocates nothing.
///
/// # Errors
///
/// The first [`CborError`] in the order of the bytes.
pub fn validate(bytes: &[u8], depth: usize) -> Result<(), CborError> {
    match validate_prefix(bytes, depth)? {
        end if end == bytes.len() => Ok(()),
        at => Err(CborError::Trailing { at }),
    }
}

/// Checks that `bytes` begin with a canonical item, and gives its length.
///
/// # Errors
///
/// The first [`CborError`] in the order of the bytes.
pub fn validate_prefix(bytes: &[u8], depth: usize) -> Result<usize, CborError> {
    let mut reader = Reader::new(bytes);
    check_item(&mut reader, depth, Order::Canonical)?;
    Ok(reader.at)
}

/// As [`validate`], but map keys may stand in any order. Recorded attestation objects are so.
///
/// # Errors
///
/// The first [`CborError`] in the order of the bytes.
pub fn validate_any_order(bytes: &[u8], depth: usize) -> Result<(), CborError> {
    let mut reader = Reader::new(bytes);
    check_item(&mut reader, depth, Order::Any)?;
    if reader.at == bytes.len() { Ok(()) } else { Err(CborError::Trailing { at: reader.at }) }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Order {
    Canonical,
    Any,
}

fn check_item(reader: &mut Reader<'_>, depth: usize, order: Order) -> Result<(), CborError> {
    let at = reader.at;
    let head = reader.head()?;
    match head.major {
        Major::Unsigned | Major::Negative | Major::Simple => Ok(()),
        Major::Bytes => reader.take(head.value, at).map(drop),
        Major::Text => {
            let text = reader.take(head.value, at)?;
            std::str::from_utf8(text).map(drop).map_err(|_| CborError::NotUtf8 { at })
        }
        Major::Array => {
            let depth = depth.checked_sub(1).ok_or(CborError::TooDeep { at })?;
            (0..head.value).try_for_each(|_| check_item(reader, depth, order))
        }
        Major::Map => {
            let depth = depth.checked_sub(1).ok_or(CborError::TooDeep { at })?;
            let mut last: Option<&[u8]> = None;
            for _ in 0..head.value {
                let key_at = reader.at;
                check_item(reader, depth, order)?;
                let key = reader.bytes.get(key_at..reader.at).unwrap_or_default();
                match last.map(|last| key_order(last, key)) {
                    Some(std::cmp::Ordering::Equal) => return Err(CborError::DuplicateKey { at: key_at }),
                    Some(std::cmp::Ordering::Greater) if order == Order::Canonical => {
                        return Err(CborError::KeyOrder { at: key_at });
                    }
                    _ => last = Some(key),
                }
                check_item(reader, depth, order)?;
            }
            Ok(())
        }
    }
}

/// CTAP2's order of encoded map keys: by major type, then length, then bytes.
pub fn key_order(a: &[u8], b: &[u8]) -> std::cmp::Ordering {
    let major = |key: &[u8]| key.first().map(|byte| byte >> 5);
    (major(a), a.len(), a).cmp(&(major(b), b.len(), b))
}

/// The major types that canonical CTAP2 CBOR has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Major {
    /// 0.
    Unsigned,
    /// 1.
    Negative,
    /// 2.
    Bytes,
    /// 3.
    Text,
    /// 4.
    Array,
    /// 5.
    Map,
    /// 7, of which only false and true.
    Simple,
}

/// The head of an item: its major type, and its number or length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// The major type.
    pub major: Major,
    /// The number: value, length, count, or 20 (false) and 21 (true).
    pub value: u64,
}

/// Reads items one after the other, without allocating.
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

/// The item is not of the type that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not {expected}")]
pub struct Unexpected {
    /// What was asked for.
    pub expected: &'static str,
}

impl<'a> Reader<'a> {
    /// A reader at the start of `bytes`.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// The offset of the next item.
    pub fn position(&self) -> usize {
        self.at
    }

    /// Reads a head.
    ///
    /// # Errors
    ///
    /// [`CborError`] if it is cut off, not minimal, or of a forbidden kind.
    pub fn head(&mut self) -> Result<Head, CborError> {
        let at = self.at;
        let &[first] = self.array::<1>(at)?;
        let short = first & 0x1f;
        let value = match short {
            0..=23 => u64::from(short),
            24 => u64::from(self.array::<1>(at)?[0]),
            25 => u64::from(u16::from_be_bytes(*self.array(at)?)),
            26 => u64::from(u32::from_be_bytes(*self.array(at)?)),
            27 => u64::from_be_bytes(*self.array(at)?),
            _ => return Err(CborError::Forbidden { at }),
        };
        let major = match first >> 5 {
            0 => Major::Unsigned,
            1 => Major::Negative,
            2 => Major::Bytes,
            3 => Major::Text,
            4 => Major::Array,
            5 => Major::Map,
            7 if matches!(first, 0xf4 | 0xf5) => Major::Simple,
            _ => return Err(CborError::Forbidden { at }),
        };
        let least = match short {
            24 => 24,
            25 => 1 << 8,
            26 => 1 << 16,
            27 => 1 << 32,
            _ => 0,
        };
        if value < least {
            return Err(CborError::NotMinimal { at });
        }
        Ok(Head { major, value })
    }

    fn array<const N: usize>(&mut self, item_at: usize) -> Result<&'a [u8; N], CborError> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let chunk = rest.first_chunk().ok_or(CborError::Truncated { at: item_at })?;
        self.at += N;
        Ok(chunk)
    }

    /// The next `len` bytes of the item that began at `item_at`.
    fn take(&mut self, len: u64, item_at: usize) -> Result<&'a [u8], CborError> {
        let truncated = CborError::Truncated { at: item_at };
        let end = usize::try_from(len).ok().and_then(|len| self.at.checked_add(len)).ok_or(truncated)?;
        let taken = self.bytes.get(self.at..end).ok_or(truncated)?;
        self.at = end;
        Ok(taken)
    }

    fn expect(&mut self, expected: &'static str, major: &[Major]) -> Result<Head, Unexpected> {
        let start = self.at;
        match self.head() {
            Ok(head) if major.contains(&head.major) => Ok(head),
            _ => {
                self.at = start;
                Err(Unexpected { expected })
            }
        }
    }

    /// An unsigned integer.
    ///
    /// # Errors
    ///
    /// [`Unexpected`] if the next item is something else.
    pub fn uint(&mut self) -> Result<u64, Unexpected> {
        self.expect("an unsigned integer", &[Major::Unsigned]).map(|head| head.value)
    }

    /// An integer that fits 64 bits.
    ///
    /// # Errors
    ///
    /// [`Unexpected`] if the next item is something else.
    pub fn int(&mut self) -> Result<i64, Unexpected> {
        const EXPECTED: &str = "an integer";
        let head = self.expect(EXPECTED, &[Major::Unsigned, Major::Negative])?;
        let value = i64::try_from(head.value).map_err(|_| Unexpected { expected: EXPECTED })?;
        Ok(if head.major == Major::Negative { -1 - value } else { value })
    }

    /// A byte string.
    ///
    /// # Errors
    ///
    /// [`Unexpected`] if the next item is something else.
    pub fn bytes(&mut self) -> Result<&'a [u8], Unexpected> {
        const EXPECTED: &str = "a byte string";
        let head = self.expect(EXPECTED, &[Major::Bytes])?;
        self.take(head.value, self.at).map_err(|_| Unexpected { expected: EXPECTED })
    }

    /// A text string.
    ///
    /// # Errors
    ///
    /// [`Unexpected`] if the next item is something else.
    pub fn text(&mut self) -> Result<&'a str, Unexpected> {
        const EXPECTED: &str = "a text string";
        let unexpected = Unexpected { expected: EXPECTED };
        let head = self.expect(EXPECTED, &[Major::Text])?;
        let bytes = self.take(head.value, self.at).map_err(|_| unexpected)?;
        std::str::from_utf8(bytes).map_err(|_| unexpected)
    }

    /// A boolean.
    ///
    /// # Errors
    ///
    /// [`Unexpected`] if the next item is something else.
    pub fn bool(&mut self) -> Result<bool, Unexpected> {
        self.expect("a boolean", &[Major::Simple]).map(|head| head.value == 21)
    }

    /// The head of an array: how many items follow.
    ///
    /// # Errors
    ///
    /// [`Unexpected`] if the next item is something else.
    pub fn array_len(&mut self) -> Result<u64, Unexpected> {
        self.expect("an array", &[Major::Array]).map(|head| head.value)
    }

    /// The head of a map: how many pairs follow.
    ///
    /// # Errors
    ///
    /// [`Unexpected`] if the next item is something else.
    pub fn map_len(&mut self) -> Result<u64, Unexpected> {
        self.expect("a map", &[Major::Map]).map(|head| head.value)
    }

    /// The next item whole, as its bytes. What is inside is passed over, not checked: see [`validate`].
    ///
    /// # Errors
    ///
    /// [`CborError`] if it ends too early, or a head in it is not canonical.
    pub fn item(&mut self) -> Result<&'a [u8], CborError> {
        let start = self.at;
        // Every item takes at least a byte, so that a hostile count ends with the input.
        let mut left: u64 = 1;
        while left > 0 {
            let at = self.at;
            let head = self.head()?;
            left -= 1;
            match head.major {
                Major::Bytes | Major::Text => drop(self.take(head.value, at)?),
                Major::Array => left = left.saturating_add(head.value),
                Major::Map => left = left.saturating_add(head.value.saturating_mul(2)),
                Major::Unsigned | Major::Negative | Major::Simple => {}
            }
        }
        Ok(self.bytes.get(start..self.at).unwrap_or_default())
    }
}

/// Writes items in canonical form. Whoever calls keeps the order and the number of map members.
#[derive(Clone, Debug, Default)]
pub struct Writer {
    out: Vec<u8>,
}

impl Writer {
    /// A writer that appends to `out`.
    pub fn appending(out: Vec<u8>) -> Self {
        Self { out }
    }

    /// Everything written.
    pub fn into_bytes(self) -> Vec<u8> {
        self.out
    }

    fn head(&mut self, major: u8, value: u64) -> &mut Self {
        let major = major << 5;
        match value {
            0..=23 => self.out.push(major | value.to_le_bytes()[0]),
            24..=0xff => self.out.extend([major | 24, value.to_le_bytes()[0]]),
            0x100..=0xffff => {
                self.out.push(major | 25);
                self.out.extend_from_slice(&value.to_be_bytes()[6..]);
            }
            0x1_0000..=0xffff_ffff => {
                self.out.push(major | 26);
                self.out.extend_from_slice(&value.to_be_bytes()[4..]);
            }
            _ => {
                self.out.push(major | 27);
                self.out.extend_from_slice(&value.to_be_bytes());
            }
        }
        self
    }

    /// An unsigned integer.
    pub fn uint(&mut self, value: u64) -> &mut Self {
        self.head(0, value)
    }

    /// An integer.
    pub fn int(&mut self, value: i64) -> &mut Self {
        match u64::try_from(value) {
            Ok(value) => self.head(0, value),
            Err(_) => self.head(1, (-1 - value).unsigned_abs()),
        }
    }

    /// A byte string.
    pub fn bytes(&mut self, value: &[u8]) -> &mut Self {
        self.head(2, value.len() as u64).out.extend_from_slice(value);
        self
    }

    /// A text string.
    pub fn text(&mut self, value: &str) -> &mut Self {
        self.head(3, value.len() as u64).out.extend_from_slice(value.as_bytes());
        self
    }

    /// The head of an array of `len` items.
    pub fn array(&mut self, len: usize) -> &mut Self {
        self.head(4, len as u64)
    }

    /// The head of a map of `len` pairs.
    pub fn map(&mut self, len: usize) -> &mut Self {
        self.head(5, len as u64)
    }

    /// A boolean.
    pub fn bool(&mut self, value: bool) -> &mut Self {
        self.out.push(if value { 0xf5 } else { 0xf4 });
        self
    }

    /// An item that is encoded already.
    pub fn raw(&mut self, item: &[u8]) -> &mut Self {
        self.out.extend_from_slice(item);
        self
    }
}

#[cfg(test)]
mod tests {
    use std::cmp::Ordering;

    use ciborium::Value;
    use proptest::{collection::vec, prelude::*, sample::Index};

    use super::*;

    /// What canonical CTAP2 CBOR is, said once more with another decoder.
    fn is_canonical(bytes: &[u8], depth: usize) -> bool {
        let mut rest = bytes;
        let parsed: Result<Value, _> = ciborium::from_reader(&mut rest);
        parsed.is_ok_and(|value| rest.is_empty() && encode(&value) == bytes && is_allowed(&value, depth))
    }

    fn is_allowed(value: &Value, depth: usize) -> bool {
        match value {
            Value::Integer(value) => (-(1 << 64)..1 << 64).contains(&i128::from(*value)),
            Value::Bytes(_) | Value::Text(_) | Value::Bool(_) => true,
            Value::Array(items) => depth > 0 && items.iter().all(|item| is_allowed(item, depth - 1)),
            Value::Map(pairs) => {
                let keys: Vec<_> = pairs.iter().map(|(key, _)| encode(key)).collect();
                depth > 0
                    && pairs
                        .iter()
                        .flat_map(|(key, value)| [key, value])
                        .all(|item| is_allowed(item, depth - 1))
                    && keys.is_sorted_by(|a, b| key_order(a, b) == Ordering::Less)
            }
            _ => false,
        }
    }

    fn encode(value: &Value) -> Vec<u8> {
        let mut out = Vec::new();
        ciborium::into_writer(value, &mut out).expect("a vector takes everything");
        out
    }

    fn write(value: &Value, out: &mut Writer) {
        match value {
            Value::Integer(value) => match (u64::try_from(*value), i64::try_from(*value)) {
                (Ok(value), _) => drop(out.uint(value)),
                (_, Ok(value)) => drop(out.int(value)),
                _ => drop(out.raw(&encode(&Value::Integer(*value)))),
            },
            Value::Bytes(value) => drop(out.bytes(value)),
            Value::Text(value) => drop(out.text(value)),
            Value::Bool(value) => drop(out.bool(*value)),
            Value::Array(items) => {
                out.array(items.len());
                items.iter().for_each(|item| write(item, out));
            }
            Value::Map(pairs) => {
                out.map(pairs.len());
                pairs.iter().flat_map(|(key, value)| [key, value]).for_each(|item| write(item, out));
            }
            other => panic!("canonical CTAP2 CBOR has no {other:?}"),
        }
    }

    /// Canonical items, up to four levels deep.
    fn canonical() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            any::<u64>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            (-300..300i64).prop_map(Value::from),
            vec(any::<u8>(), 0..30).prop_map(Value::from),
            vec(any::<u8>(), 255..258).prop_map(Value::from),
            ".{0,12}".prop_map(Value::from),
            any::<bool>().prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 60, 8, |inner| {
            prop_oneof![
                vec(inner.clone(), 0..8).prop_map(Value::from),
                vec((inner.clone(), inner), 0..8).prop_map(|mut pairs| {
                    pairs.sort_by(|(a, _), (b, _)| key_order(&encode(a), &encode(b)));
                    pairs.dedup_by(|(a, _), (b, _)| a == b);
                    Value::from(pairs)
                }),
            ]
        })
    }

    fn damaged(mut bytes: Vec<u8>, at: Index, by: u8, kind: u8) -> Vec<u8> {
        let at = at.index(bytes.len());
        match kind {
            0 => drop(bytes.splice(at..=at, [by])),
            1 => bytes.insert(at, by),
            2 => drop(bytes.remove(at)),
            _ => bytes.truncate(at),
        }
        bytes
    }

    /// Bytes that are often an item, and often a forbidden one.
    fn nearly_cbor() -> impl Strategy<Value = Vec<u8>> {
        let byte = prop_oneof![
            3 => any::<u8>(),
            3 => prop_oneof![0x00..0x1cu8, 0x20..0x3cu8, 0x40..0x44u8, 0x60..0x64u8, 0x80..0x84u8, 0xa0..0xa4u8],
            1 => prop_oneof![Just(0x18u8), Just(0x5f), Just(0x7f), Just(0x9f), Just(0xbf), 0xc0..=0xffu8],
        ];
        vec(byte, 0..12)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn what_is_written_is_canonical(value in canonical()) {
            let mut out = Writer::default();
            write(&value, &mut out);
            let bytes = out.into_bytes();
            prop_assert_eq!(&bytes, &encode(&value));
            prop_assert_eq!(validate(&bytes, MAX_DEPTH), Ok(()));
            prop_assert_eq!(validate_any_order(&bytes, MAX_DEPTH), Ok(()));
            prop_assert_eq!(Reader::new(&bytes).item(), Ok(&bytes[..]));
            let longer = [&bytes[..], &[0]].concat();
            prop_assert_eq!(validate_prefix(&longer, MAX_DEPTH), Ok(bytes.len()));
            prop_assert_eq!(validate(&longer, MAX_DEPTH), Err(CborError::Trailing { at: bytes.len() }));
        }

        #[test]
        fn another_decoder_agrees(bytes in nearly_cbor(), depth in 0..5usize) {
            prop_assert_eq!(validate(&bytes, depth).is_ok(), is_canonical(&bytes, depth), "{:02x?}", bytes);
        }

        #[test]
        fn another_decoder_agrees_on_damaged_items(
            value in canonical(),
            at in any::<Index>(),
            by in any::<u8>(),
            kind in 0..4u8,
            depth in 0..5usize,
        ) {
            let bytes = damaged(encode(&value), at, by, kind);
            prop_assert_eq!(validate(&bytes, depth).is_ok(), is_canonical(&bytes, depth), "{:02x?}", bytes);
        }

        #[test]
        fn a_reader_reads_what_was_written(value in any::<u64>(), signed in any::<i64>(), text in ".{0,40}") {
            let mut out = Writer::default();
            out.uint(value).int(signed).text(&text).bytes(text.as_bytes()).bool(true).bool(false).array(3).map(2);
            let bytes = out.into_bytes();
            let mut reader = Reader::new(&bytes);
            prop_assert_eq!(reader.uint(), Ok(value));
            prop_assert_eq!(reader.int(), Ok(signed));
            prop_assert_eq!(reader.text(), Ok(&text[..]));
            prop_assert_eq!(reader.bytes(), Ok(text.as_bytes()));
            prop_assert_eq!((reader.bool(), reader.bool()), (Ok(true), Ok(false)));
            prop_assert_eq!((reader.array_len(), reader.map_len()), (Ok(3), Ok(2)));
            prop_assert_eq!(reader.position(), bytes.len());
        }
    }

    #[test]
    fn an_item_of_another_type_is_left_where_it_is() {
        let mut reader = Reader::new(&[0x20, 0x01]);
        assert!(reader.uint().is_err() && reader.text().is_err() && reader.bool().is_err());
        assert!(reader.map_len().is_err() && reader.array_len().is_err() && reader.bytes().is_err());
        assert_eq!((reader.int(), reader.uint()), (Ok(-1), Ok(1)));
    }

    #[test]
    fn integers_outside_64_bits_are_not_read() {
        for (item, want) in [
            (&[0x1b, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff][..], Ok(i64::MAX)),
            (&[0x3b, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], Ok(i64::MIN)),
            (&[0x1b, 0x80, 0, 0, 0, 0, 0, 0, 0], Err(Unexpected { expected: "an integer" })),
            (&[0x3b, 0x80, 0, 0, 0, 0, 0, 0, 0], Err(Unexpected { expected: "an integer" })),
        ] {
            assert_eq!(Reader::new(item).int(), want, "{item:02x?}");
            assert_eq!(validate(item, 0), Ok(()), "{item:02x?}");
        }
    }

    /// Errors name the first fault in the order of the bytes.
    #[test]
    fn faults_are_found_where_they_are() {
        for (name, bytes, want) in [
            ("nothing", &[][..], CborError::Truncated { at: 0 }),
            ("a head cut off", &[0x82, 0x01, 0x19, 0x01], CborError::Truncated { at: 2 }),
            ("text cut off", &[0x63, b'a', b'b'], CborError::Truncated { at: 0 }),
            ("an array cut off", &[0x82, 0x01], CborError::Truncated { at: 2 }),
            ("surplus", &[0xa0, 0xa0], CborError::Trailing { at: 1 }),
            ("not minimal", &[0x81, 0x18, 0x17], CborError::NotMinimal { at: 1 }),
            ("a float", &[0x81, 0xf9, 0, 0], CborError::Forbidden { at: 1 }),
            ("indefinite", &[0x9f, 0xff], CborError::Forbidden { at: 0 }),
            ("not UTF-8", &[0x81, 0x61, 0xff], CborError::NotUtf8 { at: 1 }),
            ("a key twice", &[0xa2, 0x01, 0x01, 0x01, 0x01], CborError::DuplicateKey { at: 3 }),
            ("out of order", &[0xa2, 0x02, 0x01, 0x01, 0x01], CborError::KeyOrder { at: 3 }),
            ("too deep", &[0x81, 0x81, 0x81, 0x81, 0x81, 0x00], CborError::TooDeep { at: 4 }),
            ("depth before the rest", &[0x81, 0x81, 0x81, 0x81, 0xbf], CborError::Forbidden { at: 4 }),
        ] {
            assert_eq!(validate(bytes, MAX_DEPTH), Err(want), "{name}");
        }
        let unordered = [0xa2, 0x02, 0x01, 0x01, 0x01];
        assert_eq!(validate_any_order(&unordered, MAX_DEPTH), Ok(()));
        assert_eq!(validate_any_order(&[0xa0, 0x00], MAX_DEPTH), Err(CborError::Trailing { at: 1 }));
    }
}
