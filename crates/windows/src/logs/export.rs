//! Events as Windows' event XML, as Event Viewer exports and `wevtutil` prints it, and read back from it.

use std::fmt::Write as _;

use quick_xml::{
    Reader,
    escape::escape,
    events::{BytesStart, Event as Xml},
};
use softhello_ctap::Timestamp;

use super::{Channel, Event};

/// The most elements within each other; Windows needs six.
const MAX_DEPTH: usize = 64;

/// The XML namespace of events.
const NAMESPACE: &str = "http://schemas.microsoft.com/win/2004/08/events/event";

/// Events as one XML document.
pub fn to_xml(events: &[Event], computer: &str) -> String {
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<Events>\n");
    for event in events {
        let (entry, channel) = (event.entry, event.entry.channel);
        // Writing to a text does not fail.
        let _ = write!(
            out,
            "<Event xmlns=\"{NAMESPACE}\"><System><Provider Name=\"{}\"/><EventID>{}</EventID><Version>0</Version>\
             <Level>{}</Level><TimeCreated SystemTime=\"{}\"/><EventRecordID>{}</EventRecordID><Channel>{}</Channel>\
             <Computer>{}</Computer></System><EventData>",
            channel.provider(),
            entry.id,
            entry.level.number(),
            time(event.time),
            event.record,
            channel.name(),
            escape(computer),
        );
        for (name, value) in entry.fields.iter().zip(&event.values) {
            let _ = write!(out, "<Data Name=\"{name}\">{}</Data>", escape(value));
        }
        let _ = writeln!(
            out,
            "</EventData><RenderingInfo Culture=\"en-US\"><Message>{}</Message><Level>{}</Level></RenderingInfo></Event>",
            escape(event.message()),
            entry.level.name()
        );
    }
    out + "</Events>\n"
}

pub(crate) fn time(time: Timestamp) -> String {
    i64::try_from(time.0)
        .ok()
        .and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok())
        .map_or_else(|| format!("{} ms", time.0), |time| format!("{time:.3}"))
}

/// An event of somebody's log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReadEvent {
    /// `EventID`.
    pub id: u16,
    /// `Channel`, or the provider's name where there is none.
    pub channel: String,
    /// `TimeCreated`, as it is written; empty where there is none.
    pub time: String,
    /// The fields of `EventData`: name, where there is one, and value.
    pub fields: Vec<(String, String)>,
}

/// Why an export cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExportError {
    /// Not XML.
    #[error("it is no XML at byte {at}: {reason}")]
    Xml {
        /// Where.
        at: u64,
        /// Why.
        reason: String,
    },
    /// Larger than any export that a person sends.
    #[error("it has more than {} MiB", ReadEvent::MAX_SIZE / 1024 / 1024)]
    TooLarge,
    /// No event in it.
    #[error("there is no event in it")]
    Empty,
}

impl ReadEvent {
    /// The longest export, in bytes.
    pub const MAX_SIZE: usize = 32 * 1024 * 1024;

    /// Its channel, if it is one of those that are known here.
    pub fn known_channel(&self) -> Option<Channel> {
        let is = |channel: &Channel| self.channel == channel.name() || self.channel == channel.provider();
        Channel::ALL.into_iter().find(is)
    }
}

/// Reads the events of an export, the oldest first: one `Event`, several, or several inside `Events`.
///
/// # Errors
///
/// [`ExportError`].
pub fn read_xml(xml: &str) -> Result<Vec<ReadEvent>, ExportError> {
    if xml.len() > ReadEvent::MAX_SIZE {
        return Err(ExportError::TooLarge);
    }
    let mut reader = Reader::from_str(xml);
    let (mut events, mut path) = (Vec::new(), Vec::<String>::new());
    let mut event: Option<ReadEvent> = None;
    let (mut text, mut data) = (String::new(), String::new());
    loop {
        let read = reader.read_event();
        let invalid = |reason: String| ExportError::Xml { at: reader.buffer_position(), reason };
        match read.map_err(|error| invalid(error.to_string()))? {
            Xml::Start(start) => {
                let name = local(&start);
                if name == "Event" {
                    event = Some(ReadEvent::default());
                }
                attributes(&start, &mut event);
                text.clear();
                if path.len() >= MAX_DEPTH {
                    return Err(invalid(format!("more than {MAX_DEPTH} elements within each other")));
                }
                if name == "Data" {
                    data = field(&start);
                }
                path.push(name);
            }
            Xml::Empty(start) => {
                attributes(&start, &mut event);
                if let Some(event) = event.as_mut().filter(|_| local(&start) == "Data") {
                    event.fields.push((field(&start), String::new()));
                }
            }
            Xml::Text(part) => {
                text.push_str(&part.decode().map_err(|error| invalid(error.to_string()))?);
            }
            Xml::CData(part) => {
                text.push_str(&part.decode().map_err(|error| invalid(error.to_string()))?);
            }
            Xml::GeneralRef(reference) => {
                let name = reference.decode().map_err(|error| invalid(error.to_string()))?;
                let escaped = format!("&{name};");
                let character =
                    quick_xml::escape::unescape(&escaped).map_err(|error| invalid(error.to_string()))?;
                text.push_str(&character);
            }
            Xml::End(_) => {
                let name = path.pop().unwrap_or_default();
                match (name.as_str(), &mut event) {
                    ("EventID", Some(event)) => event.id = text.trim().parse().unwrap_or_default(),
                    ("Channel", Some(event)) => event.channel = text.trim().to_owned(),
                    ("Data", Some(event)) => {
                        event.fields.push((std::mem::take(&mut data), text.trim().to_owned()));
                    }
                    ("Event", _) => events.extend(event.take()),
                    _ => {}
                }
                text.clear();
            }
            Xml::Eof => break,
            _ => {}
        }
    }
    if events.is_empty() {
        Err(ExportError::Empty)
    } else {
        Ok(in_order(events, |event| event.time.as_str()))
    }
}

/// Entries of an export, the oldest first: some tools write the newest first.
pub fn in_order<T>(mut entries: Vec<T>, time: impl Fn(&T) -> &str) -> Vec<T> {
    if let (Some(first), Some(last)) = (entries.first(), entries.last())
        && time(first) > time(last)
    {
        entries.reverse();
    }
    // What was written in the same moment stays as it is.
    entries.sort_by(|a, b| time(a).cmp(time(b)));
    entries
}

/// The name of a field.
fn field(start: &BytesStart<'_>) -> String {
    let name = start.attributes().flatten().find(|attribute| attribute.key.as_ref() == b"Name");
    name.map(|name| String::from_utf8_lossy(&name.value).into_owned()).unwrap_or_default()
}

fn local(start: &BytesStart<'_>) -> String {
    String::from_utf8_lossy(start.local_name().as_ref()).into_owned()
}

/// The provider's name stands for the channel until that comes.
fn attributes(start: &BytesStart<'_>, event: &mut Option<ReadEvent>) {
    let Some(event) = event else { return };
    let (name, value) = match local(start).as_str() {
        "Provider" => (&b"Name"[..], &mut event.channel),
        "TimeCreated" => (&b"SystemTime"[..], &mut event.time),
        _ => return,
    };
    if let Some(found) = start.attributes().flatten().find(|attribute| attribute.key.as_ref() == name) {
        *value = String::from_utf8_lossy(&found.value).into_owned();
    }
}
