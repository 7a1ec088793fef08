//! Sessions of WebDriver and CDP: browsers with virtual authenticators, each of which is an ephemeral device.

mod authenticator;
mod cdp;
mod ceremonies;
mod credential;
mod options;
mod webdriver;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use axum::{Router, extract::State, http::StatusCode};
use softhello_app::{Devices, ProfileChoice};
use tokio::sync::watch;
use utoipa_axum::{router::OpenApiRouter, routes};

pub(crate) use authenticator::Authenticator;
pub(crate) use options::{Extension, Options, Protocol};

use crate::{Shared, api::Path, error::Result, lock};

/// The sessions of a server.
pub(crate) struct Sessions {
    /// What every virtual authenticator is, whatever is asked for.
    profile: Option<ProfileChoice>,
    sessions: Mutex<BTreeMap<String, Arc<Session>>>,
}

/// A browser with virtual authenticators.
#[derive(Default)]
pub(crate) struct Session {
    name: String,
    authenticators: Mutex<Vec<Arc<Authenticator>>>,
    /// Whether CDP's `WebAuthn.enable` was called.
    enabled: Mutex<bool>,
    /// Becomes true when its browser asks for the first time: the extension is attached.
    attached: watch::Sender<bool>,
    /// Nothing is added any more.
    closed: Mutex<bool>,
}

/// The most sessions at once.
const MAX_SESSIONS: usize = 1000;
/// The most authenticators of a session.
const MAX_AUTHENTICATORS: usize = 100;

impl Sessions {
    pub(crate) fn new(profile: Option<ProfileChoice>) -> Self {
        Self { profile, sessions: Mutex::default() }
    }

    /// The session of this name, made now if there is none. Where there are too many, one that has nothing gives way.
    pub(crate) fn session(&self, name: &str) -> Arc<Session> {
        let mut sessions = lock(&self.sessions);
        if sessions.len() >= MAX_SESSIONS && !sessions.contains_key(name) {
            let idle = sessions.iter().find(|(_, session)| session.is_empty());
            if let Some(idle) = idle.map(|(name, _)| name.clone()) {
                sessions.remove(&idle);
            }
        }
        let session = || Arc::new(Session { name: name.to_owned(), ..Session::default() });
        Arc::clone(sessions.entry(name.to_owned()).or_insert_with(session))
    }

    pub(crate) fn profile(&self) -> Option<&ProfileChoice> {
        self.profile.as_ref()
    }

    /// Removes a session with its authenticators.
    pub(crate) async fn remove(&self, devices: &Devices, name: &str) {
        let session = lock(&self.sessions).remove(name);
        if let Some(session) = session {
            *lock(&session.closed) = true;
            session.clear(devices).await;
        }
    }
}

impl Session {
    pub(crate) fn note_attached(&self) {
        self.attached.send_replace(true);
    }

    /// Waits until its browser has asked.
    pub(crate) async fn attached(&self) {
        // The sender lives as long as the session.
        let _ = self.attached.subscribe().wait_for(|attached| *attached).await;
    }

    /// Its authenticators, in the order in which they were added.
    pub(crate) fn list(&self) -> Vec<Arc<Authenticator>> {
        let mut authenticators = lock(&self.authenticators);
        // A device may be deleted as such.
        authenticators.retain(|found| !found.device().has_ended());
        authenticators.clone()
    }

    pub(crate) fn find(&self, id: &str) -> Option<Arc<Authenticator>> {
        self.list().into_iter().find(|found| found.id() == id)
    }

    fn is_empty(&self) -> bool {
        !*lock(&self.enabled) && self.list().is_empty()
    }

    /// Keeps an authenticator, or gives it back with the reason why there is no room for it.
    pub(crate) fn keep(
        &self,
        authenticator: Authenticator,
    ) -> std::result::Result<Arc<Authenticator>, (Box<Authenticator>, &'static str)> {
        let mut authenticators = lock(&self.authenticators);
        let room = match *lock(&self.closed) {
            true => Err("the session has ended"),
            false => has_room(&authenticators, authenticator.options()),
        };
        if let Err(reason) = room {
            return Err((Box::new(authenticator), reason));
        }
        let authenticator = Arc::new(authenticator);
        authenticators.push(Arc::clone(&authenticator));
        Ok(authenticator)
    }

    /// Whether an authenticator of these options can be added; if not, why.
    pub(crate) fn has_room_for(&self, options: &Options) -> std::result::Result<(), &'static str> {
        has_room(&self.list(), options)
    }

    /// Removes an authenticator; whether there was one.
    pub(crate) async fn remove(&self, devices: &Devices, id: &str) -> bool {
        let removed = {
            let mut authenticators = lock(&self.authenticators);
            let at = authenticators.iter().position(|found| found.id() == id);
            at.map(|at| authenticators.remove(at))
        };
        match removed {
            Some(removed) => {
                // It may have been deleted as a device already.
                let _ = devices.remove(removed.id()).await;
                true
            }
            None => false,
        }
    }

    pub(crate) async fn clear(&self, devices: &Devices) {
        let all = std::mem::take(&mut *lock(&self.authenticators));
        for authenticator in all {
            let _ = devices.remove(authenticator.id()).await;
        }
    }
}

fn has_room(
    authenticators: &[Arc<Authenticator>],
    options: &Options,
) -> std::result::Result<(), &'static str> {
    if options.is_internal() && authenticators.iter().any(|found| found.options().is_internal()) {
        return Err("there is an internal authenticator already, and a computer has one");
    }
    if authenticators.len() >= MAX_AUTHENTICATORS {
        return Err("there are 100 authenticators already");
    }
    Ok(())
}

/// Every route of sessions with its description.
pub(crate) fn routes() -> OpenApiRouter<Arc<Shared>> {
    OpenApiRouter::new()
        .routes(routes!(remove))
        .routes(routes!(ceremonies::create))
        .routes(routes!(ceremonies::get))
        .routes(routes!(ceremonies::uvpaa))
        .routes(routes!(cdp::command))
        .merge(webdriver::routes())
}

/// The `webauthn` endpoints of WebDriver alone.
pub(crate) fn webdriver_router(shared: Arc<Shared>) -> Router {
    webdriver::routes().split_for_parts().0.with_state(shared)
}

/// Removes a session with its virtual authenticators
#[utoipa::path(delete, path = "/api/sessions/{session}", tag = "sessions", params(("session" = String, Path)), responses((status = 204, description = "removed, if it was there")))]
async fn remove(State(shared): State<Arc<Shared>>, Path(session): Path<String>) -> Result<StatusCode> {
    shared.sessions.remove(&shared.devices, &session).await;
    Ok(StatusCode::NO_CONTENT)
}
