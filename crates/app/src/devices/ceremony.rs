//! Ceremonies at a served device: one after the other, within the page's time, and traced.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use serde::{Deserialize, Serialize};
use softhello_ctap::Timestamp;
use softhello_device::{Clock, Listener, User, Visitor};
use softhello_webauthn::DomException;
use tokio::{
    sync::{oneshot, watch},
    time::{Instant, sleep, sleep_until},
};

use super::{
    Common, News, Served,
    desk::AtDesk,
    recording::Recording,
    served::{Lasts, lock, millis},
    trace::{Trace, shortened},
};
use crate::{
    AppError, Ceremony, Exit, UserChoice,
    ceremony::{At, Prepared, Visited, Which},
    context::Setup,
    live_user::LiveUser,
    person::Person,
    running::OnTransport,
};

/// Which ceremony.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CeremonyKind {
    /// `navigator.credentials.create()`.
    Create,
    /// `navigator.credentials.get()`.
    Get,
}

impl CeremonyKind {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Get => "get",
        }
    }
}

/// A ceremony that ended.
#[derive(Debug)]
pub struct Done {
    /// The number of its trace.
    pub trace: u64,
    /// The RP ID that it was for; empty where the options were none.
    pub rp_id: String,
    /// The response as JSON, or why there is none.
    pub result: Result<String, AppError>,
}

/// How long a page waits that says nothing of it. Source: WebAuthn Level 3 §15.1.
const TIMEOUT: Duration = Duration::from_secs(300);
/// The longest that a page may wait. Source: WebAuthn Level 3 §15.1.
const MAX_TIMEOUT: Duration = Duration::from_secs(600);
/// How long a command may take that was told to end.
const GRACE: Duration = Duration::from_secs(1);

/// A ceremony, as its trace names it.
pub(super) struct Happened {
    pub(super) device: String,
    pub(super) account: String,
    pub(super) ceremony: CeremonyKind,
    pub(super) rp_id: String,
    pub(super) user_name: Option<String>,
}

impl Common {
    /// Keeps what a ceremony did.
    pub(super) fn trace(
        &self,
        what: Happened,
        ceremony: Ceremony,
        started: Timestamp,
        duration: Duration,
        result: Result<String, AppError>,
        recording: Recording,
    ) -> Done {
        let Happened { device, account, ceremony: kind, rp_id, user_name } = what;
        let trace = self.traces.keep(Trace {
            id: 0,
            device,
            account: shortened(account),
            ceremony: kind,
            origin: shortened(ceremony.origin),
            rp_id: shortened(rp_id.clone()),
            user_name: user_name.map(shortened),
            started,
            duration,
            options: (ceremony.options.len() <= MAX_OPTIONS).then_some(ceremony.options),
            result: result.clone(),
            recording,
        });
        if self.news.receiver_count() > 0 {
            self.tell(News::Trace { id: trace.id, summary: Arc::new(trace.summary()) });
            // A passkey came, or was used.
            if trace.result.is_ok() {
                self.tell(News::Changed(trace.device.clone()));
            }
        }
        Done { trace: trace.id, rp_id, result }
    }
}

/// The longest options that are kept with a trace, in bytes.
const MAX_OPTIONS: usize = 64 * 1024;

impl Served {
    /// Carries a ceremony out for this account, or the one that is signed in. Dropping the future cancels it.
    pub async fn ceremony(
        self: &Arc<Self>,
        kind: CeremonyKind,
        account: Option<String>,
        credential: Option<String>,
        ceremony: Ceremony,
    ) -> Done {
        let (cancel, cancelled) = watch::channel(false);
        if self.acts_at_once() {
            // Nothing waits for anybody: whoever goes away meanwhile drops what has not begun.
            // In a box, since it is large, and whoever calls this would move it around.
            return Box::pin(self.perform(kind, account, credential, ceremony, cancelled)).await;
        }
        let _cancel_when_dropped = CancelWhenDropped(cancel);
        let (done, doing) = oneshot::channel();
        let this = Arc::clone(self);
        tokio::spawn(async move {
            let performed = this.perform(kind, account, credential, ceremony, cancelled).await;
            // Whoever wanted it may be gone: it is traced all the same.
            let _ = done.send(performed);
        });
        doing.await.unwrap_or_else(|_| Done {
            rp_id: String::new(),
            trace: 0,
            result: Err(AppError::new(
                Exit::Storage,
                "the ceremony broke off",
                "this is a fault of softhello",
            )),
        })
    }

    async fn perform(
        &self,
        kind: CeremonyKind,
        account: Option<String>,
        credential: Option<String>,
        ceremony: Ceremony,
        cancelled: watch::Receiver<bool>,
    ) -> Done {
        let clock = self.setup.clock();
        let (started, begin) = (clock.now(), std::time::Instant::now());
        let account = account.unwrap_or_else(|| self.account());
        let which = match kind {
            CeremonyKind::Create => Which::Create,
            CeremonyKind::Get => Which::Get { credential: credential.as_deref() },
        };
        let (mut recording, mut took_next) = (Recording::default(), false);
        let (mut rp_id, mut user_name) = (String::new(), None);
        let result = match Prepared::new(which, &ceremony) {
            Ok(prepared) => {
                prepared.rp_id().clone_into(&mut rp_id);
                user_name = prepared.user_name().map(str::to_owned);
                self.at_device(prepared, &account, cancelled, &mut recording, &mut took_next).await
            }
            Err(error) => Err(error),
        };
        if took_next && self.lasts == Lasts::Beside {
            // Whatever is done once is done once, also after a restart.
            let _ = self.changed().await;
        }
        let what = Happened { device: self.id.clone(), account, ceremony: kind, rp_id, user_name };
        self.common.trace(what, ceremony, started, begin.elapsed(), result, recording)
    }

    /// Whether the user of the next ceremony acts without waiting.
    fn acts_at_once(&self) -> bool {
        let script = self.user.borrow();
        let next = script.next.front().copied().unwrap_or(script.does);
        script.delay_ms == 0 && !matches!(next, UserChoice::Timeout | UserChoice::Ask)
    }

    /// Waits for its turn and carries the ceremony out.
    async fn at_device(
        &self,
        prepared: Prepared,
        account: &str,
        mut cancelled: watch::Receiver<bool>,
        recording: &mut Recording,
        took_next: &mut bool,
    ) -> Result<String, AppError> {
        let timeout = prepared.timeout().unwrap_or(TIMEOUT).min(MAX_TIMEOUT);
        let deadline = Instant::now() + timeout;
        let ready = self.ready(account).await?;
        let mut gone = self.gone();
        let _turn = match ready.turn.try_lock() {
            Ok(turn) => turn,
            Err(_) => tokio::select! {
                biased;
                _ = gone.wait_for(|gone| *gone) => return Err(self.is_gone()),
                _ = cancelled.wait_for(|cancelled| *cancelled) => return Err(aborted()),
                turn = ready.turn.lock() => turn,
                () = sleep_until(deadline) => return Err(timed_out()),
            },
        };
        self.check_here()?;
        if *cancelled.borrow() {
            return Err(aborted());
        }
        ready.device.set_faults(self.faults()).await;
        let user = self.user_now(account, deadline, timeout, cancelled.clone(), took_next);
        let heard = Arc::new(Mutex::new(Recording::default()));
        let listener: Listener = {
            let heard = Arc::clone(&heard);
            Box::new(move |event| lock(&heard).push(event))
        };
        let before = match &user {
            At::Script(script) => User::Script(*script),
            At::Person(person) | At::Transport(person) => User::Prompt(Box::new(person.clone())),
        };
        let visitor = Visitor { user: Some(before), listener: Some(listener) };
        let mut device = Visited { device: ready.device.clone(), visitor };
        let seed = self.setup.seed();
        let prepared = prepared.at(&user, seed.as_ref(), &self.computer, account).await?;
        let result = tokio::select! {
            biased;
            result = prepared.perform(&mut device) => Ok(result),
            _ = gone.wait_for(|gone| *gone) => Err(self.is_gone()),
            // The user hears of both first, and ends the command by its own path. What is left is a device that somebody
            // else keeps busy.
            () = after(cancelled) => Err(aborted()),
            () = sleep_until(deadline + GRACE) => Err(timed_out()),
        };
        drop(device);
        *recording = std::mem::take(&mut lock(&heard));
        match result? {
            Ok(response) => Ok(response),
            Err(failure) => Err(prepared.explain(failure, &self.computer, account).await?),
        }
    }

    /// The authenticator of an account.
    async fn ready(&self, account: &str) -> Result<OnTransport, AppError> {
        if let Some(ready) = lock(&self.ready).get(account) {
            return Ok(ready.clone());
        }
        self.check_here()?;
        let setup = Setup { account: account.to_owned(), ..self.setup.clone() };
        let ready = self.running.device_of(&setup, &self.computer).await?;
        // Another ceremony may have come first.
        Ok(lock(&self.ready).entry(account.to_owned()).or_insert(ready).clone())
    }

    /// Whoever sits before the authenticator during one ceremony.
    fn user_now(
        &self,
        account: &str,
        deadline: Instant,
        timeout: Duration,
        cancelled: watch::Receiver<bool>,
        took_next: &mut bool,
    ) -> At {
        let (mut now, mut at_once) = (None, None);
        self.user.send_if_modified(|script| {
            now = script.next.pop_front();
            let choice = now.unwrap_or(script.does);
            if script.delay_ms == 0 && choice != UserChoice::Timeout {
                at_once = choice.script();
            }
            now.is_some()
        });
        *took_next = now.is_some();
        if let Some(script) = at_once {
            return At::Script(script);
        }
        let ends = Clock::System.now().0.saturating_add(millis(timeout));
        let desk = Person::new(Box::new(AtDesk {
            common: Arc::clone(&self.common),
            device: self.id.clone(),
            account: account.to_owned(),
            deadline: Timestamp(ends),
        }));
        let user = LiveUser::new(self.user.subscribe(), Some(desk)).during(now, deadline, cancelled);
        At::Person(Person::new(Box::new(user)))
    }
}

/// Says to a ceremony that nobody waits for it any more.
struct CancelWhenDropped(watch::Sender<bool>);

impl Drop for CancelWhenDropped {
    fn drop(&mut self) {
        self.0.send_replace(true);
    }
}

fn aborted() -> AppError {
    AppError::refused(DomException::AbortError, "the page aborted the ceremony", "nothing was done")
}

fn timed_out() -> AppError {
    AppError::refused(
        DomException::NotAllowedError,
        "time ran out while another ceremony was under way",
        "answer or abort the other one first, or give this one more time",
    )
}

/// A while after it was cancelled.
async fn after(mut cancelled: watch::Receiver<bool>) {
    let _ = cancelled.wait_for(|cancelled| *cancelled).await;
    sleep(GRACE).await;
}
