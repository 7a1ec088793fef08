//! What a server counts, for Prometheus.

use std::{
    borrow::Cow,
    fmt,
    sync::{Arc, atomic::AtomicU64},
};

use axum::{
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::Registry,
};
use softhello_app::{CeremonyKind, Done};

use crate::Shared;

/// What is counted.
pub(crate) struct Metrics {
    registry: Registry,
    pub(crate) connections: Gauge,
    pub(crate) refused_connections: Counter,
    ceremonies: Family<Ceremony, Counter<u64, AtomicU64>>,
    seconds: Family<Which, Histogram>,
    devices: Gauge,
    questions: Gauge,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Ceremony {
    ceremony: &'static str,
    outcome: Cow<'static, str>,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Which {
    ceremony: &'static str,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let mut registry = Registry::with_prefix("softhello");
        let this = Self {
            connections: Gauge::default(),
            refused_connections: Counter::default(),
            ceremonies: Family::default(),
            seconds: Family::new_with_constructor(|| {
                Histogram::new([
                    0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.1, 1.0, 10.0, 60.0,
                ])
            }),
            devices: Gauge::default(),
            questions: Gauge::default(),
            registry: Registry::default(),
        };
        registry.register("connections", "Connections that are open", this.connections.clone());
        registry.register(
            "refused_connections",
            "Connections that were answered 503",
            this.refused_connections.clone(),
        );
        registry.register(
            "ceremonies",
            "Ceremonies by outcome: ok, or the exception's name",
            this.ceremonies.clone(),
        );
        registry.register("ceremony_seconds", "How long ceremonies took", this.seconds.clone());
        registry.register("devices", "Devices", this.devices.clone());
        registry.register("questions", "Questions that wait for an answer", this.questions.clone());
        Self { registry, ..this }
    }

    pub(crate) fn count(&self, kind: CeremonyKind, done: &Done, seconds: f64) {
        let ceremony = kind.word();
        // Names are the standard's, of which there are ten.
        let outcome = match &done.result {
            Ok(_) => Cow::Borrowed("ok"),
            Err(error) => error.name.clone().map_or(Cow::Borrowed("error"), Cow::Owned),
        };
        self.ceremonies.get_or_create(&Ceremony { ceremony, outcome }).inc();
        self.seconds.get_or_create(&Which { ceremony }).observe(seconds);
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Metrics")
    }
}

/// Counters for Prometheus
#[utoipa::path(get, path = "/metrics", tag = "server", responses((status = 200, body = String, content_type = "text/plain")))]
pub(crate) async fn metrics(State(shared): State<Arc<Shared>>) -> Response {
    let metrics = &shared.metrics;
    let number = |length: usize| i64::try_from(length).unwrap_or(i64::MAX);
    metrics.devices.set(number(shared.devices.list().len()));
    metrics.questions.set(number(shared.devices.questions().len()));
    let mut text = String::new();
    match encode(&mut text, &metrics.registry) {
        Ok(()) => {
            let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
            ([(header::CONTENT_TYPE, kind)], text).into_response()
        }
        Err(fmt::Error) => axum::http::StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
