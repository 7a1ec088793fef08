//! What Windows writes into its event logs about Windows Hello and WebAuthn.

pub mod catalogue;
mod export;

use std::{collections::BTreeMap, fmt};

use serde::Serialize;
use softhello_ctap::Timestamp;

pub use catalogue::Entry;
pub(crate) use export::time as rfc3339;
pub use export::{ExportError, ReadEvent, in_order, read_xml, to_xml};

/// An event log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Channel {
    /// HelloForBusiness/Operational.
    HelloForBusiness,
    /// User Device Registration/Admin.
    UserDeviceRegistration,
    /// WebAuthN/Operational.
    WebAuthN,
}

/// How serious an event is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// 2.
    Error,
    /// 3.
    Warning,
    /// 4.
    Information,
}

/// An event that was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// When.
    pub time: Timestamp,
    /// Its number in its channel, from 1.
    pub record: u64,
    /// What it is.
    pub entry: &'static Entry,
    /// The values of its fields, in the order of [`Entry::fields`].
    pub values: Vec<String>,
}

/// The logs of a computer, in the order written.
#[derive(Clone, Debug, Default)]
pub struct Logs {
    events: Vec<Event>,
    /// How many each channel has.
    records: BTreeMap<Channel, u64>,
}

impl Channel {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::HelloForBusiness, Self::UserDeviceRegistration, Self::WebAuthN];

    /// As Windows names it.
    pub fn name(self) -> &'static str {
        match self {
            Self::HelloForBusiness => "Microsoft-Windows-HelloForBusiness/Operational",
            Self::UserDeviceRegistration => "Microsoft-Windows-User Device Registration/Admin",
            Self::WebAuthN => "Microsoft-Windows-WebAuthN/Operational",
        }
    }

    /// As people name it.
    pub fn short_name(self) -> &'static str {
        self.name().trim_start_matches("Microsoft-Windows-")
    }

    /// The provider's name.
    pub fn provider(self) -> &'static str {
        match self {
            Self::HelloForBusiness => "Microsoft-Windows-HelloForBusiness",
            Self::UserDeviceRegistration => "Microsoft-Windows-User Device Registration",
            Self::WebAuthN => "Microsoft-Windows-WebAuthN",
        }
    }
}

impl Level {
    /// Its number in Windows' event XML.
    pub fn number(self) -> u8 {
        match self {
            Self::Error => 2,
            Self::Warning => 3,
            Self::Information => 4,
        }
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Error => "Error",
            Self::Warning => "Warning",
            Self::Information => "Information",
        }
    }
}

impl Event {
    /// Its message with the fields in it.
    pub fn message(&self) -> String {
        let mut message = String::new();
        let mut rest = self.entry.message;
        while let Some((before, after)) = rest.split_once('%') {
            message.push_str(before);
            let digits = after.len() - after.trim_start_matches(|c: char| c.is_ascii_digit()).len();
            let (number, after) = after.split_at(digits);
            let value =
                number.parse::<usize>().ok().and_then(|number| self.values.get(number.checked_sub(1)?));
            message.push_str(value.map_or("", String::as_str));
            rest = after;
        }
        message + rest
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.entry.channel.short_name(), self.entry.id, self.message())
    }
}

impl Logs {
    /// Writes an event.
    pub fn write(&mut self, time: Timestamp, entry: &'static Entry, values: &[&str]) {
        debug_assert_eq!(values.len(), entry.fields.len(), "event {} has its fields", entry.id);
        let record = self.records.entry(entry.channel).or_default();
        *record += 1;
        let record = *record;
        // One event after the other, so that an export can be put in order again.
        let last = self.events.last().map(|event| event.time.0.saturating_add(1));
        let time = last.map_or(time, |last| time.max(Timestamp(last)));
        let values = values.iter().map(|value| (*value).to_owned()).collect();
        self.events.push(Event { time, record, entry, values });
    }

    /// All events.
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// Those of one channel.
    pub fn of(&self, channel: Channel) -> impl Iterator<Item = &Event> {
        self.events.iter().filter(move |event| event.entry.channel == channel)
    }
}

/// An event in JSON.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Json<'a> {
    time: String,
    channel: &'a str,
    event_id: u16,
    level: &'a str,
    record: u64,
    message: String,
    data: serde_json::Map<String, serde_json::Value>,
}

/// Events in JSON, an array.
pub fn to_json(events: &[Event]) -> serde_json::Value {
    let json = |event: &Event| Json {
        time: export::time(event.time),
        channel: event.entry.channel.name(),
        event_id: event.entry.id,
        level: event.entry.level.name(),
        record: event.record,
        message: event.message(),
        data: event
            .entry
            .fields
            .iter()
            .zip(&event.values)
            .map(|(name, value)| ((*name).to_owned(), value.as_str().into()))
            .collect(),
    };
    events.iter().map(|event| serde_json::to_value(json(event)).unwrap_or_default()).collect()
}

#[cfg(test)]
#[allow(clippy::indexing_slicing, reason = "a test may stop at the first surprise")]
mod tests;
