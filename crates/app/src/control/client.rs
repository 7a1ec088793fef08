//! The side of the process that wants something.

use std::io;

use softhello_device::Prompt;
use tokio::net::UnixStream;

use super::{
    Request, Response, VERSION,
    lines::{Lines, write},
    question::{Answered, Question},
    socket,
};
use crate::{AppError, Context, Event, Exit, Operation, Output};

/// Has an operation carried out at the other end. When this is dropped, it is dropped there.
pub(crate) async fn carry_out(
    stream: socket::Stream,
    context: &Context,
    operation: Operation,
    mut prompt: Option<Box<dyn Prompt>>,
    events: &mut (dyn FnMut(Event) + Send),
) -> Result<Output, AppError> {
    let (reader, mut writer) = UnixStream::from_std(stream).map_err(gone)?.into_split();
    let mut lines = Lines::new(reader);
    write(&mut writer, &Request::Version(VERSION.to_owned())).await.map_err(gone)?;
    let request = Request::CarryOut {
        context: Box::new(context.clone()),
        operation: Box::new(operation),
        can_ask: prompt.is_some(),
    };
    write(&mut writer, &request).await.map_err(gone)?;
    loop {
        let (number, question, wants_pin) = match next(&mut lines).await? {
            Response::Event(event) => {
                events(event);
                continue;
            }
            Response::Ask { number, question, wants_pin } => (number, question, wants_pin),
            Response::Withdraw => continue,
            Response::Output(output) => return Ok(output),
            Response::Error(error) => return Err(error),
        };
        let Some(prompt) = &mut prompt else { continue };
        let asked = ask(prompt.as_mut(), &question, wants_pin, &mut lines, events);
        if let Some(answered) = asked.await? {
            write(&mut writer, &Request::Answer { number, answered }).await.map_err(gone)?;
        }
    }
}

/// The answer, unless the question is withdrawn.
async fn ask(
    prompt: &mut dyn Prompt,
    question: &Question,
    wants_pin: bool,
    lines: &mut Lines,
    events: &mut (dyn FnMut(Event) + Send),
) -> Result<Option<Answered>, AppError> {
    let mut answer = prompt.ask(question.gesture(), wants_pin);
    loop {
        tokio::select! {
            answer = &mut answer => return Ok(Some(answer.into())),
            response = next(lines) => match response? {
                Response::Event(event) => events(event),
                Response::Withdraw => return Ok(None),
                // Nothing else comes before an answer.
                _ => {}
            },
        }
    }
}

async fn next(lines: &mut Lines) -> Result<Response, AppError> {
    lines.next().await.map_err(gone)?.ok_or_else(|| gone(io::ErrorKind::UnexpectedEof.into()))
}

fn gone(error: io::Error) -> AppError {
    AppError::new(
        Exit::Storage,
        format!("the process that carried it out has gone: {error}"),
        "look at its last words, and try again",
    )
}
