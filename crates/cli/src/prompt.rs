//! `--user ask`: a person at the terminal.

use std::{
    fs::File,
    future::Future,
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use softhello_app::{Gesture, Prompt, PromptAnswer};
use tokio::sync::oneshot;

use crate::line;

/// Asks on the terminal. The answer to a PIN is not shown. A question that is dropped is withdrawn.
#[derive(Debug)]
pub(crate) struct Terminal;

impl Prompt for Terminal {
    fn ask<'a>(
        &'a mut self,
        gesture: Gesture<'a>,
        wants_pin: bool,
    ) -> Pin<Box<dyn Future<Output = PromptAnswer> + Send + 'a>> {
        let question = question(gesture, wants_pin);
        Box::pin(async move {
            let withdrawal = Withdrawal(Arc::default());
            let withdrawn = Arc::clone(&withdrawal.0);
            let (answer, answered) = oneshot::channel();
            std::thread::spawn(move || {
                // Whoever asked may have withdrawn the question.
                let _ = answer.send(question.ask(&withdrawn));
            });
            answered.await.unwrap_or(PromptAnswer::Nothing)
        })
    }
}

/// Withdraws a question when it is dropped.
struct Withdrawal(Arc<AtomicBool>);

impl Drop for Withdrawal {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

enum Question {
    Pin(String),
    Confirm(String),
}

fn question(gesture: Gesture<'_>, wants_pin: bool) -> Question {
    let confirm = match gesture {
        Gesture::Verify { rp_id, attempts_left } if wants_pin => {
            let whom = rp_id.map(|rp_id| format!(" for {rp_id}")).unwrap_or_default();
            return Question::Pin(format!(
                "PIN{whom} ({attempts_left} attempts left after this, empty to cancel): "
            ));
        }
        Gesture::Verify { rp_id: Some(rp_id), .. } => format!("Verify yourself for {rp_id}?"),
        Gesture::Verify { rp_id: None, .. } => "Verify yourself?".to_owned(),
        Gesture::Sample { remaining, .. } => format!("Put the finger on the sensor ({remaining} times)?"),
        Gesture::Presence { rp_id } => format!("Continue for {rp_id}?"),
        Gesture::Touch => "Touch the authenticator?".to_owned(),
        Gesture::Select => "Use this authenticator?".to_owned(),
        Gesture::Reset { .. } => "Erase everything on this authenticator?".to_owned(),
        _ => "Continue?".to_owned(),
    };
    Question::Confirm(format!("{confirm} [Y/n] "))
}

impl Question {
    fn ask(&self, withdrawn: &AtomicBool) -> PromptAnswer {
        match self {
            Self::Pin(question) => match line::read(question, false, withdrawn) {
                Ok(pin) if pin.is_empty() => PromptAnswer::No,
                Ok(pin) => PromptAnswer::Pin(pin.into()),
                Err(_) => PromptAnswer::Nothing,
            },
            // On standard error, so that standard output stays the response's.
            Self::Confirm(question) => match line::read(question, true, withdrawn) {
                Ok(answer) if matches!(answer.trim(), "" | "y" | "Y" | "yes") => PromptAnswer::Yes,
                Ok(_) => PromptAnswer::No,
                Err(_) => PromptAnswer::Nothing,
            },
        }
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
    File::options().read(true).write(true).open(if cfg!(windows) { "CONIN$" } else { "/dev/tty" })
}
