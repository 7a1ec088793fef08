//! What happens while an operation runs.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

/// What happens while an operation runs, for whoever shows progress.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case", rename_all_fields = "kebab-case")]
#[non_exhaustive]
pub enum Event {
    /// Another process has the data directory.
    Waiting {
        /// Who, as `process 4711 (softhello create)`.
        holder: String,
    },
    /// The seed makes keys that are no secret.
    SeededKeys,
    /// A device is on its transport, until the operation ends.
    Ready {
        /// Where: an address, or the path of a device.
        address: String,
        /// What is there, and what can be done with it: a sentence.
        text: String,
    },
    /// A step of a specification was taken.
    Step {
        /// The section, as `6.1.2`.
        section: Cow<'static, str>,
        /// The number of the step.
        number: Cow<'static, str>,
        /// The rule in words.
        rule: Cow<'static, str>,
        /// What became of it.
        outcome: String,
    },
    /// Bytes that were exchanged, annotated.
    Explained {
        /// What they are, as `request`.
        title: String,
        /// The annotation, several lines.
        text: String,
    },
    /// A part of the demonstration begins or ends, or something that does not stop the operation.
    Said {
        /// A sentence.
        text: String,
    },
}
