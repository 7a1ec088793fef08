//! The native messaging host hands the browser's pipes over to the server that runs, which answers the browser itself then: a
//! message wakes one process, and is passed through no other.

use std::{
    io::{self, IoSlice, IoSliceMut},
    mem::MaybeUninit,
    os::{
        fd::{BorrowedFd, OwnedFd},
        unix::net::UnixListener as Listener,
    },
    path::Path,
    time::Duration,
};

use axum::{extract::Request, http::header, response::Response};
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage,
    SendFlags, recvmsg, sendmsg,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, Interest},
    net::{UnixListener, UnixStream, unix::pipe},
    sync::watch,
    task::JoinSet,
    time::{sleep, timeout},
};

use super::messages::{self, Ended, Message, no_request, passed_on};
use crate::connections::LAST_ORDERS;

/// The name of the socket in the data directory.
pub(crate) const SOCKET: &str = "browser.sock";

/// How long a host may take to hand its pipes over.
const PATIENCE: Duration = Duration::from_secs(10);
/// What a server says that has taken them.
const TAKEN: u8 = 1;
/// What a server says that ends before the browser.
const GIVEN_BACK: u8 = 2;

/// Hands the two pipes of a browser over to the server that listens on this socket, and waits until it is done with them. False
/// if it does not take them, as it takes pipes alone, or gives them back: then it has answered all that it has read.
pub(super) async fn hand_over(socket: &Path, pipes: [BorrowedFd<'_>; 2]) -> bool {
    let handed = async {
        let mut stream = UnixStream::connect(socket).await?;
        stream.async_io(Interest::WRITABLE, || send(&stream, pipes)).await?;
        stream.read_u8().await?;
        io::Result::Ok(stream)
    };
    let Ok(mut stream) = handed.await else { return false };
    stream.read_u8().await.is_err()
}

fn send(stream: &UnixStream, pipes: [BorrowedFd<'_>; 2]) -> io::Result<()> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(2))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    control.push(SendAncillaryMessage::ScmRights(&pipes));
    sendmsg(stream, &[IoSlice::new(&[0])], &mut control, SendFlags::empty())?;
    Ok(())
}

fn receive(stream: &UnixStream) -> io::Result<[OwnedFd; 2]> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(2))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    recvmsg(stream, &mut [IoSliceMut::new(&mut [0])], &mut control, RecvFlags::CMSG_CLOEXEC)?;
    let mut pipes = Vec::new();
    for message in control.drain() {
        if let RecvAncillaryMessage::ScmRights(some) = message {
            pipes.extend(some);
        }
    }
    pipes.try_into().map_err(|_| io::Error::other("two pipes are handed over"))
}

/// Answers the browsers whose pipes are handed over, `most` at once, until `ending` becomes true; then what is under way is
/// finished.
pub(crate) async fn serve<A, F>(listener: Listener, answer: A, most: usize, mut ending: watch::Receiver<bool>)
where
    A: Fn(Request) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Response> + Send + 'static,
{
    let Ok(listener) = UnixListener::from_std(listener) else { return };
    let mut browsers = JoinSet::new();
    loop {
        let stream = tokio::select! {
            biased;
            () = end(&mut ending) => break,
            Some(_) = browsers.join_next() => continue,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                // Too many open files, for example: some may be closed meanwhile.
                Err(_) => {
                    sleep(Duration::from_millis(50)).await;
                    continue;
                }
            },
        };
        // Whoever is not taken asks over HTTP, and is told there.
        if browsers.len() < most {
            browsers.spawn(serve_browser(stream, answer.clone(), ending.clone()));
        }
    }
    // What takes longer, as a person who is asked, is dropped.
    let _ = timeout(LAST_ORDERS, async { while browsers.join_next().await.is_some() {} }).await;
}

async fn end(ending: &mut watch::Receiver<bool>) {
    // A server that is gone has ended.
    drop(ending.wait_for(|ending| *ending).await);
}

/// Answers one browser until it, its host or this server ends.
async fn serve_browser<A, F>(
    mut stream: UnixStream,
    answer: A,
    mut ending: watch::Receiver<bool>,
) -> io::Result<()>
where
    A: Fn(Request) -> F,
    F: Future<Output = Response>,
{
    let [input, output] =
        timeout(PATIENCE, stream.async_io(Interest::READABLE, || receive(&stream))).await??;
    let (input, output) = (pipe::Receiver::from_owned_fd(input)?, pipe::Sender::from_owned_fd(output)?);
    stream.write_u8(TAKEN).await?;
    let ask = |message: Message| {
        let request = Request::builder()
            .method(&*message.method)
            .uri(&*message.path)
            .header(header::CONTENT_TYPE, "application/json")
            .body(message.body());
        let answered = request.map(&answer);
        async move {
            match answered {
                Ok(answered) => passed_on(answered.await).await,
                Err(_) => no_request(),
            }
        }
    };
    tokio::select! {
        ended = messages::answer(input, output, ask, end(&mut ending)) => match ended? {
            Ended::Browser => Ok(()),
            Ended::Asked => stream.write_u8(GIVEN_BACK).await,
        },
        // The host says nothing more while it is there.
        _ = stream.read_u8() => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::{
        fs::File,
        io::{PipeReader, PipeWriter, Read as _, Write as _, pipe},
        os::fd::AsFd as _,
    };

    use axum::{body::Body, response::IntoResponse as _};
    use serde_json::{Value, json};
    use tempfile::TempDir;
    use tokio::{task::JoinHandle, time::Instant};

    use super::*;

    /// A server that answers a `get` at once, and a `create` after 300 ms.
    struct Running {
        folder: TempDir,
        ending: watch::Sender<bool>,
        serving: JoinHandle<()>,
    }

    impl Running {
        fn start(most: usize) -> Self {
            let folder = tempfile::tempdir().expect("a folder");
            let listener = Listener::bind(folder.path().join(SOCKET)).expect("a socket");
            listener.set_nonblocking(true).expect("set");
            let ending = watch::Sender::new(false);
            let answer = async |request: Request| {
                let path = request.uri().path().to_owned();
                if path.ends_with("/create") {
                    sleep(Duration::from_millis(300)).await;
                }
                let body = axum::body::to_bytes(request.into_body(), 100).await.expect("a body");
                let echo = String::from_utf8(body.to_vec()).expect("text");
                axum::Json(json!({ "path": path, "echo": echo })).into_response()
            };
            let answer = move |request: Request<Body>| answer(request);
            let serving = tokio::spawn(serve(listener, answer, most, ending.subscribe()));
            Self { folder, ending, serving }
        }

        /// A browser, and its host, which says whether its pipes were taken once the server is done with them.
        fn browser(&self) -> (Browser, JoinHandle<bool>) {
            let (input, to) = pipe().expect("a pipe");
            let (from, output) = pipe().expect("a pipe");
            let socket = self.folder.path().join(SOCKET);
            let host = tokio::spawn(async move { hand_over(&socket, [input.as_fd(), output.as_fd()]).await });
            (Browser { to, from }, host)
        }
    }

    struct Browser {
        to: PipeWriter,
        from: PipeReader,
    }

    impl Browser {
        fn say(&mut self, message: &Value) {
            let text = message.to_string();
            let length = u32::try_from(text.len()).expect("short").to_ne_bytes();
            self.to.write_all(&[&length[..], text.as_bytes()].concat()).expect("written");
        }

        /// The next message; none at the end.
        async fn hear(self) -> (Self, Option<Value>) {
            let reading = tokio::task::spawn_blocking(move || {
                let mut this = self;
                let mut length = [0; 4];
                if this.from.read_exact(&mut length).is_err() {
                    return (this, None);
                }
                let mut text = vec![0; u32::from_ne_bytes(length) as usize];
                this.from.read_exact(&mut text).expect("the whole message");
                (this, Some(serde_json::from_slice(&text).expect("JSON")))
            });
            timeout(Duration::from_secs(20), reading).await.expect("in time").expect("read")
        }
    }

    fn request(id: u64, word: &str) -> Value {
        json!({ "id": id, "method": "POST", "path": format!("/api/devices/default/{word}"), "body": { "n": id } })
    }

    fn id(message: Option<&Value>) -> Option<u64> {
        message?.get("id")?.as_u64()
    }

    #[tokio::test]
    async fn a_server_answers_browsers_itself() {
        let running = Running::start(2);
        let (mut browser, host) = running.browser();
        browser.say(&json!({ "id": 1, "hello": true }));
        let (mut browser, hello) = browser.hear().await;
        assert_eq!(
            hello.as_ref().and_then(|hello| hello.pointer("/body/path")),
            Some(&json!("/api/devices/default"))
        );

        // Requests overlap, and what is cancelled has no answer.
        browser.say(&request(2, "create"));
        browser.say(&request(3, "create"));
        browser.say(&request(4, "get"));
        browser.say(&json!({ "id": 2, "cancel": true }));
        let (browser, first) = browser.hear().await;
        assert_eq!(
            first,
            Some(json!({
                "id": 4, "status": 200, "body": { "path": "/api/devices/default/get", "echo": "{\"n\":4}" },
            }))
        );
        let (mut browser, second) = browser.hear().await;
        assert_eq!(id(second.as_ref()), Some(3));

        // Another browser at the same time, and what is not for the extension.
        let (mut other, other_host) = running.browser();
        other.say(&json!({ "id": 1, "method": "GET", "path": "/api/devices" }));
        let (other, refused) = other.hear().await;
        assert_eq!(refused.as_ref().and_then(|refused| refused.get("status")), Some(&json!(404)));

        // A browser that ends is forgotten, with what it asked.
        browser.say(&request(5, "create"));
        drop(browser);
        assert!(host.await.expect("its host"), "taken");

        // A server that ends finishes what is under way.
        let mut other = other;
        other.say(&request(6, "create"));
        sleep(Duration::from_millis(100)).await;
        running.ending.send_replace(true);
        other.say(&request(7, "get"));
        let (other, last) = other.hear().await;
        assert_eq!(id(last.as_ref()), Some(6));
        // It gives back what it has not read.
        assert!(!other_host.await.expect("its host"), "given back");
        assert_eq!(other.hear().await.1, None);
        running.serving.await.expect("ended");
    }

    #[tokio::test]
    async fn what_is_no_pipe_is_not_taken_and_neither_is_one_too_many() {
        let running = Running::start(1);
        let socket = running.folder.path().join(SOCKET);
        let file = File::create(running.folder.path().join("file")).expect("a file");
        assert!(!hand_over(&socket, [file.as_fd(), file.as_fd()]).await);
        // Its two ends are the wrong way round.
        let (read, write) = pipe().expect("a pipe");
        assert!(!hand_over(&socket, [write.as_fd(), read.as_fd()]).await);

        let begin = Instant::now();
        let (mut browser, host) = running.browser();
        browser.say(&json!({ "id": 1, "hello": true }));
        let (browser, hello) = browser.hear().await;
        assert_eq!(id(hello.as_ref()), Some(1));
        assert!(!running.browser().1.await.expect("its host"), "not taken");
        drop(browser);
        assert!(host.await.expect("its host"), "taken");
        assert!(!hand_over(&running.folder.path().join("nothing"), [read.as_fd(), write.as_fd()]).await);
        assert!(begin.elapsed() < PATIENCE);
    }

    #[tokio::test]
    async fn a_browser_whose_host_has_gone_is_forgotten() {
        let running = Running::start(1);
        let (mut browser, host) = running.browser();
        browser.say(&json!({ "id": 1, "hello": true }));
        let (browser, _) = browser.hear().await;
        host.abort();
        assert_eq!(browser.hear().await.1, None, "the server has closed the pipe");
    }
}
