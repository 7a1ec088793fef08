//! `--user ask`: a person at the terminal.

use std::{
    future::{Future, ready},
    io::{self, BufRead as _, Write as _},
    pin::Pin,
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
            Gesture::Verify { rp_id, .. } => format!("Verify yourself for {rp_id}?"),
            Gesture::Presence { rp_id } => format!("Continue for {rp_id}?"),
            Gesture::Select => "Use this authenticator?".to_owned(),
            Gesture::Reset => "Erase everything on this authenticator?".to_owned(),
            _ => "Continue?".to_owned(),
        };
        Box::pin(ready(confirm(&question)))
    }
}

fn pin(rp_id: &str, attempts_left: u8) -> PromptAnswer {
    let question = format!("PIN for {rp_id} ({attempts_left} attempts left after this, empty to cancel): ");
    match rpassword::prompt_password(question) {
        Ok(text) if text.is_empty() => PromptAnswer::No,
        Ok(text) => PromptAnswer::Pin(text.into()),
        // Ctrl-C while the terminal does not echo.
        Err(error) if error.kind() == io::ErrorKind::Interrupted => PromptAnswer::Cancelled,
        Err(_) => PromptAnswer::Nothing,
    }
}

/// Asks a question on standard error, so that standard output stays the response's.
fn confirm(question: &str) -> PromptAnswer {
    let mut line = String::new();
    let asked = write!(io::stderr(), "{question} [Y/n] ").and_then(|()| io::stderr().flush());
    match asked.and_then(|()| io::stdin().lock().read_line(&mut line)) {
        Ok(0) | Err(_) => PromptAnswer::Nothing,
        Ok(_) if matches!(line.trim(), "" | "y" | "Y" | "yes") => PromptAnswer::Yes,
        Ok(_) => PromptAnswer::No,
    }
}
