//! Colours, on terminals that want them.

use clap::{
    ColorChoice,
    builder::styling::{AnsiColor, Style as Ansi},
};
use softhello_app::{AppError, Event};

/// How events and errors look.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Style;

const ERROR: Ansi = AnsiColor::Red.on_default().bold();
const HINT: Ansi = AnsiColor::Cyan.on_default();
const WARNING: Ansi = AnsiColor::Yellow.on_default();
const QUIET: Ansi = Ansi::new().dimmed();

impl Style {
    /// Sets colours for the whole process; `auto` follows the terminal and `NO_COLOR`.
    pub(crate) fn new(choice: ColorChoice) -> Self {
        match choice {
            ColorChoice::Always => anstream::ColorChoice::Always,
            ColorChoice::Never => anstream::ColorChoice::Never,
            ColorChoice::Auto => anstream::ColorChoice::Auto,
        }
        .write_global();
        Self
    }

    pub(crate) fn error(self, error: &AppError) -> String {
        let mut text = format!("{ERROR}error:{ERROR:#} {}", error.headline());
        if let Some(chain) = &error.chain {
            text.push_str(&format!("\n{QUIET}chain:{QUIET:#} {chain}"));
        }
        text.push_str(&format!("\n{HINT}hint:{HINT:#} {}", error.hint));
        text
    }

    pub(crate) fn event(self, event: &Event) -> String {
        match event {
            Event::Waiting { holder } => format!("{QUIET}waiting for {holder} …{QUIET:#}"),
            Event::SeededKeys => {
                format!("{WARNING}warning:{WARNING:#} keys made from --seed are not secret")
            }
            Event::Step { section, number, rule, outcome } => {
                format!("{QUIET}§{section} step {number}{QUIET:#} {rule} {QUIET}→ {outcome}{QUIET:#}")
            }
            Event::Explained { title, text } => format!("{HINT}{title}{HINT:#}\n{text}\n"),
            Event::Said { text } | Event::Ready { text, .. } => text.clone(),
            other => format!("{other:?}"),
        }
    }
}
