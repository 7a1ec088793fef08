//! Scenarios, what codes mean, and what bytes mean.

use std::sync::Arc;

use axum::{Json, extract::State, http::StatusCode};
use serde::Deserialize;
use serde_json::Value;
use softhello_app::{Operation, ScenarioSource};
use utoipa::IntoParams;

use super::{
    Input, Path, Query,
    shapes::{Bytes, Explained, ScenarioText},
};
use crate::{
    Shared,
    error::{Error, Result},
};

type App = State<Arc<Shared>>;

async fn carry_out(app: &Shared, operation: Operation) -> Result<Json<Value>> {
    Ok(Json(app.devices.without_device(operation).await?.json))
}

/// Lists the built-in scenarios
#[utoipa::path(get, path = "/api/scenarios", tag = "scenarios", responses((status = 200, body = Value)))]
pub(crate) async fn list(State(app): App) -> Result<Json<Value>> {
    carry_out(&app, Operation::ScenarioList).await
}

/// Gives the text of a scenario
#[utoipa::path(get, path = "/api/scenarios/{name}", tag = "scenarios", params(("name" = String, Path)), responses((status = 200, body = Value), (status = "4XX", body = Error)))]
pub(crate) async fn show(State(app): App, Path(name): Path<String>) -> Result<Json<Value>> {
    let show = Operation::ScenarioShow { scenario: ScenarioSource::Name(name) };
    carry_out(&app, show).await.map_err(|error| error.or(StatusCode::NOT_FOUND))
}

/// Runs a built-in scenario
#[utoipa::path(post, path = "/api/scenarios/{name}/run", tag = "scenarios", params(("name" = String, Path)), responses((status = 200, body = Value), (status = "4XX", body = Error)))]
pub(crate) async fn run(State(app): App, Path(name): Path<String>) -> Result<Json<Value>> {
    let run = Operation::ScenarioRun { scenario: ScenarioSource::Name(name), report: None, logs: None };
    carry_out(&app, run).await.map_err(|error| error.or(StatusCode::NOT_FOUND))
}

/// Runs a scenario of one's own
#[utoipa::path(post, path = "/api/scenarios/run", tag = "scenarios", request_body = ScenarioText, responses((status = 200, body = Value), (status = "4XX", body = Error)))]
pub(crate) async fn run_text(
    State(app): App,
    Input(ScenarioText { toml }): Input<ScenarioText>,
) -> Result<Json<Value>> {
    let scenario = ScenarioSource::File { name: "request".to_owned(), toml };
    carry_out(&app, Operation::ScenarioRun { scenario, report: None, logs: None }).await
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Code {
    /// A status, an HRESULT, an exception, an event id, or what a person sees.
    code: String,
}

/// Explains a code or an error text
#[utoipa::path(get, path = "/api/why", tag = "scenarios", params(Code), responses((status = 200, body = Value), (status = "4XX", body = Error)))]
pub(crate) async fn why(State(app): App, Query(Code { code }): Query<Code>) -> Result<Json<Value>> {
    carry_out(&app, Operation::Why { code }).await
}

/// Explains bytes
#[utoipa::path(post, path = "/api/explain", tag = "traces", request_body = Bytes, responses((status = 200, body = Explained), (status = "4XX", body = Error)))]
pub(crate) async fn explain(Input(Bytes { bytes }): Input<Bytes>) -> Result<Json<Value>> {
    Ok(Json(softhello_app::explain_text(&bytes)?))
}
