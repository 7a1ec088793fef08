//! `--user ask`: a person at the terminal.

use std::{
    fs::File,
    future::{Future, ready},
    io::{self, BufRead as _, BufReader, Write as _},
    pin::Pin,
    sync::atomic::{AtomicBool, Ordering},
};

use softhello_app::{Gesture, Prompt, PromptAnswer};

/// Asks on the terminal. The answer to a PIN is not shown.
#[derive(Debug)]
pub(crate) struct Terminal;

impl Prompt for Terminal {
    fn ask<'a>(
        &'a mut self,
        gesture: Gesture<'a>,
        wants_pin: bool,
    ) -> Pin<Box<dyn Future<Output = PromptAnswer> + Send + 'a>> {
        let question = match gesture {
            Gesture::Verify { rp_id, attempts_left } if wants_pin => {
                return Box::pin(ready(pin(rp_id, attempts_left)));
            }
            Gesture::Verify { rp_id, .. } => match rp_id {
                Some(rp_id) => format!("Verify yourself for {rp_id}?"),
                None => "Verify yourself?".to_owned(),
            },
            Gesture::Sample { remaining, .. } => format!("Put the finger on the sensor ({remaining} times)?"),
            Gesture::Presence { rp_id } => format!("Continue for {rp_id}?"),
            Gesture::Select => "Use this authenticator?".to_owned(),
            Gesture::Reset { .. } => "Erase everything on this authenticator?".to_owned(),
            _ => "Continue?".to_owned(),
        };
        Box::pin(ready(confirm(&question)))
    }
}

fn pin(rp_id: Option<&str>, attempts_left: u8) -> PromptAnswer {
    let whom = rp_id.map(|rp_id| format!(" for {rp_id}")).unwrap_or_default();
    let question = format!("PIN{whom} ({attempts_left} attempts left after this, empty to cancel): ");
    match password(&question) {
        Ok(text) if text.is_empty() => PromptAnswer::No,
        Ok(text) => PromptAnswer::Pin(text.into()),
        Err(error) if error.kind() == io::ErrorKind::Interrupted => PromptAnswer::Cancelled,
        Err(_) => PromptAnswer::Nothing,
    }
}

/// Whether a PIN is being typed, so that the terminal shows nothing.
static OPEN: AtomicBool = AtomicBool::new(false);

/// Whether the terminal is in a state that has to be restored before the process may end.
pub(crate) fn is_open() -> bool {
    OPEN.load(Ordering::SeqCst)
}

/// Asks for a PIN without showing it. Ctrl-C is [`io::ErrorKind::Interrupted`].
pub(crate) fn password(question: &str) -> io::Result<String> {
    OPEN.store(true, Ordering::SeqCst);
    let typed = rpassword::prompt_password(question);
    OPEN.store(false, Ordering::SeqCst);
    typed
}

/// The terminal itself: standard input may be a file with the options.
pub(crate) fn terminal() -> io::Result<File> {
    File::open(if cfg!(windows) { "CONIN$" } else { "/dev/tty" })
}

/// Asks a question on standard error, so that standard output stays the response's.
fn confirm(question: &str) -> PromptAnswer {
    let mut line = String::new();
    let asked = write!(io::stderr(), "{question} [Y/n] ").and_then(|()| io::stderr().flush());
    match asked.and_then(|()| terminal()).and_then(|terminal| BufReader::new(terminal).read_line(&mut line)) {
        Ok(0) | Err(_) => PromptAnswer::Nothing,
        Ok(_) if matches!(line.trim(), "" | "y" | "Y" | "yes") => PromptAnswer::Yes,
        Ok(_) => PromptAnswer::No,
    }
}
