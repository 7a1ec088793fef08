//! Devices and whoever sits before them.

use std::{sync::Arc, time::Duration};

use axum::{Json, extract::State, http::StatusCode};
use data_encoding::HEXLOWER_PERMISSIVE;
use serde_json::{Value, json};
use softhello_app::{NewDevice, Operation, ProfileChoice, Secret, Served};

use super::{
    Input, Path,
    shapes::{ChangedDevice, Device, DeviceRequest, IsUvpaa, User, UserInput},
};
use crate::{
    Shared,
    error::{Error, Result},
};

pub(crate) fn find(shared: &Shared, id: &str) -> Result<Arc<Served>> {
    Ok(shared.devices.find(id)?)
}

/// The longest that an ephemeral device may live: a year.
const MAX_TTL: u64 = 365 * 24 * 3600;

/// Lists the devices
#[utoipa::path(get, path = "/api/devices", tag = "devices", responses((status = 200, body = [Device]), (status = "4XX", body = Error)))]
pub(crate) async fn list(State(shared): State<Arc<Shared>>) -> Result<Json<Vec<Value>>> {
    let mut devices = Vec::new();
    for device in shared.devices.list() {
        devices.push(device.describe().await?);
    }
    Ok(Json(devices))
}

/// Makes a device
///
/// It is in memory unless `ephemeral` is false, and sees nothing of the others.
#[utoipa::path(post, path = "/api/devices", tag = "devices", request_body = DeviceRequest, responses((status = 201, body = Device), (status = "4XX", body = Error)))]
pub(crate) async fn add(
    State(shared): State<Arc<Shared>>,
    Input(request): Input<DeviceRequest>,
) -> Result<(StatusCode, Json<Value>)> {
    let ephemeral = request.ephemeral.unwrap_or(true);
    if !ephemeral && request.ttl_seconds.is_some() {
        return Err(Error::bad_request(
            "only an ephemeral device has a time to live",
            "leave `ttlSeconds` or `ephemeral: false` out",
        ));
    }
    if request.ttl_seconds.is_some_and(|seconds| seconds > MAX_TTL) {
        return Err(Error::bad_request(
            "that is too long a time to live",
            "at most a year, 31536000 seconds",
        ));
    }
    let profile = match (request.profile, request.profile_toml) {
        (Some(_), Some(_)) => {
            return Err(Error::bad_request(
                "`profile` and `profileToml` exclude each other",
                "give one of them",
            ));
        }
        (Some(name), None) => Some(ProfileChoice::Name(name)),
        (None, toml) => toml.map(ProfileChoice::Toml),
    };
    let seed = request.seed.map(|seed| {
        let bytes = HEXLOWER_PERMISSIVE.decode(seed.as_bytes());
        bytes.map(Secret).map_err(|_| Error::bad_request("`seed` is not hexadecimal", "as \"00ff\""))
    });
    let new = NewDevice {
        id: request.id,
        profile,
        persistent: !ephemeral,
        ttl: request.ttl_seconds.map(Duration::from_secs),
        seed: seed.transpose()?,
        user: request.user.map(UserInput::into_script).unwrap_or_default(),
        ..NewDevice::default()
    };
    let device = shared.devices.add(new).await?;
    Ok((StatusCode::CREATED, Json(device.describe().await?)))
}

/// Describes one device
#[utoipa::path(get, path = "/api/devices/{device}", tag = "devices", params(("device" = String, Path)), responses((status = 200, body = Device), (status = "4XX", body = Error)))]
pub(crate) async fn describe(
    State(shared): State<Arc<Shared>>,
    Path(device): Path<String>,
) -> Result<Json<Value>> {
    Ok(Json(find(&shared, &device)?.describe().await?))
}

/// Signs another account in, or replaces the user
#[utoipa::path(patch, path = "/api/devices/{device}", tag = "devices", params(("device" = String, Path)), request_body = ChangedDevice, responses((status = 200, body = Device), (status = "4XX", body = Error)))]
pub(crate) async fn change(
    State(shared): State<Arc<Shared>>,
    Path(device): Path<String>,
    Input(change): Input<ChangedDevice>,
) -> Result<Json<Value>> {
    let device = find(&shared, &device)?;
    if let Some(account) = &change.account {
        device.sign_in(account).await?;
    }
    if let Some(user) = change.user {
        device.set_user(user.into_script()).await?;
    }
    Ok(Json(device.describe().await?))
}

/// Removes a device with everything that it has
#[utoipa::path(delete, path = "/api/devices/{device}", tag = "devices", params(("device" = String, Path)), responses((status = 204, description = "removed"), (status = "4XX", body = Error)))]
pub(crate) async fn remove(
    State(shared): State<Arc<Shared>>,
    Path(device): Path<String>,
) -> Result<StatusCode> {
    find(&shared, &device)?;
    shared.devices.remove(&device).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Replaces the user
#[utoipa::path(put, path = "/api/devices/{device}/user", tag = "devices", params(("device" = String, Path)), request_body = UserInput, responses((status = 200, body = User), (status = "4XX", body = Error)))]
pub(crate) async fn set_user(
    State(shared): State<Arc<Shared>>,
    Path(device): Path<String>,
    Input(user): Input<UserInput>,
) -> Result<Json<Value>> {
    let device = find(&shared, &device)?;
    device.set_user(user.into_script()).await?;
    Ok(Json(json!(device.user())))
}

/// Cuts the power and gives it back
#[utoipa::path(post, path = "/api/devices/{device}/power-cycle", tag = "devices", params(("device" = String, Path)), responses((status = 204, description = "done"), (status = "4XX", body = Error)))]
pub(crate) async fn power_cycle(
    State(shared): State<Arc<Shared>>,
    Path(device): Path<String>,
) -> Result<StatusCode> {
    find(&shared, &device)?.power_cycle().await;
    Ok(StatusCode::NO_CONTENT)
}

/// Tells what the authenticator is and says of itself
#[utoipa::path(get, path = "/api/devices/{device}/info", tag = "devices", params(("device" = String, Path)), responses((status = 200, body = Value), (status = "4XX", body = Error)))]
pub(crate) async fn info(
    State(shared): State<Arc<Shared>>,
    Path(device): Path<String>,
) -> Result<Json<Value>> {
    Ok(Json(find(&shared, &device)?.carry_out(None, Operation::Info).await?.json))
}

/// Whether a page is told that there is a user-verifying platform authenticator
#[utoipa::path(get, path = "/api/devices/{device}/uvpaa", tag = "ceremonies", params(("device" = String, Path)), responses((status = 200, body = IsUvpaa), (status = "4XX", body = Error)))]
pub(crate) async fn uvpaa(
    State(shared): State<Arc<Shared>>,
    Path(device): Path<String>,
) -> Result<Json<IsUvpaa>> {
    Ok(Json(IsUvpaa { is_uvpaa: find(&shared, &device)?.is_uvpaa().await? }))
}
