//! The native messaging host as a bridge: it asks a server over HTTP.

use std::path::PathBuf;

use axum::http::StatusCode;
use tokio::sync::Mutex;

use super::messages::{Answer, Message, failed, no_request, passed_on};
use crate::client::{Announced, Http};

/// Where requests go; another server may take the place of one that ended.
pub(super) struct Bridge {
    pub(super) server: Mutex<Announced>,
    pub(super) data: PathBuf,
    pub(super) http: Http,
}

impl Bridge {
    pub(super) async fn ask(&self, message: Message) -> Answer {
        let mut server = self.server.lock().await.clone();
        for last in [false, true] {
            let Some(request) = server.request(&message.method, &message.path, message.body()) else {
                return no_request();
            };
            match self.http.request(request).await {
                Ok(answer) => return passed_on(answer).await,
                // What was sent may have been done: only what did not get there is sent again.
                Err(error) if last || !error.is_connect() => {
                    return failed(
                        StatusCode::SERVICE_UNAVAILABLE,
                        &format!("softhello does not answer: {error}"),
                        "run `softhello serve`",
                    );
                }
                Err(_) => {
                    // It may have been started again, on another port.
                    if let Some(found) = Announced::find(&self.data, &self.http).await {
                        server = found.clone();
                        *self.server.lock().await = found;
                    }
                }
            }
        }
        failed(StatusCode::SERVICE_UNAVAILABLE, "softhello does not answer", "run `softhello serve`")
    }
}
