//! What an operation gives.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Exit;

/// What an operation gives: a document for programs and a text for people.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Output {
    /// One JSON document.
    pub json: Value,
    /// The same for people; none where the document itself is what people want too.
    pub text: Option<String>,
    /// How the process ends that asked for it, if not well.
    #[serde(default)]
    pub exit: Option<Exit>,
}

impl Output {
    /// A document that people read as well.
    pub(crate) fn document(json: Value) -> Self {
        Self { json, text: None, exit: None }
    }

    /// A document and its text.
    pub(crate) fn new(json: Value, text: impl Into<String>) -> Self {
        Self { json, text: Some(text.into()), exit: None }
    }

    /// The answer is no.
    #[must_use]
    pub(crate) fn with_exit(self, exit: Exit) -> Self {
        Self { exit: Some(exit), ..self }
    }
}

/// So many of something that takes an s in the plural.
pub(crate) fn count(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

/// Aligns rows of cells into columns two spaces apart, the first row being the headings.
pub(crate) fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let line = |row: &Vec<String>| {
        let cells: Vec<String> =
            row.iter().zip(&widths).map(|(cell, &width)| format!("{cell:<width$}")).collect();
        cells.join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}
