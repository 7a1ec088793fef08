//! The HTTP API: each route asks one thing of `softhello-app` and tells what came of it.

mod accounts;
mod body;
mod ceremonies;
mod devices;
mod events;
mod questions;
mod scenarios;
pub(crate) mod shapes;
mod traces;

use std::sync::Arc;

use axum::{Router, extract::State, http::header, response::IntoResponse, response::Response};
use utoipa::OpenApi;
use utoipa_axum::{router::OpenApiRouter, routes};

pub(crate) use body::{Bound, Input, Path, Query, Text, Whole};
pub(crate) use ceremonies::{CeremonyRequest, answer};

use crate::{Shared, metrics, sessions};

/// What the description begins with.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "softhello",
        description = "A software FIDO2 authenticator that behaves like Windows Hello, over HTTP on loopback. Every \
                       request needs `Authorization: Bearer TOKEN`, or the cookie of `POST /login`.",
    ),
    servers((url = "http://localhost:7310")),
    security(("token" = [])),
    modifiers(&Token),
    tags(
        (name = "devices", description = "Computers with accounts; `default` is the data directory's own"),
        (name = "accounts", description = "Windows accounts, their PIN and their container"),
        (name = "passkeys", description = "What is in a container"),
        (name = "ceremonies", description = "navigator.credentials.create() and get()"),
        (name = "questions", description = "What a person is asked where the user's script says `ask`"),
        (name = "traces", description = "What ceremonies did, byte by byte and step by step"),
        (name = "scenarios", description = "Windows, Hello for Business and Entra as a model"),
        (name = "sessions", description = "Virtual authenticators of WebDriver and CDP"),
        (name = "server", description = "The server itself"),
    ),
)]
struct Description;

struct Token;

impl utoipa::Modify for Token {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
        let bearer = SecurityScheme::Http(HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build());
        openapi.components.get_or_insert_default().add_security_scheme("token", bearer);
    }
}

/// The router, and its description: ids of operations are unique, as `devices_list`.
pub(crate) fn described() -> (Router<Arc<Shared>>, utoipa::openapi::OpenApi) {
    let (router, mut description) = routes().split_for_parts();
    for item in description.paths.paths.values_mut() {
        let operations = [&mut item.get, &mut item.put, &mut item.post, &mut item.delete, &mut item.patch];
        for operation in operations.into_iter().flatten() {
            if let (Some(id), Some(tag)) =
                (&mut operation.operation_id, operation.tags.iter().flatten().next())
            {
                *id = format!("{tag}_{id}");
            }
        }
    }
    (router, description)
}

/// Every route with its description.
fn routes() -> OpenApiRouter<Arc<Shared>> {
    OpenApiRouter::with_openapi(Description::openapi())
        .routes(routes!(healthz))
        .routes(routes!(login))
        .routes(routes!(metrics::metrics))
        .routes(routes!(devices::list, devices::add))
        .routes(routes!(devices::describe, devices::change, devices::remove))
        .routes(routes!(devices::set_user))
        .routes(routes!(devices::power_cycle))
        .routes(routes!(devices::info))
        .routes(routes!(devices::uvpaa))
        .routes(routes!(ceremonies::create))
        .routes(routes!(ceremonies::get))
        .routes(routes!(ceremonies::signal))
        .routes(routes!(accounts::list, accounts::add))
        .routes(routes!(accounts::remove))
        .routes(routes!(accounts::set_pin, accounts::clear_pin))
        .routes(routes!(accounts::provision_whfb))
        .routes(routes!(accounts::remove_whfb))
        .routes(routes!(accounts::container, accounts::delete_container))
        .routes(routes!(accounts::passkeys))
        .routes(routes!(accounts::change_passkey, accounts::delete_passkey))
        .routes(routes!(accounts::export))
        .routes(routes!(accounts::import))
        .routes(routes!(questions::list))
        .routes(routes!(questions::answer))
        .routes(routes!(traces::list))
        .routes(routes!(traces::one))
        .routes(routes!(events::live))
        .routes(routes!(scenarios::list))
        .routes(routes!(scenarios::show))
        .routes(routes!(scenarios::run))
        .routes(routes!(scenarios::run_text))
        .routes(routes!(scenarios::why))
        .routes(routes!(scenarios::explain))
        .merge(sessions::routes())
}

/// Whether the server is there
#[utoipa::path(get, path = "/healthz", tag = "server", security(()), responses((status = 200, body = String)))]
async fn healthz() -> &'static str {
    "ok\n"
}

/// Trades the token for a cookie
#[utoipa::path(post, path = "/login", tag = "server", responses((status = 204, description = "the cookie is set")))]
async fn login(State(shared): State<Arc<Shared>>) -> Response {
    let mut response = axum::http::StatusCode::NO_CONTENT.into_response();
    if let Some(cookie) = shared.access.cookie() {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    response
}
