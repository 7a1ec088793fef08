//! A request under way, whatever framing it came in.

use std::{future::Future, pin::Pin, sync::Arc};

use softhello_ctap::Channel;
use softhello_device::{Command, SharedDevice};

/// A request under way.
pub(crate) struct Work {
    answer: Pin<Box<dyn Future<Output = Vec<u8>> + Send>>,
    /// None for U2F, which cannot be cancelled.
    command: Option<Arc<Command>>,
}

impl Work {
    /// A CTAP2 request.
    pub(crate) fn command(device: &SharedDevice, from: Channel, request: Vec<u8>) -> Self {
        let command = Arc::new(device.command());
        let running = Arc::clone(&command);
        let answer = Box::pin(async move { running.run(from, &request).await });
        Self { answer, command: Some(command) }
    }

    /// A U2F message.
    pub(crate) fn message(device: &SharedDevice, from: Channel, apdu: Vec<u8>) -> Self {
        let device = device.clone();
        Self { answer: Box::pin(async move { device.message(from, &apdu).await }), command: None }
    }

    pub(crate) fn is_message(&self) -> bool {
        self.command.is_none()
    }

    pub(crate) fn cancel(&self) {
        self.command.iter().for_each(|command| command.cancel());
    }

    pub(crate) fn awaits_user(&self) -> bool {
        self.command.as_ref().is_some_and(|command| command.awaits_user())
    }
}

/// The answer of the request under way; never, if there is none.
pub(crate) async fn answer(work: &mut Option<Work>) -> Vec<u8> {
    match work {
        Some(work) => work.answer.as_mut().await,
        None => std::future::pending().await,
    }
}
