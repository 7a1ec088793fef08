//! What happens, as server-sent events.

use std::{convert::Infallible, sync::Arc, time::Duration};

use axum::{
    extract::State,
    response::sse::{Event, KeepAlive, Sse},
};
use futures_util::{Stream, stream};
use serde_json::{Value, json};
use softhello_app::News;
use tokio::sync::broadcast::error::RecvError;

use crate::Shared;

/// Tells what happens from now on, as server-sent events
///
/// `trace` with a TraceSummary, `question` with a Question, `answered` with `{id}`, `changed` with `{device}`, and
/// `missed` with `{number}` for a watcher that was too slow.
#[utoipa::path(get, path = "/api/events", tag = "traces", responses((status = 200, body = String, content_type = "text/event-stream")))]
pub(crate) async fn live(
    State(shared): State<Arc<Shared>>,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let watching = (shared.devices.news(), shared.ending.subscribe());
    let events = stream::unfold(watching, |(mut news, mut ending)| async move {
        let told = tokio::select! {
            told = news.recv() => told,
            // Whoever watches would keep the server from ending.
            _ = ending.wait_for(|ending| *ending) => return None,
        };
        let event = match told {
            Ok(news) => event(&news),
            Err(RecvError::Lagged(number)) => named("missed", &json!({ "number": number })),
            Err(RecvError::Closed) => return None,
        };
        Some((Ok(event), (news, ending)))
    });
    Sse::new(events).keep_alive(KeepAlive::new().interval(Duration::from_secs(15)))
}

fn event(news: &News) -> Event {
    match news {
        News::Trace { id, summary } => named("trace", summary).id(id.to_string()),
        News::Asked(question) => named("question", &json!(question)),
        News::Answered(id) => named("answered", &json!({ "id": id })),
        News::Changed(device) => named("changed", &json!({ "device": device })),
        _ => Event::default().comment(""),
    }
}

fn named(name: &str, data: &Value) -> Event {
    Event::default().event(name).data(data.to_string())
}
