//! The user of an authenticator in a process that goes on, as he is said to be at each question.

use std::{future::Future, pin::Pin, time::Duration};

use softhello_ctap::Gesture;
use softhello_device::{Prompt, PromptAnswer};
use tokio::{
    sync::watch,
    time::{Instant, sleep, sleep_until},
};

use crate::{UserChoice, UserScript, person::Person};

/// How long a user who does nothing, or is asked at a terminal, may take.
const USER_ACTION_TIMEOUT: Duration = Duration::from_secs(30);

/// The user of an authenticator of a process that goes on, as he was last said to be.
pub(crate) struct LiveUser {
    script: watch::Receiver<UserScript>,
    /// Whoever is asked.
    person: Option<Person>,
    /// What is done in this ceremony, whatever the script says.
    now: Option<UserChoice>,
    /// When the ceremony is over.
    deadline: Option<Instant>,
    /// Becomes true when the ceremony is cancelled.
    cancelled: Option<watch::Receiver<bool>>,
}

impl LiveUser {
    pub(crate) fn new(script: watch::Receiver<UserScript>, person: Option<Person>) -> Self {
        Self { script, person, now: None, deadline: None, cancelled: None }
    }

    /// For one ceremony, which ends at `deadline` or when it is cancelled.
    pub(crate) fn during(
        self,
        now: Option<UserChoice>,
        deadline: Instant,
        cancelled: watch::Receiver<bool>,
    ) -> Self {
        Self { now, deadline: Some(deadline), cancelled: Some(cancelled), ..self }
    }

    /// What is done, and after which time; none if a person is asked.
    fn doing(&mut self) -> (UserChoice, Duration) {
        let script = self.script.borrow_and_update();
        (self.now.unwrap_or(script.does), Duration::from_millis(script.delay_ms))
    }
}

impl Prompt for LiveUser {
    fn ask<'a>(
        &'a mut self,
        gesture: Gesture<'a>,
        wants_pin: bool,
    ) -> Pin<Box<dyn Future<Output = PromptAnswer> + Send + 'a>> {
        Box::pin(async move {
            let begin = Instant::now();
            let patience = match gesture {
                Gesture::Sample { timeout_ms: Some(wanted), .. } => Duration::from_millis(wanted),
                _ => USER_ACTION_TIMEOUT,
            };
            let patience = begin + patience.min(USER_ACTION_TIMEOUT);
            loop {
                let (choice, delay) = self.doing();
                let idle = matches!(choice, UserChoice::Timeout)
                    || matches!((choice, &self.person), (UserChoice::Ask, None));
                // U2F asks again and again by itself.
                if idle && gesture == Gesture::Touch {
                    return PromptAnswer::Nothing;
                }
                let over = match (choice, self.deadline) {
                    // A person takes the time that the page gives.
                    (UserChoice::Ask, Some(deadline)) if self.person.is_some() => deadline,
                    (_, deadline) => {
                        let gives_up = if idle && !delay.is_zero() { begin + delay } else { patience };
                        deadline.map_or(gives_up, |deadline| deadline.min(gives_up))
                    }
                };
                let script = choice.script().filter(|_| !idle);
                if let (Some(script), true) = (script, delay.is_zero()) {
                    return PromptAnswer::As(script);
                }
                let person = self.person.as_mut().filter(|_| choice == UserChoice::Ask);
                let answered = async {
                    match (script, person) {
                        (Some(script), _) => {
                            sleep(delay).await;
                            PromptAnswer::As(script)
                        }
                        (None, Some(person)) => person.ask(gesture, wants_pin).await,
                        (None, None) => std::future::pending().await,
                    }
                };
                let cancelled = async {
                    match &mut self.cancelled {
                        Some(cancelled) => drop(cancelled.wait_for(|cancelled| *cancelled).await),
                        None => std::future::pending().await,
                    }
                };
                tokio::select! {
                    biased;
                    () = cancelled => return PromptAnswer::Cancelled,
                    // Whatever was said meanwhile holds for the gesture that is waited for.
                    changed = self.script.changed() => if changed.is_err() {
                        return PromptAnswer::Nothing;
                    },
                    answer = answered => return answer,
                    () = sleep_until(over) => return PromptAnswer::Nothing,
                }
            }
        })
    }
}
