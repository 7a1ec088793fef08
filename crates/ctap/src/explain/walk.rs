//! Takes CBOR apart: any that is well formed, in any order and length, and the beginning of any that is not.

use std::collections::BTreeSet;

use super::{
    MAX_NESTING, MAX_PROBLEMS, Node, Problem, auth_data,
    head::{ARRAY, BREAK, BYTES, Head, MAP, NEGATIVE, NoHead, TAG, TEXT, UNSIGNED, simple},
    meaning,
};
use crate::{
    cbor::{self, CborError},
    message::{Field, Key, Kind, Table},
};

/// A position in the input, and what was found wrong before it.
pub(super) struct Walk<'a> {
    /// The input up to the end of the region that is walked; offsets are those of the whole input.
    bytes: &'a [u8],
    at: usize,
    /// Whether something in this region is cut off, damaged or surplus; the rest of the region is consumed then.
    failed: bool,
    /// The deepest canonical nesting, where there is such a rule.
    pub(super) depth_limit: Option<usize>,
    problems: Vec<Problem>,
}

/// What should stand at a place.
#[derive(Clone, Copy)]
pub(super) enum Expected {
    /// Nothing is known about it.
    Anything,
    /// The map of a message or of a structure.
    Root(&'static Table),
    /// A member of a map, or an item of an array that is one.
    Member(Place, &'static Kind),
}

/// The member that an item is, or belongs to.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub(super) table: &'static Table,
    pub(super) field: &'static Field,
    /// The value of an earlier member that decides what this one means: `kty` or `subCommand`.
    pub(super) selector: Option<i128>,
}

/// An item as a node, and its value if it is a leaf.
pub(super) struct Item<'a> {
    pub(super) node: Node,
    pub(super) scalar: Scalar<'a>,
}

/// The value of a leaf.
#[derive(Clone, Copy)]
pub(super) enum Scalar<'a> {
    Int(i128),
    Bytes(&'a [u8]),
    Text(&'a str),
    Other,
}

/// How an item is to be taken apart, its type having been checked.
enum Shape {
    Anything,
    Map(&'static Table),
    Items(&'static Kind),
    AuthData,
}

impl<'a> Walk<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0, failed: false, depth_limit: None, problems: Vec::new() }
    }

    pub(super) fn position(&self) -> usize {
        self.at
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.at >= self.bytes.len()
    }

    /// Whether the bytes of this region do not end where they should, or cannot be taken apart.
    pub(super) fn failed(&self) -> bool {
        self.failed
    }

    pub(super) fn fail(&mut self) {
        self.failed = true;
    }

    pub(super) fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    /// The next `len` bytes, or all that there are.
    pub(super) fn take_up_to(&mut self, len: usize) -> &'a [u8] {
        let rest = self.rest();
        let taken = rest.get(..len).unwrap_or(rest);
        self.at += taken.len();
        taken
    }

    /// In the order of the bytes.
    pub(super) fn into_problems(mut self) -> Vec<Problem> {
        self.problems.sort_by_key(|problem| problem.offset);
        self.problems
    }

    pub(super) fn problem(&mut self, offset: usize, text: String) {
        match self.problems.len() {
            ..MAX_PROBLEMS => self.problems.push(Problem { offset, text }),
            MAX_PROBLEMS => {
                let text = format!("there are more problems from byte {offset} on");
                self.problems.push(Problem { offset, text });
            }
            _ => {}
        }
    }

    /// A problem that `node` shows.
    pub(super) fn blame(&mut self, node: &mut Node, offset: usize, text: String) {
        node.note_more(&format!("! {text}"));
        self.problem(offset, text);
    }

    /// A byte that is no CBOR.
    pub(super) fn byte(&mut self, label: &str) -> Option<(Node, u8)> {
        let offset = self.at;
        let &byte = self.take_up_to(1).first()?;
        Some((Node { offset, bytes: vec![byte], label: label.to_owned(), ..Node::default() }, byte))
    }

    /// What is left of the region, if anything, though it should have ended.
    pub(super) fn surplus(&mut self) -> Option<Node> {
        let at = self.at;
        if self.is_at_end() {
            return None;
        }
        let bytes = self.take_up_to(usize::MAX).to_vec();
        let value = meaning::count(bytes.len());
        let mut node = Node { offset: at, bytes, label: "surplus".to_owned(), value, ..Node::default() };
        self.blame(&mut node, at, CborError::Trailing { at }.to_string());
        self.failed = true;
        Some(node)
    }

    /// Shows everything from `at` to the end of the region as it is.
    fn give_up(&mut self, at: usize, text: String) -> Item<'a> {
        self.at = at;
        let bytes = self.take_up_to(usize::MAX).to_vec();
        let mut node =
            Node { offset: at, bytes, value: "cannot be taken apart".to_owned(), ..Node::default() };
        self.blame(&mut node, at, text);
        self.failed = true;
        Item { node, scalar: Scalar::Other }
    }

    /// Walks the next bytes up to `end` by themselves.
    fn region(&mut self, end: usize, walk: impl FnOnce(&mut Self) -> Vec<Node>) -> Vec<Node> {
        let (bytes, failed) = (self.bytes, self.failed);
        self.bytes = bytes.get(..end).unwrap_or(bytes);
        self.failed = false;
        let nodes = walk(self);
        debug_assert!(self.is_at_end(), "a region is walked to its end");
        (self.bytes, self.failed) = (bytes, failed);
        nodes
    }

    /// The next item; there is at least one byte. `level` counts the maps, arrays and tags around it.
    pub(super) fn item(&mut self, expected: Expected, level: usize) -> Item<'a> {
        let at = self.at;
        let head = match Head::read(self.rest()) {
            Ok(head) => head,
            Err(NoHead::Truncated) => return self.give_up(at, CborError::Truncated { at }.to_string()),
            Err(NoHead::Reserved) => {
                return self
                    .give_up(at, format!("the item at byte {at} begins with a byte that has no meaning"));
            }
        };
        if head.major == 7 && head.value.is_none() {
            return self.give_up(at, format!("the break at byte {at} has nothing to end"));
        }
        let nests = matches!(head.major, ARRAY | MAP | TAG);
        if nests && level >= MAX_NESTING {
            let text = format!(
                "nested deeper than {MAX_NESTING} levels at byte {at}, which is as deep as explained"
            );
            return self.give_up(at, text);
        }
        let bytes = self.take_up_to(head.len).to_vec();
        let mut node = Node { offset: at, bytes, head: head.len, ..Node::default() };
        if nests && self.depth_limit == Some(level) {
            self.blame(&mut node, at, CborError::TooDeep { at }.to_string());
        }
        self.canonical_head(&mut node, head);
        let (place, shape) = self.shape(&mut node, expected, head);
        let scalar = match head.major {
            BYTES | TEXT => self.string(&mut node, head, &shape),
            ARRAY => self.array(&mut node, head, place, &shape, level + 1),
            MAP => self.map(&mut node, head, &shape, level + 1),
            TAG => self.tagged(&mut node, head, level + 1),
            UNSIGNED => Scalar::Int(i128::from(head.value.unwrap_or_default())),
            NEGATIVE => Scalar::Int(-1 - i128::from(head.value.unwrap_or_default())),
            _ => {
                node.value = simple(head);
                Scalar::Other
            }
        };
        if let Scalar::Int(number) = scalar {
            node.value = number.to_string();
        }
        if let Some(place) = place {
            meaning::describe(place, scalar, &mut node);
        }
        Item { node, scalar }
    }

    fn canonical_head(&mut self, node: &mut Node, head: Head) {
        let at = node.offset;
        if head.is_wasteful() {
            self.blame(node, at, CborError::NotMinimal { at }.to_string());
        }
        let forbidden = match (head.major, head.info, head.value) {
            (_, 31, _) => "an indefinite length",
            (TAG, ..) => "a tag",
            (7, 25..=27, _) => "a float",
            (7, _, Some(20 | 21)) => return,
            (7, ..) => "a simple value other than false and true",
            _ => return,
        };
        self.blame(node, at, format!("{}: {forbidden}", CborError::Forbidden { at }));
    }

    /// Checks the type of an item against its table.
    fn shape(&mut self, node: &mut Node, expected: Expected, head: Head) -> (Option<Place>, Shape) {
        let at = node.offset;
        let (place, kind) = match expected {
            Expected::Anything => return (None, Shape::Anything),
            Expected::Root(table) if head.major == MAP => {
                node.note_more(&format!("{} · {}", table.name, meaning::cite(table.section)));
                return (None, Shape::Map(table));
            }
            Expected::Root(table) => {
                self.blame(node, at, format!("the {} at byte {at} is not a map", table.name));
                return (None, Shape::Anything);
            }
            Expected::Member(place, kind) => (place, meaning::refine(place, head.major).unwrap_or(kind)),
        };
        if !accepts(kind, head) {
            let (name, expected) = (place.field.name, kind.expected());
            self.blame(node, at, format!("`{name}` at byte {at} is not {expected}"));
            return (None, Shape::Anything);
        }
        let shape = match kind {
            Kind::Table(table) => {
                // §6.1 defines what all commands share, such as `rp` and `user`, and is not worth a note.
                if table.section != place.table.section && table.section != "6.1" {
                    let section = meaning::cite(table.section);
                    let is_named = table.name == place.field.name;
                    node.note_more(&if is_named { section } else { format!("{} · {section}", table.name) });
                }
                Shape::Map(table)
            }
            Kind::Array(inner) => Shape::Items(inner),
            Kind::AuthData => Shape::AuthData,
            Kind::Bytes { min, max } => {
                let len = head.value.and_then(|len| usize::try_from(len).ok());
                if let Some(len) = len.filter(|len| !(*min..=*max).contains(len)) {
                    let bounds = if min == max { min.to_string() } else { format!("{min} to {max}") };
                    let name = place.field.name;
                    self.blame(
                        node,
                        at,
                        format!("`{name}` at byte {at} has {}, not {bounds}", meaning::count(len)),
                    );
                }
                Shape::Anything
            }
            _ => Shape::Anything,
        };
        (Some(place), shape)
    }

    fn string(&mut self, node: &mut Node, head: Head, shape: &Shape) -> Scalar<'a> {
        let at = node.offset;
        let Some(len) = head.value else {
            self.chunks(node, head.major);
            return Scalar::Other;
        };
        let len = usize::try_from(len).unwrap_or(usize::MAX);
        let there = self.rest().len().min(len);
        node.value = meaning::count(len);
        if there < len {
            node.value = format!("{there} of {len} bytes");
            self.blame(node, at, CborError::Truncated { at }.to_string());
        }
        if matches!(shape, Shape::AuthData) {
            node.children = self.region(self.at + there, auth_data::walk);
            self.failed |= there < len;
            return Scalar::Other;
        }
        let content = self.take_up_to(there);
        node.bytes.extend_from_slice(content);
        if there < len {
            self.failed = true;
            return Scalar::Other;
        }
        if head.major == BYTES {
            return Scalar::Bytes(content);
        }
        match std::str::from_utf8(content) {
            Ok(text) => {
                node.value = meaning::quote(text);
                Scalar::Text(text)
            }
            Err(_) => {
                self.blame(node, at, CborError::NotUtf8 { at }.to_string());
                Scalar::Other
            }
        }
    }

    /// The definite strings that an indefinite one is made of.
    fn chunks(&mut self, node: &mut Node, major: u8) {
        node.value = if major == BYTES { "bytes(_)" } else { "text(_)" }.to_owned();
        while self.goes_on(node, None, 0) {
            let at = self.at;
            let fits = Head::read(self.rest()).is_ok_and(|head| head.major == major && head.value.is_some());
            let mut chunk = if fits {
                self.item(Expected::Anything, 0).node
            } else {
                self.give_up(at, format!("the chunk at byte {at} is not a string of the same kind")).node
            };
            chunk.label = "chunk".to_owned();
            node.children.push(chunk);
        }
    }

    /// Whether a container of `len` items has another after the first `done`; consumes the break, and blames the
    /// container if the bytes end inside it.
    fn goes_on(&mut self, node: &mut Node, len: Option<u64>, done: u64) -> bool {
        if self.failed || len == Some(done) {
            return false;
        }
        let at = node.offset;
        if self.is_at_end() {
            self.blame(node, at, CborError::Truncated { at }.to_string());
            self.failed = true;
            return false;
        }
        if len.is_none() && self.rest().first() == Some(&BREAK) {
            let offset = self.at;
            let bytes = self.take_up_to(1).to_vec();
            node.children.push(Node { offset, bytes, head: 1, value: "break".to_owned(), ..Node::default() });
            return false;
        }
        true
    }

    fn array(
        &mut self,
        node: &mut Node,
        head: Head,
        place: Option<Place>,
        shape: &Shape,
        level: usize,
    ) -> Scalar<'a> {
        node.value = head.value.map_or("array(_)".to_owned(), |len| format!("array({len})"));
        let expected = match (place, shape) {
            (Some(place), Shape::Items(inner)) => Expected::Member(place, inner),
            _ => Expected::Anything,
        };
        let mut done = 0;
        while self.goes_on(node, head.value, done) {
            let mut item = self.item(expected, level).node;
            item.label = format!("[{done}]");
            node.children.push(item);
            done += 1;
        }
        Scalar::Other
    }

    fn tagged(&mut self, node: &mut Node, head: Head, level: usize) -> Scalar<'a> {
        node.value = format!("tag({})", head.value.unwrap_or_default());
        if self.goes_on(node, Some(1), 0) {
            node.children.push(self.item(Expected::Anything, level).node);
        }
        Scalar::Other
    }

    fn map(&mut self, node: &mut Node, head: Head, shape: &Shape, level: usize) -> Scalar<'a> {
        node.value = head.value.map_or("map(_)".to_owned(), |len| format!("map({len})"));
        let table = match shape {
            Shape::Map(table) => Some(*table),
            _ => None,
        };
        let mut keys = Keys::default();
        let mut present: Vec<&'static str> = Vec::new();
        let mut selector = None;
        let mut done = 0;
        while self.goes_on(node, head.value, done) {
            let at = self.at;
            let Item { node: mut member, scalar } = self.item(Expected::Anything, level);
            if self.failed {
                node.children.push(member);
                break;
            }
            let key = self.bytes.get(at..self.at).unwrap_or_default();
            if let Some(error) = keys.check(key, at) {
                self.blame(&mut member, at, error.to_string());
            }
            let field = table.and_then(|table| table.fields.iter().find(|field| field.key.matches(scalar)));
            let place = match (table, field) {
                (Some(table), Some(field)) => Some(Place { table, field, selector }),
                _ => None,
            };
            match (table, place) {
                (_, Some(place)) => meaning::name(place, &mut member),
                (Some(table), None) => member.note_more(&format!("no member of {}; ignored", table.name)),
                (None, None) => {}
            }
            let expected =
                place.map_or(Expected::Anything, |place| Expected::Member(place, &place.field.kind));
            // Not the break of an indefinite map: that may only stand in place of a key.
            if self.goes_on(node, Some(1), 0) {
                let value = self.item(expected, level);
                if let (Some("kty" | "subCommand"), Scalar::Int(number)) =
                    (field.map(|field| field.name), value.scalar)
                {
                    selector = Some(number);
                }
                member.children.push(value.node);
            }
            node.children.push(member);
            present.extend(field.map(|field| field.name));
            done += 1;
        }
        let at = node.offset;
        if let (Some(table), false) = (table, self.failed) {
            for field in table.fields {
                if field.required && !present.contains(&field.name) {
                    self.blame(node, at, format!("`{}` is missing in the map at byte {at}", field.name));
                }
            }
        }
        Scalar::Other
    }
}

/// The keys of one map so far.
#[derive(Default)]
struct Keys<'a> {
    last: Option<&'a [u8]>,
    seen: BTreeSet<&'a [u8]>,
    unordered: bool,
}

impl<'a> Keys<'a> {
    /// The rule that `key` breaks. A wrong order is told once for each map.
    fn check(&mut self, key: &'a [u8], at: usize) -> Option<CborError> {
        let ordered = self.last.replace(key).is_none_or(|last| cbor::key_order(last, key).is_lt());
        if !self.seen.insert(key) {
            return Some(CborError::DuplicateKey { at });
        }
        let first = !ordered && !self.unordered;
        self.unordered |= !ordered;
        first.then_some(CborError::KeyOrder { at })
    }
}

impl Key {
    /// As [`Key::is`], for a key that may be written in any way.
    pub(super) fn matches(self, scalar: Scalar<'_>) -> bool {
        match (self, scalar) {
            (Self::Int(key), Scalar::Int(number)) => i128::from(key) == number,
            (Self::Text(key), Scalar::Text(text)) => key == text,
            _ => false,
        }
    }
}

/// Whether an item of this type may stand where the table wants `kind`.
pub(super) fn accepts(kind: &Kind, head: Head) -> bool {
    match kind {
        Kind::Bool => head.major == 7 && matches!(head.value, Some(20 | 21)) && head.info < 25,
        Kind::Uint => head.major == UNSIGNED,
        Kind::Int => matches!(head.major, UNSIGNED | NEGATIVE),
        Kind::Text => head.major == TEXT,
        Kind::Bytes { .. } | Kind::AuthData => head.major == BYTES,
        Kind::Table(_) | Kind::AnyMap => head.major == MAP,
        Kind::Array(_) => head.major == ARRAY,
        Kind::Any => true,
    }
}
