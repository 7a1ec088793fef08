//! What happens while an operation runs.

use serde::Serialize;

/// What happens while an operation runs, for whoever shows progress.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
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
    /// A step of a specification was taken.
    Step {
        /// The section, as `6.1.2`.
        section: &'static str,
        /// The number of the step.
        number: &'static str,
        /// The rule in words.
        rule: &'static str,
        /// What became of it.
        outcome: String,
    },
    /// Bytes that were exchanged, annotated.
    Explained {
        /// What they are, as `authenticatorMakeCredential request`.
        title: String,
        /// The annotation, several lines.
        text: String,
    },
    /// A part of the demonstration begins or ends.
    Said {
        /// A sentence.
        text: String,
    },
}
