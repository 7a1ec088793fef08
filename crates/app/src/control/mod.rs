//! The control socket: what another process wants is carried out by the one that has the data directory.
//!
//! Each message is a line of JSON. A process connects, says what it wants, and hears of events, of questions for whoever sits
//! there, and of the end. When it goes away, what it wanted is dropped.

#[cfg(unix)]
pub(crate) mod client;
#[cfg(unix)]
mod lines;
mod question;
#[cfg(unix)]
pub(crate) mod server;
pub(crate) mod socket;

use serde::{Deserialize, Serialize};

use crate::{AppError, Context, Event, Operation, Output};

use question::{Answered, Question};

/// What the process that wants something says.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", rename_all_fields = "kebab-case")]
enum Request {
    /// Comes first, and is understood by every version: only the same one understands the rest.
    Version(String),
    /// Carry this out.
    CarryOut {
        context: Box<Context>,
        operation: Box<Operation>,
        /// There is someone to ask.
        can_ask: bool,
    },
    /// The answer to a question.
    Answer {
        /// Which.
        number: u64,
        answered: Answered,
    },
}

/// What the process that carries it out says.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", rename_all_fields = "kebab-case")]
enum Response {
    Event(Event),
    Ask {
        /// Tells one question from another.
        number: u64,
        question: Question,
        wants_pin: bool,
    },
    /// The last question needs no answer any more.
    Withdraw,
    Output(Output),
    Error(AppError),
}

/// The version that both sides have to have.
const VERSION: &str = env!("CARGO_PKG_VERSION");
