//! The side of the process that has the data directory.

use std::{future::Future, io, pin::Pin, sync::Arc, time::Duration};

use softhello_ctap::Gesture;
use softhello_device::{Prompt, PromptAnswer};
use tokio::{
    net::{UnixListener, UnixStream},
    sync::mpsc,
    task::JoinSet,
    time::timeout,
};

use super::{
    Request, Response, VERSION,
    lines::{Lines, write},
    question::{Answered, Question},
    socket,
};
use crate::{AppError, Context, Event, Exit, Operation, running::Running};

/// How long a process may take to say what it wants.
const PATIENCE: Duration = Duration::from_secs(10);

/// Serves other processes until it is dropped.
pub(crate) async fn listen(socket: socket::Listener, running: Arc<Running>) -> io::Error {
    let listener = match UnixListener::from_std(socket.listener) {
        Ok(listener) => listener,
        Err(error) => return error,
    };
    let mut served = JoinSet::new();
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                served.spawn(serve(stream, Arc::clone(&running)));
            }
            // Too many open files, for example: others may end meanwhile.
            Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
        }
        while served.try_join_next().is_some() {}
    }
}

/// Serves one process. If it goes away, what it wanted is dropped.
async fn serve(stream: UnixStream, running: Arc<Running>) {
    let (reader, mut writer) = stream.into_split();
    let mut lines = Lines::new(reader);
    let Ok(Ok(Some(Request::Version(version)))) = timeout(PATIENCE, lines.next()).await else { return };
    if version != VERSION {
        let error = AppError::new(
            Exit::Usage,
            format!("softhello {VERSION} runs in this data directory, and this is {version}"),
            "end the other one, or use the same version",
        );
        let _ = timeout(PATIENCE, write(&mut writer, &Response::Error(error))).await;
        return;
    }
    let Ok(Ok(Some(Request::CarryOut { context, operation, can_ask }))) =
        timeout(PATIENCE, lines.next()).await
    else {
        return;
    };
    let (tell, mut told) = mpsc::unbounded_channel();
    let (answer, answers) = mpsc::unbounded_channel();
    let writing = tokio::spawn(async move {
        while let Some(message) = told.recv().await {
            if write(&mut writer, &message).await.is_err() {
                return;
            }
        }
    });
    let prompt = can_ask.then(|| Remote { tell: tell.clone(), answers, number: 0 });
    let carried_out = carry_out(&running, *context, *operation, prompt, tell.clone());
    tokio::select! {
        response = carried_out => drop(tell.send(response)),
        () = pass_answers(&mut lines, answer) => {}
    }
    drop(tell);
    // The last words; whoever does not take them is gone.
    let _ = timeout(PATIENCE, writing).await;
}

async fn carry_out(
    running: &Arc<Running>,
    context: Context,
    operation: Operation,
    prompt: Option<Remote>,
    tell: mpsc::UnboundedSender<Response>,
) -> Response {
    let prompt = prompt.map(|remote| Box::new(remote) as Box<dyn Prompt>);
    let mut events = |event: Event| drop(tell.send(Response::Event(event)));
    match running.carry_out(context, operation, prompt, &mut events).await {
        Ok(output) => Response::Output(output),
        Err(error) => Response::Error(error),
    }
}

/// Ends when the other side has gone or talks nonsense.
async fn pass_answers(lines: &mut Lines, answer: mpsc::UnboundedSender<(u64, Answered)>) {
    while let Ok(Some(Request::Answer { number, answered })) = lines.next().await {
        if answer.send((number, answered)).is_err() {
            return;
        }
    }
}

/// Whoever sits at the other end.
struct Remote {
    tell: mpsc::UnboundedSender<Response>,
    /// With the numbers of their questions.
    answers: mpsc::UnboundedReceiver<(u64, Answered)>,
    /// The last question's.
    number: u64,
}

/// Withdraws a question that is dropped before its answer.
struct Asked<'a> {
    tell: &'a mpsc::UnboundedSender<Response>,
    answered: bool,
}

impl Drop for Asked<'_> {
    fn drop(&mut self) {
        if !self.answered {
            let _ = self.tell.send(Response::Withdraw);
        }
    }
}

impl Prompt for Remote {
    fn ask<'a>(
        &'a mut self,
        gesture: Gesture<'a>,
        wants_pin: bool,
    ) -> Pin<Box<dyn Future<Output = PromptAnswer> + Send + 'a>> {
        Box::pin(async move {
            let Some(question) = Question::of(gesture) else { return PromptAnswer::Nothing };
            self.number += 1;
            let number = self.number;
            if self.tell.send(Response::Ask { number, question, wants_pin }).is_err() {
                return PromptAnswer::Cancelled;
            }
            let mut asked = Asked { tell: &self.tell, answered: false };
            loop {
                match self.answers.recv().await {
                    Some((of, answered)) if of == number => {
                        asked.answered = true;
                        return answered.into();
                    }
                    // It crossed the withdrawal of its question.
                    Some(_) => {}
                    None => return PromptAnswer::Cancelled,
                }
            }
        })
    }
}
