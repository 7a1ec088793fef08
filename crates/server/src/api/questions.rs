//! What a person is asked, and the answers.

use std::sync::Arc;

use axum::{Json, extract::State, http::StatusCode};
use softhello_app::{DeskAnswer, Question, Secret};

use super::{
    Input, Path,
    shapes::{self, Answer, YesOrNo},
};
use crate::{
    Shared,
    error::{Error, Result},
};

/// Lists the questions that are open
#[utoipa::path(get, path = "/api/questions", tag = "questions", responses((status = 200, body = [shapes::Question]), (status = "4XX", body = Error)))]
pub(crate) async fn list(State(shared): State<Arc<Shared>>) -> Json<Vec<Question>> {
    Json(shared.devices.questions())
}

/// Answers one
#[utoipa::path(post, path = "/api/questions/{id}", tag = "questions", params(("id" = u64, Path)), request_body = Answer, responses((status = 204, description = "answered"), (status = "4XX", body = Error)))]
pub(crate) async fn answer(
    State(shared): State<Arc<Shared>>,
    Path(id): Path<u64>,
    Input(answer): Input<Answer>,
) -> Result<StatusCode> {
    let answer = match answer.answer {
        YesOrNo::Yes => DeskAnswer::Yes { pin: answer.pin.map(Secret) },
        YesOrNo::No => DeskAnswer::No,
    };
    shared.devices.answer(id, answer)?;
    Ok(StatusCode::NO_CONTENT)
}
