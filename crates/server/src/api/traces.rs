//! What ceremonies did.

use std::sync::Arc;

use axum::{Json, extract::State};
use serde::Deserialize;
use serde_json::Value;
use utoipa::IntoParams;

use super::{
    Path, Query,
    shapes::{Trace, TraceSummary},
};
use crate::{
    Shared,
    error::{Error, Result},
};

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Wanted {
    /// Only those of this device.
    device: Option<String>,
    /// Only those before this number.
    before: Option<u64>,
    /// At most so many; 100 if absent, at most 1,000.
    limit: Option<usize>,
}

/// Lists the last ceremonies, the newest first
#[utoipa::path(get, path = "/api/traces", tag = "traces", params(Wanted), responses((status = 200, body = [TraceSummary]), (status = "4XX", body = Error)))]
pub(crate) async fn list(
    State(shared): State<Arc<Shared>>,
    Query(wanted): Query<Wanted>,
) -> Json<Vec<Value>> {
    let limit = wanted.limit.unwrap_or(100).min(1000);
    let traces = shared.devices.traces().list(wanted.device.as_deref(), wanted.before, limit);
    Json(traces.iter().map(|trace| trace.summary()).collect())
}

/// Shows one ceremony: every byte, every step
#[utoipa::path(get, path = "/api/traces/{id}", tag = "traces", params(("id" = u64, Path)), responses((status = 200, body = Trace), (status = "4XX", body = Error)))]
pub(crate) async fn one(State(shared): State<Arc<Shared>>, Path(id): Path<u64>) -> Result<Json<Value>> {
    let trace = shared.devices.traces().find(id);
    let missing = || {
        Error::not_found(
            format!("there is no trace {id}"),
            "only the last ones are kept: `--traces` says how many",
        )
    };
    Ok(Json(trace.ok_or_else(missing)?.document()))
}
