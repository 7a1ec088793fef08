//! What a device did during one ceremony, in two pieces of memory: many are kept, and each would otherwise be scattered over
//! dozens.

use std::ops::Range;

use softhello_ctap::{Answer, Event, Outcome, Status, Step};

/// Events of a device in their order.
#[derive(Default)]
pub(super) struct Recording {
    entries: Vec<Entry>,
    /// All bytes and texts of the entries.
    bytes: Vec<u8>,
}

/// Where in [`Recording::bytes`] something stands.
type Part = Range<u32>;

/// An [`Event`], with its bytes and texts elsewhere.
enum Entry {
    Request(Part),
    Step(&'static Step, Outcome<Part>),
    Response(Status, Part),
    Stored { request: Part, answer: Part, refused: bool },
    Asked { gesture: Part, answer: Answer },
    Message(Part),
    MessageResponse(Part),
}

impl Recording {
    /// Most ceremonies need no more. It is what allocators have at hand: a kibibyte each.
    const ENTRIES: usize = 1024 / size_of::<Entry>();
    const BYTES: usize = 1024;

    pub(super) fn push(&mut self, event: Event) {
        if self.entries.is_empty() {
            self.entries.reserve(Self::ENTRIES);
            self.bytes.reserve(Self::BYTES);
        }
        let entry = match event {
            Event::Request(bytes) => Entry::Request(self.put(&bytes)),
            Event::Step { step, outcome } => {
                Entry::Step(step, outcome.map_refused(|reason| self.put(reason.as_bytes())))
            }
            Event::Response { status, bytes } => Entry::Response(status, self.put(&bytes)),
            Event::Stored { request, answer, refused } => Entry::Stored {
                request: self.put(request.as_bytes()),
                answer: self.put(answer.as_bytes()),
                refused,
            },
            Event::Asked { gesture, answer } => {
                Entry::Asked { gesture: self.put(gesture.as_bytes()), answer }
            }
            Event::Message(bytes) => Entry::Message(self.put(&bytes)),
            Event::MessageResponse(bytes) => Entry::MessageResponse(self.put(&bytes)),
            // Nothing shows what is not known here.
            _ => return,
        };
        self.entries.push(entry);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The events as they were.
    pub(super) fn events(&self) -> impl Iterator<Item = Event> {
        self.entries.iter().map(|entry| match entry {
            Entry::Request(bytes) => Event::Request(self.get(bytes)),
            Entry::Step(step, outcome) => {
                Event::Step { step, outcome: outcome.clone().map_refused(|reason| self.text(&reason)) }
            }
            Entry::Response(status, bytes) => Event::Response { status: *status, bytes: self.get(bytes) },
            Entry::Stored { request, answer, refused } => Event::Stored {
                request: self.text(request).into(),
                answer: self.text(answer).into(),
                refused: *refused,
            },
            Entry::Asked { gesture, answer } => Event::Asked { gesture: self.text(gesture), answer: *answer },
            Entry::Message(bytes) => Event::Message(self.get(bytes)),
            Entry::MessageResponse(bytes) => Event::MessageResponse(self.get(bytes)),
        })
    }

    /// How many bytes it takes.
    pub(super) fn size(&self) -> usize {
        self.entries.capacity() * size_of::<Entry>() + self.bytes.capacity()
    }

    fn put(&mut self, bytes: &[u8]) -> Part {
        // No ceremony has gigabytes; the end of one would be empty.
        let end = |bytes: &[u8]| u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        let from = end(&self.bytes);
        self.bytes.extend_from_slice(bytes);
        from..end(&self.bytes)
    }

    fn get(&self, part: &Part) -> Vec<u8> {
        self.bytes.get(part.start as usize..part.end as usize).unwrap_or_default().to_vec()
    }

    fn text(&self, part: &Part) -> String {
        String::from_utf8(self.get(part)).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_come_back_as_they_were() {
        static STEP: Step = Step { section: "6.2.2", number: "1", rule: "a rule" };
        let step = |outcome| Event::Step { step: &STEP, outcome };
        let stored = |request: &'static str, answer: &'static str, refused| Event::Stored {
            request: request.into(),
            answer: answer.into(),
            refused,
        };
        let events = [
            Event::Request(vec![4]),
            step(Outcome::Passed),
            step(Outcome::Chose("this")),
            step(Outcome::Skipped("that")),
            step(Outcome::Refused("because".to_owned())),
            stored("find", "2 credentials", false),
            stored("", "no", true),
            Event::Asked { gesture: "a touch".to_owned(), answer: Answer::Declined },
            Event::Response { status: Status::OperationDenied, bytes: vec![0x27] },
            Event::Message(Vec::new()),
            Event::MessageResponse(vec![0x90, 0]),
        ];
        let mut recording = Recording::default();
        assert!(recording.is_empty());
        events.iter().cloned().for_each(|event| recording.push(event));
        let back: Vec<String> = recording.events().map(|event| format!("{event:?}")).collect();
        assert_eq!(back, events.map(|event| format!("{event:?}")));
    }
}
