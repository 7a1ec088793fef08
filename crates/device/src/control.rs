//! What reaches a device beside the command that it carries out.

use std::{future::poll_fn, pin::pin, sync::Arc, task::Poll};

use tokio::sync::watch;

/// Cancels the command that a device carries out, and tells whether it waits for its user.
///
/// The device itself is borrowed meanwhile; a transport keeps one of these.
#[derive(Clone, Debug)]
pub struct Control(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    awaits_user: watch::Sender<bool>,
    cancelled: watch::Sender<bool>,
}

impl Control {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Shared {
            awaits_user: watch::Sender::new(false),
            cancelled: watch::Sender::new(false),
        }))
    }

    /// Cancels the command under way: the gesture that it waits for, or the next one that it would ask for. A command
    /// that asks for none goes on to its end.
    pub fn cancel(&self) {
        self.0.cancelled.send_replace(true);
    }

    /// Whether the device waits for its user right now.
    pub fn awaits_user(&self) -> bool {
        *self.0.awaits_user.borrow()
    }

    /// Hears of every change of [`Control::awaits_user`].
    pub fn watch(&self) -> watch::Receiver<bool> {
        self.0.awaits_user.subscribe()
    }

    /// A command begins, which nobody has cancelled.
    pub(crate) fn begin(&self) {
        self.0.cancelled.send_if_modified(std::mem::take);
        self.0.awaits_user.send_if_modified(std::mem::take);
    }

    /// Waits for the user's `answer`, unless the command is cancelled first.
    pub(crate) async fn ask<T>(&self, answer: impl Future<Output = T>) -> Option<T> {
        let mut cancelled = self.0.cancelled.subscribe();
        if *cancelled.borrow() {
            return None;
        }
        let mut answer = pin!(answer);
        // Who has answered already is not waited for.
        if let Poll::Ready(answer) = poll_fn(|context| Poll::Ready(answer.as_mut().poll(context))).await {
            return Some(answer);
        }
        self.0.awaits_user.send_replace(true);
        let answer = tokio::select! {
            biased;
            _ = cancelled.wait_for(|cancelled| *cancelled) => None,
            answer = &mut answer => Some(answer),
        };
        self.0.awaits_user.send_replace(false);
        answer
    }
}
