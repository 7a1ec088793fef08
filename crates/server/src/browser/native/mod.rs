//! The native messaging host of the extension: messages on standard input and output, requests to a server.
//!
//! A browser starts it with the extension's origin as its argument. The server that runs in the data directory answers; if
//! there is none, this process is one itself until the browser ends it.

mod awake;
mod bridge;
#[cfg(target_os = "linux")]
pub(crate) mod handover;
mod messages;

#[cfg(target_os = "linux")]
use std::os::fd::AsFd as _;
use std::{
    cell::Cell,
    future::pending,
    io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use softhello_app::{AppError, Devices, Executor, Exit};
use tokio::{
    sync::{Mutex, oneshot},
    time::{sleep, timeout},
};

use crate::{
    Config, Server,
    client::{Announced, Http, http},
};
use bridge::Bridge;

/// How long another process that has the data directory may take to say where it listens.
const SAID_BY: Duration = Duration::from_secs(2);

/// Whether a browser started this process, by its first argument after the program's name.
pub fn is_native_messaging(first: &str) -> bool {
    first.starts_with("chrome-extension://")
}

/// Has the extension answered until the browser closes the connection.
///
/// # Errors
///
/// [`AppError`] if no server runs in the data directory and none can be started, or the browser breaks the rules of the
/// framing.
pub async fn native_messaging(data: PathBuf, executor: Executor) -> Result<(), AppError> {
    let http = http();
    if let Some(server) = Announced::find(&data, &http).await {
        return pass_on(server, data, http).await;
    }
    let began = Cell::new(false);
    match host(executor, data.clone(), http.clone(), &began).await {
        // Two browsers that start at once both find none, and one of them has the directory then.
        Err(error) if error.exit == Exit::Storage && !began.get() => match said(&data, &http).await {
            Some(server) => pass_on(server, data, http).await,
            None => Err(error),
        },
        ended => ended,
    }
}

/// Is the server that the extension asks. `began` is set once the data directory is its own, and the browser is listened to.
async fn host(executor: Executor, data: PathBuf, http: Http, began: &Cell<bool>) -> Result<(), AppError> {
    let config = Config { listen: Some(([127, 0, 0, 1], 0).into()), ..Config::default() };
    let mut server = Server::bind(config).await?;
    let serve = |devices: Arc<Devices>| async move {
        began.set(true);
        server.announce(&devices)?;
        let own = server.announced();
        let (ended, end) = oneshot::channel::<()>();
        let serving = server.serve(devices, async { drop(end.await) });
        let passing = async {
            let passed = pass_on(own, data, http).await;
            drop(ended);
            passed
        };
        tokio::join!(serving, passing).1
    };
    executor.host(Config::default().traces(), &mut |_| {}, serve).await
}

/// The server of another process, as soon as it says where it listens.
async fn said(data: &Path, http: &Http) -> Option<Announced> {
    let asking = async {
        loop {
            if let Some(found) = Announced::find(data, http).await {
                return found;
            }
            sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(SAID_BY, asking).await.ok()
}

/// Has a server answer: itself, or over HTTP.
async fn pass_on(server: Announced, data: PathBuf, http: Http) -> Result<(), AppError> {
    #[cfg(target_os = "linux")]
    if let Some(socket) = &server.socket
        && handover::hand_over(socket, [std::io::stdin().as_fd(), std::io::stdout().as_fd()]).await
    {
        return Ok(());
    }
    let bridge = Bridge { server: Mutex::new(server), data, http };
    let ask = |message| bridge.ask(message);
    let answered = messages::answer(stdio::input(), stdio::output(), ask, pending()).await;
    match answered {
        // The browser has gone before an answer.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        Err(error) => Err(AppError::io("speak to the browser", &error)),
        Ok(_) => Ok(()),
    }
}

/// Standard input and output. Where they are pipes, as browsers make them, no thread has to be woken for each message.
mod stdio {
    use tokio::io::{AsyncRead, AsyncWrite};

    pub(super) fn input() -> Box<dyn AsyncRead + Send + Unpin> {
        #[cfg(unix)]
        if let Ok(pipe) = own(&std::io::stdin())
            && let Ok(pipe) = tokio::net::unix::pipe::Receiver::from_owned_fd(pipe)
        {
            return Box::new(pipe);
        }
        Box::new(tokio::io::stdin())
    }

    pub(super) fn output() -> Box<dyn AsyncWrite + Send + Unpin> {
        #[cfg(unix)]
        if let Ok(pipe) = own(&std::io::stdout())
            && let Ok(pipe) = tokio::net::unix::pipe::Sender::from_owned_fd(pipe)
        {
            return Box::new(pipe);
        }
        Box::new(tokio::io::stdout())
    }

    #[cfg(unix)]
    fn own(of: &impl std::os::fd::AsFd) -> std::io::Result<std::os::fd::OwnedFd> {
        of.as_fd().try_clone_to_owned()
    }
}
