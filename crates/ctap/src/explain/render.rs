//! Prints an explanation: bytes on the left, indented by depth; label and value in the middle; notes on the right.

use std::fmt::{self, Write as _};

use super::{Explanation, Node};

/// No line is longer.
const WIDTH: usize = 110;

/// Columns for each level of the tree.
const STEP: usize = 2;

/// Deeper levels are not indented further, so that meaning keeps its room.
const DEEPEST: usize = 12;

/// Bytes on a line of their own.
const BYTES_PER_LINE: usize = 16;

/// The columns that names and values have at most; longer ones reach into those of notes.
const MEANING_ROOM: usize = 28;

/// The columns that notes have at least.
const NOTE_ROOM: usize = 32;

/// A node laid out but for the columns, which depend on all nodes.
struct Row {
    hex: Vec<String>,
    meaning: String,
    note: String,
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rows = Vec::new();
        self.nodes.iter().for_each(|node| lay_out(node, 0, &mut rows));
        let middle = rows.iter().flat_map(|row| &row.hex).map(String::len).max().unwrap_or_default() + 2;
        let widest = rows.iter().filter(|row| !row.note.is_empty()).map(|row| width(&row.meaning)).max();
        let room = (widest.unwrap_or_default() + 2).min(MEANING_ROOM);
        let right = (middle + room).min(WIDTH - NOTE_ROOM);
        let mut lines = rows.iter().flat_map(|row| row.lines(middle, right)).collect::<Vec<_>>();
        match self.problems.as_slice() {
            [] => {}
            [_] => lines.extend([String::new(), "1 problem:".to_owned()]),
            many => lines.extend([String::new(), format!("{} problems:", many.len())]),
        }
        for problem in &self.problems {
            let wrapped = wrap(&problem.text, WIDTH - 4);
            lines.extend(wrapped.iter().enumerate().map(|(index, line)| {
                let bullet = if index == 0 { "  - " } else { "    " };
                format!("{bullet}{line}")
            }));
        }
        for (index, line) in lines.iter().enumerate() {
            if index > 0 {
                f.write_char('\n')?;
            }
            f.write_str(line.trim_end())?;
        }
        Ok(())
    }
}

fn lay_out(node: &Node, depth: usize, rows: &mut Vec<Row>) {
    let separator = if node.label.is_empty() || node.value.is_empty() { "" } else { ": " };
    rows.push(Row {
        hex: hex_lines(node, depth.min(DEEPEST) * STEP),
        meaning: format!("{}{separator}{}", node.label, node.value),
        note: node.note.clone().unwrap_or_default(),
    });
    node.children.iter().for_each(|child| lay_out(child, depth + 1, rows));
}

/// The head by itself, then the content: on the same line if it fits, otherwise below.
fn hex_lines(node: &Node, indent: usize) -> Vec<String> {
    let (head, content) = node.bytes.split_at_checked(node.head).unwrap_or((&[], &node.bytes));
    let content_lines = content.chunks(BYTES_PER_LINE).map(hex);
    let head = match head.split_first() {
        Some((first, [])) => hex(&[*first]),
        Some((first, number)) => format!("{first:02x} {}", hex(number)),
        None => String::new(),
    };
    let pad = |columns: usize, text: &str| format!("{:columns$}{text}", "");
    match (node.head, content.len()) {
        (0, _) => content_lines.map(|line| pad(indent, &line)).collect(),
        (_, 0) => vec![pad(indent, &head)],
        (head_len, len) if head_len + len <= BYTES_PER_LINE + 1 => {
            vec![pad(indent, &format!("{head} {}", hex(content)))]
        }
        _ => std::iter::once(pad(indent, &head))
            .chain(content_lines.map(|line| pad(indent + STEP, &line)))
            .collect(),
    }
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        text.push_str(&format!("{byte:02x}"));
    }
    text
}

impl Row {
    /// The row with its meaning beginning at column `middle` and its note at `right`.
    fn lines(&self, middle: usize, right: usize) -> Vec<String> {
        let beside = self.beside(middle, right);
        let count = self.hex.len().max(beside.len());
        let at = |lines: &[String], index: usize| lines.get(index).cloned().unwrap_or_default();
        (0..count).map(|index| format!("{:middle$}{}", at(&self.hex, index), at(&beside, index))).collect()
    }

    /// What stands beside the bytes.
    fn beside(&self, middle: usize, right: usize) -> Vec<String> {
        let (room, gap) = (WIDTH - middle, right - middle);
        let mut lines = wrap(&self.meaning, room);
        if self.note.is_empty() {
            return lines;
        }
        let last = lines.last().map_or(0, |line| width(line));
        if lines.len() == 1 && last + 2 <= gap {
            let notes = wrap(&self.note, WIDTH - right);
            let meanings = std::iter::once(self.meaning.as_str()).chain(std::iter::repeat(""));
            return meanings.zip(notes).map(|(meaning, note)| format!("{meaning:gap$}{note}")).collect();
        }
        // A value that reaches into the column of notes has its note beside it if that is short, otherwise below.
        match lines.as_mut_slice() {
            [line] if last + 2 + width(&self.note) <= room => line.push_str(&format!("  {}", self.note)),
            _ => lines.extend(wrap(&self.note, room - 2).iter().map(|line| format!("  {line}"))),
        }
        lines
    }
}

/// How many columns a text takes. Wide characters count as one: they occur in values of users only.
fn width(text: &str) -> usize {
    text.chars().count()
}

/// Breaks between words, and inside words that are too long; at least one line. What belongs together stays so.
fn wrap(text: &str, room: usize) -> Vec<String> {
    let glued = text
        .replace("CTAP 2.3 §", "CTAP\u{a0}2.3\u{a0}§")
        .replace("WebAuthn L3 §", "WebAuthn\u{a0}L3\u{a0}§");
    let glued = glued.replace(" · ", "\u{a0}· ").replace("! ", "!\u{a0}");
    let mut lines = vec![String::new()];
    for word in glued.split(' ') {
        let mut word: Vec<char> =
            word.chars().map(|character| if character == '\u{a0}' { ' ' } else { character }).collect();
        let used = lines.last().map_or(0, |line| width(line));
        if used > 0 && used + 1 + word.len() > room {
            lines.push(String::new());
        }
        while word.len() > room {
            let rest = word.split_off(room);
            lines.extend([word.iter().collect(), String::new()]);
            word = rest;
        }
        if let Some(line) = lines.last_mut() {
            if !line.is_empty() {
                line.push(' ');
            }
            line.extend(word);
        }
    }
    lines.retain(|line| !line.is_empty());
    if lines.is_empty() { vec![String::new()] } else { lines }
}
