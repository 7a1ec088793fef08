//! Accounts, their containers and what is in them.

use std::sync::Arc;

use axum::{Json, extract::State, http::StatusCode};
use serde_json::Value;
use softhello_app::{AccountKind, Operation, Secret};

use super::{
    Input, Path, Text,
    devices::find,
    shapes::{
        Account, AccountRequest, ChangedPasskey, Container, Imported, NewAccount, NewPin, Passkey, Upn, Whfb,
    },
};
use crate::{
    Shared,
    error::{Error, Result},
};

type App = State<Arc<Shared>>;

/// Who is meant: a device and an account of it.
type Whose = Path<(String, String)>;

async fn carry_out(app: &Shared, device: &str, account: Option<&str>, operation: Operation) -> Result<Value> {
    Ok(find(app, device)?.carry_out(account, operation).await?.json)
}

/// Lists the accounts of a device
#[utoipa::path(get, path = "/api/devices/{device}/accounts", tag = "accounts", params(("device" = String, Path)), responses((status = 200, body = [Account]), (status = "4XX", body = Error)))]
pub(crate) async fn list(State(app): App, Path(device): Path<String>) -> Result<Json<Value>> {
    Ok(Json(carry_out(&app, &device, None, Operation::AccountList).await?))
}

/// Adds an account, with Hello set up unless `pin` is false
#[utoipa::path(post, path = "/api/devices/{device}/accounts", tag = "accounts", params(("device" = String, Path)), request_body = AccountRequest, responses((status = 201, body = NewAccount), (status = "4XX", body = Error)))]
pub(crate) async fn add(
    State(app): App,
    Path(device): Path<String>,
    Input(request): Input<AccountRequest>,
) -> Result<(StatusCode, Json<Value>)> {
    let kind = match request.kind.as_deref() {
        None | Some("local") => AccountKind::Local,
        Some("msa") => AccountKind::Msa,
        Some("entra") => AccountKind::Entra,
        Some(other) => {
            return Err(Error::bad_request(
                format!("there is no kind of account `{other}`"),
                "local, msa or entra",
            ));
        }
    };
    let add = Operation::AccountAdd { name: request.name, kind, no_pin: request.pin == Some(false) };
    Ok((StatusCode::CREATED, Json(carry_out(&app, &device, None, add).await?)))
}

/// Removes an account with everything that it has
#[utoipa::path(delete, path = "/api/devices/{device}/accounts/{account}", tag = "accounts", params(("device" = String, Path), ("account" = String, Path)), responses((status = 204, description = "removed"), (status = "4XX", body = Error)))]
pub(crate) async fn remove(State(app): App, Path((device, name)): Whose) -> Result<StatusCode> {
    carry_out(&app, &device, None, Operation::AccountRemove { name }).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Sets the PIN, and ends a lockout
#[utoipa::path(put, path = "/api/devices/{device}/accounts/{account}/pin", tag = "accounts", params(("device" = String, Path), ("account" = String, Path)), request_body = NewPin, responses((status = 204, description = "set"), (status = "4XX", body = Error)))]
pub(crate) async fn set_pin(
    State(app): App,
    Path((device, account)): Whose,
    Input(NewPin { pin }): Input<NewPin>,
) -> Result<StatusCode> {
    carry_out(&app, &device, Some(&account), Operation::PinSet { pin: Secret(pin) }).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Clears the PIN, so that Hello cannot be used
#[utoipa::path(delete, path = "/api/devices/{device}/accounts/{account}/pin", tag = "accounts", params(("device" = String, Path), ("account" = String, Path)), responses((status = 204, description = "cleared"), (status = "4XX", body = Error)))]
pub(crate) async fn clear_pin(State(app): App, Path((device, account)): Whose) -> Result<StatusCode> {
    carry_out(&app, &device, Some(&account), Operation::PinClear).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Puts the Windows Hello for Business key of an Entra user into the container
#[utoipa::path(post, path = "/api/devices/{device}/accounts/{account}/whfb", tag = "accounts", params(("device" = String, Path), ("account" = String, Path)), request_body = Upn, responses((status = 201, body = Whfb), (status = "4XX", body = Error)))]
pub(crate) async fn provision_whfb(
    State(app): App,
    Path((device, account)): Whose,
    Input(Upn { upn }): Input<Upn>,
) -> Result<(StatusCode, Json<Value>)> {
    let key = carry_out(&app, &device, Some(&account), Operation::WhfbProvision { upn }).await?;
    Ok((StatusCode::CREATED, Json(key)))
}

/// Removes the method in the tenant, as an administrator does; its key stays
#[utoipa::path(delete, path = "/api/devices/{device}/accounts/{account}/whfb/{upn}", tag = "accounts", params(("device" = String, Path), ("account" = String, Path), ("upn" = String, Path)), responses((status = 204, description = "removed"), (status = "4XX", body = Error)))]
pub(crate) async fn remove_whfb(
    State(app): App,
    Path((device, account, upn)): Path<(String, String, String)>,
) -> Result<StatusCode> {
    carry_out(&app, &device, Some(&account), Operation::WhfbRemove { upn: Some(upn) }).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Describes the container
#[utoipa::path(get, path = "/api/devices/{device}/accounts/{account}/container", tag = "accounts", params(("device" = String, Path), ("account" = String, Path)), responses((status = 200, body = Container), (status = "4XX", body = Error)))]
pub(crate) async fn container(State(app): App, Path((device, account)): Whose) -> Result<Json<Value>> {
    Ok(Json(find(&app, &device)?.container(&account).await?))
}

/// Deletes the container with everything in it
#[utoipa::path(delete, path = "/api/devices/{device}/accounts/{account}/container", tag = "accounts", params(("device" = String, Path), ("account" = String, Path)), responses((status = 204, description = "deleted"), (status = "4XX", body = Error)))]
pub(crate) async fn delete_container(State(app): App, Path((device, account)): Whose) -> Result<StatusCode> {
    carry_out(&app, &device, Some(&account), Operation::ContainerDelete).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Lists the passkeys
#[utoipa::path(get, path = "/api/devices/{device}/accounts/{account}/passkeys", tag = "passkeys", params(("device" = String, Path), ("account" = String, Path)), responses((status = 200, body = [Passkey]), (status = "4XX", body = Error)))]
pub(crate) async fn passkeys(State(app): App, Path((device, account)): Whose) -> Result<Json<Value>> {
    Ok(Json(carry_out(&app, &device, Some(&account), Operation::PasskeysList).await?))
}

/// Changes the backup flags or the counter of a passkey
#[utoipa::path(patch, path = "/api/devices/{device}/accounts/{account}/passkeys/{id}", tag = "passkeys", params(("device" = String, Path), ("account" = String, Path), ("id" = String, Path)), request_body = ChangedPasskey, responses((status = 200, body = Passkey), (status = "4XX", body = Error)))]
pub(crate) async fn change_passkey(
    State(app): App,
    Path((device, account, id)): Path<(String, String, String)>,
    Input(change): Input<ChangedPasskey>,
) -> Result<Json<Value>> {
    let set = change.into_operation(id)?;
    Ok(Json(carry_out(&app, &device, Some(&account), set).await?))
}

/// Deletes a passkey
#[utoipa::path(delete, path = "/api/devices/{device}/accounts/{account}/passkeys/{id}", tag = "passkeys", params(("device" = String, Path), ("account" = String, Path), ("id" = String, Path)), responses((status = 204, description = "deleted"), (status = "4XX", body = Error)))]
pub(crate) async fn delete_passkey(
    State(app): App,
    Path((device, account, id)): Path<(String, String, String)>,
) -> Result<StatusCode> {
    carry_out(&app, &device, Some(&account), Operation::PasskeysDelete { id }).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Gives the passkeys with their private keys
#[utoipa::path(get, path = "/api/devices/{device}/accounts/{account}/export", tag = "passkeys", params(("device" = String, Path), ("account" = String, Path)), responses((status = 200, body = Value), (status = "4XX", body = Error)))]
pub(crate) async fn export(State(app): App, Path((device, account)): Whose) -> Result<Json<Value>> {
    Ok(Json(carry_out(&app, &device, Some(&account), Operation::PasskeysExport).await?))
}

/// Takes passkeys from such a document; those of the same RP and user are replaced
#[utoipa::path(post, path = "/api/devices/{device}/accounts/{account}/import", tag = "passkeys", params(("device" = String, Path), ("account" = String, Path)), request_body = Value, responses((status = 200, body = Imported), (status = "4XX", body = Error)))]
pub(crate) async fn import(
    State(app): App,
    Path((device, account)): Whose,
    Text(document): Text,
) -> Result<Json<Value>> {
    let import = Operation::PasskeysImport { document: Secret(document) };
    Ok(Json(carry_out(&app, &device, Some(&account), import).await?))
}
