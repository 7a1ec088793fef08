//! Connections: at most so many, none for ever slow, and all of them finished before the end.

use std::{convert::Infallible, io, sync::Arc, time::Duration};

use axum::{body::Body, extract::Request, response::Response};
use hyper::body::Incoming;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    time::{sleep, timeout},
};
use tower::{Service, ServiceExt as _};

use crate::{metrics::Metrics, slow::Slow};

/// What connections may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// The most at once.
    pub(crate) connections: usize,
    /// How long the head of a request may take to arrive; an idle connection ends after that too, and one whose other side
    /// takes nothing of what is written.
    pub(crate) patience: Duration,
}

/// How long requests under way may take once the end has come.
pub(crate) const LAST_ORDERS: Duration = Duration::from_secs(5);
/// How many refused connections are told why, at once; others are just closed.
const TOLD: usize = 64;
/// The buffer of a connection: the longest head of a request, in bytes.
const BUFFER: usize = 64 * 1024;

/// Answers each request with `answer` until `end`, then finishes what is under way.
pub(crate) async fn serve<A, F>(
    listener: TcpListener,
    answer: A,
    limits: Limits,
    metrics: Arc<Metrics>,
    end: impl Future<Output = ()>,
) where
    A: Fn(Request) -> F + Clone + Send + 'static,
    F: Future<Output = Response> + Send + 'static,
{
    let places = Arc::new(Semaphore::new(limits.connections));
    let telling = Arc::new(Semaphore::new(TOLD));
    let graceful = GracefulShutdown::new();
    let mut http = hyper::server::conn::http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(limits.patience).max_buf_size(BUFFER);
    tokio::pin!(end);
    loop {
        let stream = tokio::select! {
            biased;
            () = &mut end => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                // Too many open files, for example: some may be closed meanwhile.
                Err(_) => {
                    sleep(Duration::from_millis(50)).await;
                    continue;
                }
            },
        };
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
            metrics.refused_connections.inc();
            if let Ok(telling) = Arc::clone(&telling).try_acquire_owned() {
                tokio::spawn(async move {
                    let _telling = telling;
                    // Whoever does not listen is not told.
                    let _ = timeout(Duration::from_secs(1), refuse(stream)).await;
                });
            }
            continue;
        };
        // One write is one segment: nothing waits for an acknowledgement.
        let _ = stream.set_nodelay(true);
        metrics.connections.inc();
        let answer = answer.clone();
        let service = hyper::service::service_fn(move |request: Request<Incoming>| {
            let answered = answer(request.map(Body::new));
            async move { Ok::<_, Infallible>(answered.await) }
        });
        let stream = TokioIo::new(Slow::new(stream, limits.patience));
        let connection = graceful.watch(http.serve_connection(stream, service));
        let metrics = Arc::clone(&metrics);
        tokio::spawn(async move {
            let _place = place;
            // The other side went away, or talked nonsense, which was answered.
            let _ = connection.await;
            metrics.connections.dec();
        });
    }
    drop(listener);
    let _ = timeout(LAST_ORDERS, graceful.shutdown()).await;
}

/// The answer of routes.
pub(crate) async fn routed<R>(routes: R, request: Request) -> Response
where
    R: Service<Request, Response = Response, Error = Infallible>,
{
    match routes.oneshot(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    }
}

/// Says that there is no room, and waits until that was heard: data that was not read would reset the connection.
async fn refuse(mut stream: TcpStream) -> io::Result<()> {
    const BODY: &str = "{\"name\":null,\"message\":\"there are too many connections\",\"chain\":null,\
                        \"hint\":\"close some, or raise --max-connections\"}";
    let answer = format!(
        "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
         Retry-After: 1\r\nConnection: close\r\n\r\n{BODY}",
        BODY.len()
    );
    stream.write_all(answer.as_bytes()).await?;
    stream.shutdown().await?;
    let mut rest = [0; 1024];
    while stream.read(&mut rest).await? > 0 {}
    Ok(())
}
